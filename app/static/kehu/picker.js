/* Search-as-you-type for a relation: the ARIA combobox with a listbox.
 *
 * Everything is delegated from the document, so pickers that are added later (line grid, filters, dialogs) work at once.
 * A picker is a [data-picker] around a role=combobox input and a hidden input with the id; data-picker="many" keeps several.
 * Text that was not chosen stays where it was typed: it is looked up when the picker is left, and a form is not sent while
 * some of it names nothing.  A [data-free] picker takes what names nothing as something new; data-by="label" sends names.
 */

import { announce, text } from "./dom.js";
import { ask, assign, boxOf, changed, clear, fresh, isFree, isMany, isOpenText, plain, refuse, shown, token, unmark, valueOf } from "./picker_box.js";
import { close, isExtra, mark, open, search } from "./picker_list.js";

/* ---- Choosing ---- */

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
    // What is being made has no row to be named by yet.
    input.dataset.making = "";
    unmark(input);
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

/* ---- What texts name ---- */

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
    if ("making" in input.dataset || !isOpenText(input) || input.dataset.refused === wanted) continue;
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
      if (input.value !== wanted || "making" in input.dataset || !isOpenText(input)) continue;
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

/* What must hold one at least asks for it while it holds none. */
document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("[data-picker=many][data-required]")) return;
  target.querySelector(":scope > [role=combobox]").required = !target.querySelector(":scope > .token");
});

document.addEventListener("kehu:option", (event) => choose(event.target, event.detail));

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
