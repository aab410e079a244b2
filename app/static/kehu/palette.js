/* Search or jump: rows from the server, pages and actions from the list of them, the last used ones first. */

import { make, recall, remember } from "./dom.js";

const PAUSE = 120; // ms of typing that are waited for
const SLOW = 300; // ms after which it is said that it takes a while
const MOST = 8; // pages and actions beside what was found
const FIRST = 4; // of them that stand above it, where their names begin with what was typed
const KEPT = 12; // last used ones
const GROUPS = ["page", "new", "step", "file", "view", "deed"];

const dialog = document.querySelector("[data-palette]");
const input = dialog.querySelector("[role=combobox]");
const list = dialog.querySelector(".palette-list"); // a listbox while the dialog is open
const note = dialog.querySelector("[data-palette-note]");
const busy = dialog.querySelector(".palette-busy");
const said = dialog.querySelector("[data-palette-said]");
const words = dialog.dataset;
const RECENT = `kehu-recent-${document.body.dataset.user}`;

let commands = null; // every page and action, once they are there
let icons = {};
let recent = []; // the last used ones, as they are named now
let found = []; // what the server found for `shown`
let shown = ""; // the text that `found` is for
let trouble = ""; // why there is nothing of the server's: failed, expired
let asking = null;
let timer = 0;
let slow = 0;
let options = [];
let at = -1;
let wanted = false; // Enter was pressed before anything was there

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).filter(Boolean).join(" ");

async function ask(path, signal) {
  const answer = await fetch(`/api/v1/search/${path}`, { headers: { Accept: "application/json" }, signal });
  if (answer.status === 401) throw new Error("expired");
  if (!answer.ok) throw new Error("failed");
  return answer.json();
}

/* ---- Last used ---- */

