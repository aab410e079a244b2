/* A picker's element: what it holds, and what is said at it.  A picker is a [data-picker] around a role=combobox input and a
 * hidden input with the id; data-picker="many" keeps several, each a token.
 */

import { closeIcon, make, text } from "./dom.js";

export const boxOf = (input) => input.closest("[data-picker]");
export const isMany = (box) => box.dataset.picker === "many";
export const isFree = (box) => "free" in box.dataset;
export const valueOf = (box, row) => String(box.dataset.by === "label" ? row.label : row.id);
export const fresh = (words) => ({ id: words, label: words, name: words, code: "", fact: text("fresh") });
export const plain = (words) => words.split(/\s+/).filter(Boolean).join(" ").toLowerCase();
export const hiddenOf = (box) => box.querySelector(":scope > input[type=hidden]");

/** What was last chosen, as shown. */
export function shown(input) {
  if (input.dataset.shown === undefined) {
    const box = boxOf(input);
    input.dataset.shown = isMany(box) || hiddenOf(box).value === "" ? "" : input.defaultValue;
  }
  return input.dataset.shown;
}

/** Whether the text in the picker was typed and not chosen. */
export const isOpenText = (input) => input.value.trim() !== "" && input.value !== shown(input);

export async function ask(url, asked, signal) {
  const answer = await fetch(`${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(asked)}`, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
    credentials: "same-origin",
    signal,
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).result ?? [];
}

export function changed(box, row) {
  box.dispatchEvent(new CustomEvent("kehu:picked", { bubbles: true, detail: row }));
  box.dispatchEvent(new Event("change", { bubbles: true }));
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

/** Say at the picker why its text can't be sent. */
export function refuse(input, message) {
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

export function token(box, row) {
  const remove = make("button", { type: "button", class: "token-remove", "aria-label": text("remove", { name: row.label }) }, closeIcon());
  return make(
    "span",
    { class: "token" },
    make("input", { type: "hidden", name: box.dataset.name, value: row.value ?? valueOf(box, row) }),
    make("span", { class: "token-text" }, row.label),
    remove,
  );
}

export function clear(input) {
  const box = boxOf(input);
  const had = !isMany(box) && hiddenOf(box).value !== "";
  unmark(input);
  if (isMany(box)) input.value = "";
  else assign(input, { id: "", value: "", shown: "", unit: "" });
  if (had) changed(box, null);
}
