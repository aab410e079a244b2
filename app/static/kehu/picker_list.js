/* The list under a picker: what is found for what is typed, one of it marked.  An option that is clicked is told at the
 * picker as kehu:option.
 */

import { announce, make, text } from "./dom.js";
import { ask, boxOf, fresh, hiddenOf, isFree, isMany, isOpenText, plain, shown, valueOf } from "./picker_box.js";

const DELAY = 180;
const SLOW = 250;

export let open = null; // {input, listbox, rows, at}
let timer = 0;
let asking = null;
let serial = 0;

function place() {
  if (!open) return;
  const box = (isMany(boxOf(open.input)) ? boxOf(open.input) : open.input).getBoundingClientRect();
  if (box.bottom < 0 || box.top > innerHeight) return close();
  const { listbox } = open;
  const width = Math.min(Math.max(box.width, 320), innerWidth - 16);
  listbox.style.width = `${width}px`;
  listbox.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  const room = innerHeight - box.bottom;
  const below = room > listbox.offsetHeight + 12 || room > box.top;
  listbox.style.maxHeight = `${Math.min(288, (below ? room : box.top) - 12)}px`;
  listbox.style.top = below ? `${box.bottom + 4}px` : "auto";
  listbox.style.bottom = below ? "auto" : `${innerHeight - box.top + 4}px`;
}

function show(input) {
  if (open?.input === input) return open;
  close();
  const id = `listbox-${++serial}`;
  const label = input.labels?.[0]?.textContent.trim() || input.getAttribute("aria-label") || "";
  const listbox = make("div", { id, role: "listbox", class: "listbox", "aria-label": label });
  listbox.addEventListener("pointerdown", (event) => event.preventDefault());
  listbox.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) input.dispatchEvent(new CustomEvent("kehu:option", { bubbles: true, detail: open.rows[Number(option.dataset.at)] }));
  });
  (input.closest("dialog") ?? document.body).append(listbox);
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-controls", id);
  open = { input, listbox, rows: [], at: -1 };
  return open;
}

export function close() {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
  if (!open) return;
  open.listbox.remove();
  open.input.setAttribute("aria-expanded", "false");
  open.input.removeAttribute("aria-controls");
  open.input.removeAttribute("aria-activedescendant");
  open = null;
}

const remark = (message) => make("div", { class: "option-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, message);

function note(message) {
  open.rows = [];
  mark(-1);
  open.listbox.replaceChildren(remark(message));
  place();
}

/** What a list ends with besides what was found: to make what is lacking, and to open what is chosen. */
function extras(input) {
  const box = boxOf(input);
  const found = [];
  const words = isOpenText(input) ? input.value.trim() : "";
  if (box.dataset.create) found.push({ create: words, label: words ? `${box.dataset.createLabel} “${words}”` : `${box.dataset.createLabel}…` });
  const held = isMany(box) ? "" : hiddenOf(box).value;
  if (box.dataset.show && held && !words) found.push({ open: `${box.dataset.show}${held}`, label: text("open", { name: shown(input) }) });
  return found;
}

export const isExtra = (row) => row && ("create" in row || "open" in row);

export function mark(at) {
  open.at = at;
  for (const option of open.listbox.querySelectorAll("[data-at]")) {
    const isMarked = Number(option.dataset.at) === at;
    option.setAttribute("aria-selected", String(isMarked));
    if (isMarked) option.scrollIntoView({ block: "nearest" });
  }
  if (at >= 0) open.input.setAttribute("aria-activedescendant", `${open.listbox.id}-${at}`);
  else open.input.removeAttribute("aria-activedescendant");
}

function list(rows) {
  const words = open.input.value.trim();
  if (isFree(boxOf(open.input)) && words && !rows.some((row) => plain(row.label) === plain(words))) rows = [...rows, fresh(words)];
  const more = extras(open.input);
  if (!rows.length) note(text("noMatches"));
  open.rows = [...rows, ...more];
  const options = open.rows.map((row, at) => {
    const label = make("span", { class: "option-label" });
    if (row.code) label.append(make("span", { class: "code" }, row.code));
    label.append(row.code && row.label.startsWith(row.code) ? row.label.slice(row.code.length).trim() : row.label);
    const option = make("div", { id: `${open.listbox.id}-${at}`, role: "option", class: "option", "data-at": at, "aria-selected": "false" }, label);
    if (isExtra(row)) option.classList.add("option-extra");
    if (row.fact) option.append(make("span", { class: "option-fact" }, row.fact));
    return option;
  });
  const found = rows.length ? options.slice(0, rows.length) : [remark(text("noMatches"))];
  open.listbox.replaceChildren(...found, ...(more.length ? [make("div", { class: "option-foot", role: "group" }, ...options.slice(rows.length))] : []));
  // What is chosen stays marked.  What makes something new is at hand where nothing else is, and was asked for by typing it.
  const held = words && !isOpenText(open.input) && !isMany(boxOf(open.input)) ? hiddenOf(boxOf(open.input)).value : "";
  if (held) mark(rows.findIndex((row) => valueOf(boxOf(open.input), row) === held));
  else mark(rows.length || (words && more.length) ? 0 : -1);
  place();
  announce(rows.length ? text("matches", { n: rows.length }) : text("noMatches"));
}

export function search(input, delay = DELAY) {
  clearTimeout(timer);
  asking?.abort();
  timer = setTimeout(async () => {
    show(input);
    asking = new AbortController();
    const { signal } = asking;
    const slow = setTimeout(() => open?.input === input && !open.rows.length && note(text("loading")), SLOW);
    const words = input.value === shown(input) ? "" : input.value.trim();
    try {
      const rows = await ask(boxOf(input).dataset.url, [["q", words]], signal);
      if (!signal.aborted && open?.input === input) list(rows);
    } catch (error) {
      if (error.name !== "AbortError" && open?.input === input) {
        note(text("failed"));
        announce(text("failed"));
      }
    } finally {
      clearTimeout(slow);
    }
  }, delay);
}

addEventListener("resize", place);
document.addEventListener("scroll", (event) => {
  if (open && event.target !== open.listbox) place();
}, true);
