/* Search-as-you-type for a relation: the ARIA combobox with a listbox.
 *
 * Everything is delegated from the document, so pickers that are added later (line grid, filters, dialogs) work at once.
 * A picker is a [data-picker] around a role=combobox input and a hidden input with the id; data-picker="many" keeps several.
 * Text that was not chosen stays where it was typed: it is looked up when the picker is left, and a form is not sent while
 * some of it names nothing.  A [data-free] picker takes what names nothing as something new; data-by="label" sends names.
 */

import { announce, closeIcon, make, text } from "./dom.js";

const DELAY = 180;
const SLOW = 250;

let open = null; // {input, listbox, rows, at}
let timer = 0;
let asking = null;
let serial = 0;

const boxOf = (input) => input.closest("[data-picker]");
const isMany = (box) => box.dataset.picker === "many";
const isFree = (box) => "free" in box.dataset;
const valueOf = (box, row) => String(box.dataset.by === "label" ? row.label : row.id);
const fresh = (words) => ({ id: words, label: words, name: words, code: "", fact: text("fresh") });
const plain = (words) => words.split(/\s+/).filter(Boolean).join(" ").toLowerCase();
const hiddenOf = (box) => box.querySelector(":scope > input[type=hidden]");

/** What was last chosen, as shown. */
function shown(input) {
  if (input.dataset.shown === undefined) {
    const box = boxOf(input);
    input.dataset.shown = isMany(box) || hiddenOf(box).value === "" ? "" : input.defaultValue;
  }
  return input.dataset.shown;
}

/** Whether the text in the picker was typed and not chosen. */
const isOpenText = (input) => input.value.trim() !== "" && input.value !== shown(input);

async function ask(url, asked, signal) {
  const answer = await fetch(`${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(asked)}`, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
    credentials: "same-origin",
    signal,
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).result ?? [];
}

/* ---- The list ---- */

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
    if (option) choose(input, open.rows[Number(option.dataset.at)]);
  });
  (input.closest("dialog") ?? document.body).append(listbox);
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-controls", id);
  open = { input, listbox, rows: [], at: -1 };
  return open;
}