const used = () => {
  try {
    const kept = JSON.parse(recall(RECENT) || "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
};

/** Note that a page, an action or a row («customers/12») was used. */
export function use(id) {
  if (id) remember(RECENT, JSON.stringify([id, ...used().filter((each) => each !== id)].slice(0, KEPT)));
}

/* ---- What is there ---- */

async function load() {
  try {
    const answer = await ask("commands");
    commands = answer.result;
    icons = answer.icons;
    if (trouble) trouble = "";
    // Only the names of rows are kept here: what they are called now, and whether they may be seen, the server says.
    const ids = used().filter((id) => !commands.some((each) => each.id === id));
    const rows = ids.length ? (await ask(`?${new URLSearchParams(ids.map((id) => ["record", id]))}`)).result : [];
    const known = new Map([...commands.map((each) => [each.id, each]), ...rows.map((row) => [row.record, row])]);
    recent = used().map((id) => known.get(id)).filter(Boolean);
  } catch (error) {
    trouble = error.message === "expired" ? "expired" : "failed";
  }
  show();
}

/** How well a command goes with words: 0 its name begins with them, 1 a word of it does, 2 they are in it; null not at all. */
function rank(command, text) {
  const names = command.words.split(" | ");
  if (names.some((name) => name.startsWith(text))) return 0;
  if (names.some((name) => ` ${name}`.includes(` ${text}`))) return 1;
  return text.split(" ").every((word) => command.words.includes(word)) ? 2 : null;
}

function matching(text) {
  const ranked = (commands ?? []).map((command, place) => ({ command, place, rank: rank(command, text) }));
  const best = used();
  const last = ({ command }) => (best.includes(command.id) ? best.indexOf(command.id) : KEPT);
  return ranked
    .filter((each) => each.rank !== null)
    .sort((one, other) => one.rank - other.rank || last(one) - last(other) || one.place - other.place)
    .slice(0, MOST);
}

function search() {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
  const text = input.value.trim();
  if (!text) {
    found = [];
    shown = "";
    wait(false);
    show();
    return;
  }
  wait(true);
  show();
  timer = setTimeout(() => send(text), PAUSE);
}

async function send(text) {
  const mine = new AbortController();
  asking = mine;
  try {
    const answer = await ask(`?${new URLSearchParams({ q: text })}`, mine.signal);
    if (asking !== mine) return; // something else was typed meanwhile
    found = answer.result;
    shown = text;
    trouble = "";
  } catch (error) {
    if (error.name === "AbortError" || asking !== mine) return;
    found = [];
    shown = text;
    trouble = error.message === "expired" ? "expired" : "failed";
  }
  asking = null;
  wait(false);
  show();
  if (wanted && options.length) open(options[Math.max(0, at)]);
  wanted = false;
}

function wait(on) {
  clearTimeout(slow);
  busy.hidden = true;
  if (on) {
    slow = setTimeout(() => {
      busy.hidden = false;
      said.textContent = words.searching;
    }, SLOW);
  }
}

const isWaiting = () => input.value.trim() !== "" && input.value.trim() !== shown;

/* ---- The list ---- */

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", icons[name] ?? icons.search ?? "");
  svg.append(path);
  return svg;
}

function option(item) {
  const id = `palette-${options.length}`;
  const element = make(item.url ? "a" : "div", { id, role: "option", class: "palette-option", "aria-selected": "false", tabindex: "-1", href: item.url || null });
  element.append(icon(item.icon));
  if (item.code) element.append(make("span", { class: "code" }, item.code));
  element.append(make("span", { class: "palette-name" }, item.name ?? item.label));
  if (item.state) element.append(make("span", { class: `badge tone-${item.state.tone}` }, item.state.text));
  const aside = item.record ? [item.fact, item.inRecent && item.kind].filter(Boolean).join(" · ") : item.hint;
  if (aside && aside !== item.label) element.append(make("span", { class: "palette-fact" }, aside));
  options.push({ ...item, element });
  return element;
}

function group(label, items) {
  if (!items.length) return null;
  const id = `palette-group-${list.childElementCount}-${options.length}`;
  return make("div", { role: "group", class: "palette-group", "aria-labelledby": id }, make("div", { id, class: "palette-title", role: "presentation" }, label), ...items.map(option));
}

function show() {
  const text = fold(input.value);
  const before = at > 0 ? options[at]?.url || options[at]?.deed : null;
  options = [];
  const parts = [];
  const add = (label, items) => {
    const part = group(label, items);
    if (part) parts.push(part);
  };
  if (!text) {
    add(words.recent, recent.map((each) => ({ ...each, inRecent: true })));
    for (const kind of GROUPS) add(words[kind], (commands ?? []).filter((each) => each.kind === kind));
  } else {
    const matches = matching(text);
    const near = found.length ? matches.filter((each) => each.rank < 2).slice(0, FIRST) : matches;
    const pages = (some) => {
      for (const kind of GROUPS) add(words[kind], some.filter(({ command }) => command.kind === kind).map(({ command }) => command));
    };
    pages(near);
    for (const kind of found) {
      const all = kind.more ? [{ label: words.all.replace("{list}", kind.label), url: kind.url, icon: "search" }] : [];
      add(kind.label, [...kind.rows, ...all]);
    }
    // No heading comes twice: what is left stands together.
    add(words.further, matches.filter((each) => !near.includes(each)).map(({ command }) => command));
  }
  list.replaceChildren(...parts);
  list.classList.toggle("is-stale", isWaiting());
  const again = before === null ? -1 : options.findIndex((each) => (each.url || each.deed) === before);
  mark(options.length ? Math.max(0, again) : -1);
  tell();
}

/** What there is to say below the list: nothing found, nothing answered, no longer logged in. */
function tell() {
  const nothing = !options.length && input.value.trim() !== "" && !isWaiting() && !trouble;
  note.hidden = !nothing && !trouble;
  if (trouble === "expired") {
    const back = location.pathname + location.search;
    note.replaceChildren(`${words.expired} `, make("a", { href: `/login/?next=${encodeURIComponent(back)}` }, words.login));
  } else if (trouble) {
    const button = make("button", { type: "button", class: "btn btn-small" }, words.again);
    button.addEventListener("click", () => {
      input.focus();
      if (!commands) load();
      search();
    });
    note.replaceChildren(`${words.failed} `, button);
  } else if (nothing) {
    note.replaceChildren(make("strong", {}, words.none.replace("{text}", input.value.trim())), make("span", {}, words.noneHelp));
  }
  if (!isWaiting()) said.textContent = note.hidden ? words.count.replace("{n}", options.length) : note.textContent;
}

function mark(place) {
  at = place;
  for (const [index, { element }] of options.entries()) element.setAttribute("aria-selected", String(index === place));
  if (place < 0) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  const { element } = options[place];
  input.setAttribute("aria-activedescendant", element.id);
  // The first of a group is shown with its heading.
  const heading = element.previousElementSibling?.classList.contains("palette-title") ? element.previousElementSibling : element;
  heading.scrollIntoView({ block: "nearest" });
  element.scrollIntoView({ block: "nearest" });
}

/* ---- Doing it ---- */

function open(item, elsewhere = false) {
  if (!item) return;
  use(item.record ?? item.id);
  if (item.url) {
    if (elsewhere) window.open(item.url, "_blank");
    else {
      dialog.close();
      location.assign(item.url);
      // An address that differs by what is behind «#» alone opens what it names.
      if (item.url.split("#")[0] === location.pathname) dispatchEvent(new Event("hashchange"));
    }
    return;
  }
  dialog.close();
  document.dispatchEvent(new CustomEvent("kehu:do", { detail: item.deed }));
}

input.addEventListener("input", (event) => {
  wanted = false;
  if (!event.isComposing) search();
});
input.addEventListener("compositionend", search);

input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 }[event.key];
  if (step && options.length) {
    event.preventDefault();
    const last = options.length - 1;
    mark(Math.abs(step) === 1 ? (at + step + options.length) % options.length : Math.max(0, Math.min(last, at + step)));
  } else if (event.key === "Enter") {
    event.preventDefault();
    // What is typed fast is opened as soon as it is found.
    if (isWaiting() && (at < 1) && !(options[0]?.id && rank(options[0], fold(input.value)) === 0)) wanted = true;
    else open(options[at], event.ctrlKey || event.metaKey);
  }
});

list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("pointermove", (event) => {
  const place = options.findIndex(({ element }) => element === event.target.closest("[role=option]"));
  if (place >= 0 && place !== at) mark(place);
});
list.addEventListener("click", (event) => {
  const item = options.find(({ element }) => element === event.target.closest("[role=option]"));
  if (!item) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) {
    if (item.url) use(item.record ?? item.id);
    return;
  }
  event.preventDefault();
  open(item);
});

dialog.querySelector("[data-palette-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("pointerdown", (event) => {
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("close", () => {
  asking?.abort();
  clearTimeout(timer);
  wait(false);
  list.removeAttribute("role");
  list.replaceChildren();
});

/** Open the palette; pressed again, it closes. */
export function toggle() {
  if (dialog.open) {
    dialog.close();
    return;
  }
  if (document.querySelector("dialog[open]")) return; // something asks for an answer first
  input.value = "";
  found = [];
  shown = "";
  at = -1;
  trouble = "";
  wanted = false;
  list.setAttribute("role", "listbox");
  dialog.showModal();
  input.focus();
  show();
  load();
}
