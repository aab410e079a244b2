/* «?» shows the keyboard shortcuts of the page, Ctrl+K opens the palette, and what the palette does on a page. */

import { remember } from "./dom.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const keys = document.querySelector("dialog[data-keys]");
const TYPED = "input, textarea, select, [contenteditable]";

if (isMac) {
  for (const key of document.querySelectorAll("[data-mod-key], .keys kbd")) key.textContent = key.textContent.replace("Ctrl+", "⌘").replace("Alt+", "⌥");
}

function showKeys() {
  if (!keys || document.querySelector("dialog[open]")) return;
  for (const part of keys.querySelectorAll("[data-when]")) part.hidden = !document.querySelector(part.dataset.when);
  keys.showModal();
}

keys?.querySelector("[data-close]").addEventListener("click", () => keys.close());
keys?.addEventListener("pointerdown", (event) => {
  if (event.target === keys) keys.close();
});
for (const button of document.querySelectorAll("[data-keys-open]")) {
  button.addEventListener("click", () => {
    const menu = button.closest("details");
    if (menu) menu.open = false;
    showKeys();
  });
}

/* ---- The palette: there before it is asked for, or the first letters typed into it would be lost ---- */

const palette = document.querySelector("[data-palette]") && import("./palette.js");
const openPalette = async () => (await palette).toggle();

for (const button of document.querySelectorAll("[data-palette-open]")) button.addEventListener("click", openPalette);

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (palette && isCommand && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
  } else if (event.key === "?" && !isCommand && !event.defaultPrevented && !event.target.closest(`${TYPED}, dialog`)) {
    event.preventDefault();
    showKeys();
  }
});

/* ---- Rows that were looked at stand first in it ---- */

const user = document.body.dataset.user;
const record = /^\/([\w-]+)\/show\/(\d+)$/.exec(location.pathname);
if (user && record) {
  const key = `kehu-recent-${user}`;
  const name = `${record[1]}/${record[2]}`;
  let used = [];
  try {
    used = JSON.parse(localStorage.getItem(key) || "[]");
  } catch {
    /* Private windows may refuse, and what is no list is none. */
  }
  if (!document.querySelector(".error-page")) remember(key, JSON.stringify([name, ...(Array.isArray(used) ? used : []).filter((each) => each !== name)].slice(0, 12)));
}

// What was used goes with whoever leaves.
document.addEventListener("submit", (event) => {
  if (!user || !event.target.matches?.('form[action="/logout/"]')) return;
  try {
    localStorage.removeItem(`kehu-recent-${user}`);
  } catch {
    /* Private windows may refuse. */
  }
});

/* ---- What it does on the page ---- */

document.addEventListener("kehu:do", async ({ detail: deed }) => {
  const [name, value] = deed.split("-");
  if (name === "theme") document.querySelector(`[data-theme-choice="${value}"]`)?.click();
  else if (name === "rows") document.querySelector("[data-density]")?.click();
  else if (name === "fold") (await import("./sidebar.js")).toggleFold();
  else if (name === "keys") showKeys();
  else if (name === "locale") document.querySelector(`button[name=locale][value="${value}"]`)?.click();
  else if (name === "logout") document.querySelector('form[action="/logout/"] button')?.click();
});

/* ---- «#do-close» on a list opens the dialog of that action ---- */

function openNamed() {
  const name = /^#do-([\w-]+)$/.exec(location.hash)?.[1];
  if (!name) return;
  document.querySelector(`[data-does="${CSS.escape(name)}"]`)?.click();
  history.replaceState(history.state, "", location.pathname + location.search);
}

addEventListener("hashchange", openNamed);
addEventListener("load", openNamed);