function close() {
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

const isExtra = (row) => row && ("create" in row || "open" in row);

function mark(at) {
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

function search(input, delay = DELAY) {
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

/* ---- Choosing ---- */

function changed(box, row) {
  box.dispatchEvent(new CustomEvent("kehu:picked", { bubbles: true, detail: row }));
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(input, row) {
  if (!row) return;
  const box = boxOf(input);
  if ("open" in row) {
    close();
    window.open(row.open, "_blank", "noopener");
    return;
  }
  if ("create" in row) {
    close();
    import("./quick.js").then(({ create }) => create(input, box.dataset, row.create, (made) => choose(input, made)));
    return;
  }
  if (isMany(box)) {
    const taken = [...box.querySelectorAll(".token > input")].some((token) => plain(token.value) === plain(valueOf(box, row)));
    if (!taken) input.before(token(box, row));
    input.value = "";
  } else {
    assign(input, { id: valueOf(box, row), value: row.label, shown: row.label, unit: row.unit ?? "" });
  }
  unmark(input);
  if (open?.input === input) close();
  changed(box, row);
}

/** What a picker of one holds, as ``assign`` takes it. */
export function held(input) {
  const box = boxOf(input);
  return { id: hiddenOf(box).value, value: input.value, shown: shown(input), unit: box.dataset.unit ?? "" };
}

/** Let a picker of one hold what another held, or held before. */
export function assign(input, { id, value, shown: label, unit }) {
  const box = boxOf(input);
  hiddenOf(box).value = id;
  input.value = value;
  input.dataset.shown = label;
  box.dataset.unit = unit;
  const clear = box.querySelector(".picker-clear");
  if (clear) clear.hidden = !value;
}

/** What a picker of many holds: [value, label] of each. */
export function chosen(box) {
  return [...box.querySelectorAll(":scope > .token")].map((token) => [token.querySelector("input").value, token.querySelector(".token-text").textContent]);
}

/** Let a picker of many hold what `pairs` say. */
export function fill(box, pairs) {
  for (const old of box.querySelectorAll(":scope > .token")) old.remove();
  const input = box.querySelector(":scope > [role=combobox]");
  for (const [value, label] of pairs) input.before(token(box, { value, label }));
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

/* What must hold one at least asks for it while it holds none. */
document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("[data-picker=many][data-required]")) return;
  target.querySelector(":scope > [role=combobox]").required = !target.querySelector(":scope > .token");
});

/* ---- What can't be told ---- */

/** Say at the picker why its text can't be sent. */
function refuse(input, message) {
  const box = boxOf(input);
  const id = `${input.id}-error`;
  let note = box.parentElement.querySelector(":scope > .field-error");
  if (!note) {
    note = make("p", { class: "field-error", id });
    box.after(note);
  }
  note.textContent = message;
  input.setAttribute("aria-invalid", "true");
  const about = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  input.setAttribute("aria-describedby", [...about, id].join(" "));
  input.dataset.refused = input.value;
  box.parentElement.classList.add("has-error");
}

/** Take back what was said at the picker. */
export function unmark(input) {
  const box = boxOf(input);
  delete input.dataset.refused;
  if (!input.hasAttribute("aria-invalid")) return;
  input.removeAttribute("aria-invalid");
  const id = `${input.id}-error`;
  const about = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  if (about.length) input.setAttribute("aria-describedby", about.join(" "));
  else input.removeAttribute("aria-describedby");
  box.parentElement.querySelector(":scope > .field-error")?.remove();
  box.parentElement.classList.remove("has-error");
}

function token(box, row) {
  const remove = make("button", { type: "button", class: "token-remove", "aria-label": text("remove", { name: row.label }) }, closeIcon());
  return make(
    "span",
    { class: "token" },
    make("input", { type: "hidden", name: box.dataset.name, value: row.value ?? valueOf(box, row) }),
    make("span", { class: "token-text" }, row.label),
    remove,
  );
}

function clear(input) {
  const box = boxOf(input);
  const had = !isMany(box) && hiddenOf(box).value !== "";
  unmark(input);
  if (isMany(box)) input.value = "";
  else assign(input, { id: "", value: "", shown: "", unit: "" });
  if (had) changed(box, null);
}

const AT_ONCE = 50; // texts of one question

/** Choose what texts name, each in its picker ([input, text]); where one names nothing or several, it stays and that is
 * said at the picker.  However many there are, they are few questions. */
export async function resolveAll(pairs) {
  const asked = new Map(); // address → text → pickers
  for (const [input, words] of pairs) {
    const wanted = words.trim();
    if (!wanted) {
      clear(input);
      continue;
    }
    shown(input);
    input.value = wanted;
    if (!isOpenText(input) || input.dataset.refused === wanted) continue;
    const { url } = boxOf(input).dataset;
    if (!asked.has(url)) asked.set(url, new Map());
    const texts = asked.get(url);
    texts.set(wanted, [...(texts.get(wanted) ?? []), input]);
  }
  const questions = [];
  for (const [url, texts] of asked) {
    const words = [...texts.keys()];
    for (let at = 0; at < words.length; at += AT_ONCE) questions.push(name(url, words.slice(at, at + AT_ONCE), texts));
  }
  await Promise.all(questions);
}

async function name(url, words, texts) {
  let answers = [];
  try {
    answers = await ask(url, words.map((each) => ["name", each]));
  } catch {
    answers = words.map((each) => ({ text: each, row: null, message: text("failed") }));
  }
  for (const { text: wanted, row, message } of answers) {
    for (const input of texts.get(wanted) ?? []) {
      // It was typed on meanwhile, or something was chosen.
      if (input.value !== wanted || !isOpenText(input)) continue;
      const found = row ?? (isFree(boxOf(input)) ? fresh(wanted) : null);
      if (found) choose(input, found);
      else refuse(input, message);
    }
  }
}

/** Choose what one text names. */
export const resolve = (input, words) => resolveAll([[input, words]]);

/** The pickers of a form that hold text nobody chose. */
function openTexts(form) {
  const inputs = [...form.querySelectorAll("[data-picker] > [role=combobox]")];
  return inputs.filter((input) => !input.readOnly && !input.closest("[hidden]") && isOpenText(input));
}

// A form is sent when everything in its pickers is chosen.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!openTexts(form).length) return;
  event.preventDefault();
  event.stopPropagation();
  close();
  const { submitter } = event;
  await resolveAll(openTexts(form).map((input) => [input, input.value]));
  const [first] = openTexts(form);
  if (first) {
    first.focus();
    announce(boxOf(first).parentElement.querySelector(".field-error")?.textContent ?? "");
  } else form.requestSubmit(submitter?.isConnected ? submitter : undefined);
}, true);

