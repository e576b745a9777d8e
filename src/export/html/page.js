// What the page can do beyond what HTML and CSS do by themselves. It only reads text and sets
// classes: nothing of the trace becomes markup or code here.
(() => {
  "use strict";
  const root = document.documentElement;
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const steps = [...document.querySelectorAll(".step")];
  root.classList.add("scripted");

  const shown = () => steps.filter((step) => step.getClientRects().length > 0);
  const tell = () => { count.textContent = `${shown().length} / ${steps.length}`; };
  const texts = new WeakMap();
  const text = (step) => {
    if (!texts.has(step)) texts.set(step, step.textContent.toLowerCase());
    return texts.get(step);
  };
  const narrow = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const step of steps) {
      step.classList.toggle("unmatched", !words.every((word) => text(step).includes(word)));
    }
    tell();
  };
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(narrow, 80);
  });

  const languages = { en: "en", zh: "zh-CN" };
  document.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "lang") root.lang = languages[value] || "en";
    if (name === "show") tell();
  });

  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.classList.contains("step")) return;
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView();
  };
  addEventListener("hashchange", arrive);

  const move = (by) => {
    const list = shown();
    const here = list.indexOf(document.activeElement && document.activeElement.closest(".step"));
    const to = here < 0 ? (by > 0 ? 0 : list.length - 1) : here + by;
    const step = list[Math.min(Math.max(to, 0), list.length - 1)];
    if (step) step.querySelector("summary").focus();
  };
  const next = (name) => {
    const choices = [...document.getElementsByName(name)];
    const at = choices.findIndex((choice) => choice.checked);
    choices[(at + 1) % choices.length].click();
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    e: () => {
      const list = shown();
      const open = list.some((step) => !step.open);
      for (const step of list) step.open = open;
    },
    l: () => next("lang"),
    t: () => next("theme"),
    f: () => next("show"),
    "/": () => search.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) {
      if (event.key === "Escape") {
        search.value = "";
        narrow();
        search.blur();
      }
      return;
    }
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll(".step:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });

  tell();
  arrive();
})();
