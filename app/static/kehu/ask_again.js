/* What was typed into a dialog and refused is there again: the page that says why opens the dialog as it was sent. */

import { make } from "./dom.js";

const KEPT = "kehu-asked"; // in this tab alone, until the next page
const UNTOLD = new Set(["submit", "button", "reset", "file", "password"]);

const told = (form) => [...form.elements].filter((each) => (each.name || each.id) && each.name !== "csrf_token" && !UNTOLD.has(each.type));
const keyOf = (field) => `${field.name}|${field.id}`;
const isBox = (field) => field.type === "checkbox" || field.type === "radio";

/** Remember what `form`, which is being sent, says. */
export function keep(form) {
  const typed = told(form).map((field) => [keyOf(field), isBox(field) ? field.checked : field.value]);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ action: form.getAttribute("action"), typed }));
  } catch {
    /* Private windows may refuse. */
  }
}

function taken() {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return kept ? JSON.parse(kept) : null;
  } catch {
    return null;
  }
}

/** Open the dialog that was refused, if this page says so; `asks` are {form, button} of the dialogs it has. */
export function again(asks) {
  const kept = taken();
  const refusal = document.querySelector(".banner-red[data-flash] p");
  const asked = kept && refusal && asks.find(({ form }) => form.getAttribute("action") === kept.action);
  if (!asked) return;
  const typed = new Map(kept.typed);
  for (const field of told(asked.form)) {
    const value = typed.get(keyOf(field));
    if (value === undefined) continue;
    if (isBox(field)) field.checked = value;
    else field.value = value;
    if (field.getAttribute("role") === "combobox") field.dataset.shown = value;
  }
  const message = make("p", { class: "field-error", role: "alert" });
  message.textContent = refusal.textContent;
  asked.form.querySelector(".dialog-fields")?.prepend(message);
  asked.button.click();
}