// The text beside an id is for where no script runs.
document.addEventListener("formdata", (event) => {
  for (const input of event.target.querySelectorAll("[data-picker] > [role=combobox][name]")) {
    if (!isOpenText(input)) event.formData.delete(input.name);
  }
});

/* ---- Events ---- */

const combobox = (target) => (target.matches?.("[data-picker] > [role=combobox]") && !target.readOnly ? target : null);

function typed(event) {
  const input = combobox(event.target);
  // While pinyin is being composed there is nothing to look for yet.
  if (!input || event.isComposing) return;
  shown(input);
  unmark(input);
  if (!isMany(boxOf(input)) && input.value === "") clear(input);
  search(input);
}

document.addEventListener("input", typed);
document.addEventListener("compositionend", typed);

document.addEventListener("click", (event) => {
  const target = event.target;
  const input = combobox(target);
  if (input) {
    if (!open) {
      shown(input);
      input.select();
      search(input, 0);
    }
    return;
  }
  const button = target.closest?.(".picker-clear");
  if (button) {
    const field = boxOf(button).querySelector("[role=combobox]");
    clear(field);
    field.focus();
    return;
  }
  const offer = target.closest?.("[data-offer]");
  if (offer) {
    // What is at hand beside a picker is chosen at a click.
    const field = offer.closest(".field")?.querySelector("[data-picker] > [role=combobox]");
    if (field) choose(field, { id: offer.dataset.offer, label: offer.dataset.offerLabel });
    return;
  }
  const remove = target.closest?.(".token-remove");
  if (remove) {
    const box = boxOf(remove);
    remove.closest(".token").remove();
    box.querySelector("[role=combobox]")?.focus();
    changed(box, null);
  }
});

document.addEventListener("keydown", (event) => {
  const input = combobox(event.target);
  if (!input || event.isComposing) return;
  const isOpen = open?.input === input;
  const count = isOpen ? open.rows.length : 0;
  switch (event.key) {
    case "ArrowDown":
    case "ArrowUp":
      if (!isOpen) {
        // In the line grid the arrows move between rows, and rows themselves; F4 opens there.
        if (event.defaultPrevented || input.closest("[data-line]")) return;
        search(input, 0);
      } else if (count) mark(event.key === "ArrowDown" ? (open.at + 1) % count : (Math.max(open.at, 0) - 1 + count) % count);
      event.preventDefault();
      break;
    case "F4":
      if (isOpen) close();
      else search(input, 0);
      event.preventDefault();
      break;
    case "Home":
    case "End":
      if (isOpen && count && event.ctrlKey) {
        mark(event.key === "Home" ? 0 : count - 1);
        event.preventDefault();
      }
      break;
    case "Enter":
      if (isOpen && open.at >= 0) {
        choose(input, open.rows[open.at]);
        event.preventDefault();
        event.stopPropagation();
      } else if (isOpen || input.value !== shown(input)) {
        event.preventDefault();
        event.stopPropagation();
      }
      break;
    case ",":
    case "，":
      // A comma ends a word that may be a new one.
      if (!isFree(boxOf(input)) || input.value.trim() === "") break;
      resolve(input, input.value);
      event.preventDefault();
      break;
    case "Tab":
      if (isOpen && isFree(boxOf(input))) break; // leaving it takes what was typed, not what was found
      if (isOpen && open.at >= 0 && !isExtra(open.rows[open.at]) && input.value !== shown(input) && input.value !== "") choose(input, open.rows[open.at]);
      break;
    case "Escape":
      if (isOpen || (!isMany(boxOf(input)) && input.value !== shown(input))) {
        close();
        if (!isMany(boxOf(input))) input.value = shown(input);
        unmark(input);
        event.preventDefault();
        event.stopPropagation();
      }
      break;
    case "Backspace":
      if (isMany(boxOf(input)) && input.value === "") {
        const last = [...boxOf(input).querySelectorAll(".token")].pop();
        if (last) {
          last.remove();
          changed(boxOf(input), null);
        }
      }
      break;
    default:
  }
}, true);

document.addEventListener("focusout", (event) => {
  const input = combobox(event.target);
  if (!input) return;
  close();
  if (isOpenText(input)) resolve(input, input.value);
});

addEventListener("resize", place);
document.addEventListener("scroll", (event) => {
  if (open && event.target !== open.listbox) place();
}, true);
