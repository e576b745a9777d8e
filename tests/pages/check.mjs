// Opens a page in headless Chromium and says as JSON what it did: errors on the console,
// requests, dialogs, scripts that ran, what the keys did. With a folder, pictures are left there.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(join(process.cwd(), "here.js"))("playwright-core");
const [page_file, chromium_path, pictures] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "pullscope-page-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: chromium_path,
  headless: true,
  colorScheme: "light",
  reducedMotion: "reduce",
  viewport: { width: 1280, height: 900 },
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
try {
  const page = await context.newPage();
  const told = { errors: [], requests: [], dialogs: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.errors.push(message.text());
  });
  page.on("pageerror", (error) => told.errors.push(String(error)));
  page.on("request", (request) => told.requests.push(request.url()));
  page.on("dialog", async (dialog) => {
    told.dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  const picture = async (name) => {
    if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  await page.goto(pathToFileURL(page_file).href);
  told.markup = await page.evaluate(() => ({
    steps: document.querySelectorAll(".step").length,
    pulls: document.querySelectorAll("main > section[id]").length,
    scripts: document.scripts.length,
    foreign: document.querySelectorAll("img, iframe, object, embed, base, form").length,
    handlers: [...document.querySelectorAll("*")].flatMap((element) =>
      [...element.attributes].filter((a) => a.name.startsWith("on") || a.name === "style")).length,
    links: [...document.querySelectorAll("[href], [src]")].map((element) =>
      element.getAttribute("href") ?? element.getAttribute("src"))
      .filter((link) => !link.startsWith("#") && link !== "data:,"),
    text: document.body.textContent,
  }));
  await picture("desktop");
  const keys = async () => {
    const visible = () => page.locator(".step:visible").count();
    const focus = () => page.evaluate(() => document.activeElement.closest(".step")?.id ?? null);
    told.keys = {};
    await page.keyboard.press("j");
    told.keys.first = await focus();
    await page.keyboard.press("j");
    told.keys.second = await focus();
    await page.keyboard.press("k");
    told.keys.back = await focus();
    await page.keyboard.press("Enter");
    told.keys.opened = await page.locator(".step[open]").count();
    await picture("open");
    await page.keyboard.press("e");
    told.keys.all_open = await page.locator(".step[open]").count();
    await page.keyboard.press("l");
    told.keys.language = await page.evaluate(() => document.documentElement.lang);
    await picture("chinese");
    await page.keyboard.press("l");
    await page.keyboard.press("t");
    await page.keyboard.press("t");
    told.keys.dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await picture("dark");
    await page.keyboard.press("/");
    await page.keyboard.type("no such words");
    await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("0 "));
    told.keys.none = await visible();
    await page.keyboard.press("Escape");
    told.keys.again = await visible();
  };
  // A page without a script has no keys.
  if (told.markup.scripts > 0) await keys();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => scrollTo(0, 0));
  told.phone_overflow = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await picture("phone");
  await page.evaluate(() => document.querySelector(".step")?.scrollIntoView());
  await picture("phone-steps");
  console.log(JSON.stringify(told));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
