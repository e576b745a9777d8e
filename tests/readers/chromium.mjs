// Opens a HAR (first argument) in Chromium (second) in two ways, and prints as JSON what each saw:
// DevTools' own importer, and Playwright's routeFromHAR, by which a page is answered from the file.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(join(process.cwd(), "here.js"))("playwright-core");
const [file, chromium_path] = process.argv.slice(2);
const har = JSON.parse(readFileSync(file, "utf8"));
const profile = mkdtempSync(join(tmpdir(), "pullscope-har-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: chromium_path,
  headless: false,
  args: [
    // The full browser without a window: the one that has DevTools.
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    // The page asks other hosts than its own, and is answered from the file.
    "--disable-web-security",
  ],
});

async function imported() {
  const page = await context.newPage();
  await page.goto("devtools://devtools/bundled/devtools_app.html");
  return page.evaluate(async (har) => {
    const { HARFormat, Importer } = await import("devtools://devtools/bundled/models/har/har.js");
    const log = new HARFormat.HARRoot(har).log;
    const requests = Importer.Importer.requestsFromHARLog(log);
    return Promise.all(requests.map(async (request) => {
      const content = await request.requestContentData();
      const form = await request.requestFormData();
      const pairs = (headers) => headers.map(({ name, value }) => [name, value]);
      return {
        method: request.requestMethod,
        url: request.url(),
        status: request.statusCode,
        server: request.remoteAddress(),
        started: request.issueTime(),
        took: request.endTime - request.issueTime(),
        timing: request.timing && {
          connect: request.timing.connectEnd - request.timing.connectStart,
          ssl: request.timing.sslEnd - request.timing.sslStart,
          dns: request.timing.dnsEnd - request.timing.dnsStart,
        },
        size: request.resourceSize,
        transferred: request.transferSize,
        request: { headers: pairs(request.requestHeaders()), text: form },
        response: {
          headers: pairs(request.responseHeaders),
          text: "error" in content ? null : content.isTextContent ? content.text : null,
          base64: "error" in content || content.isTextContent ? null : content.base64,
        },
      };
    }));
  }, har);
}

// What a page gets that asks for each of these.
async function answered(entries) {
  const page = await context.newPage();
  await page.routeFromHAR(file, { notFound: "abort" });
  return page.evaluate(async (entries) => {
    const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return Promise.all(entries.map(async ({ method, url }) => {
      try {
        const response = await fetch(url, { method, redirect: "manual" });
        const body = new Uint8Array(await response.arrayBuffer());
        const type = response.headers.get("content-type");
        return { method, url, status: response.status, type, body: base64(body) };
      } catch (error) {
        return { method, url, error: String(error) };
      }
    }));
  }, entries);
}

try {
  const plain = har.log.entries
    .filter(({ request }) => ["GET", "HEAD", "DELETE"].includes(request.method))
    .map(({ request: { method, url } }) => ({ method, url }));
  const said = { devtools: await imported(), page: await answered(plain) };
  process.stdout.write(JSON.stringify(said));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
