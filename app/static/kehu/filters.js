/* Filters of a list: each chip opens the editor of its condition; «add filter» asks for the field by typing, then how,
 * then for what. */

import { announce, make, text } from "./dom.js";

const PARTS = ["ff", "fo", "fv", "fm", "fm-text", "fs", "fn", "fa", "fb"];
const OPEN = "between"; // of a stretch whose ends are given
const COUNTED = ["last", "next"]; // of stretches of so many days

const one = (form, name) => form.querySelector(`[name="${name}"]`);
const escaped = (value) => value.replace(/[\\,]/g, "\\$&");
const shapeOf = (form) => one(form, "fo")?.selectedOptions[0]?.dataset.shape ?? "none";
const trimmed = (form, name) => one(form, name)?.value.trim() ?? "";

/** Show the parts of an editor that its operator takes. */
function arrange(form) {
  const shape = shapeOf(form);
  for (const part of form.querySelectorAll("[data-filter-editor] > [data-shape]")) part.hidden = part.dataset.shape !== shape;
  const span = form.querySelector("[data-span]")?.value ?? OPEN;
  for (const part of form.querySelectorAll("[data-span-part]")) {
    part.hidden = part.dataset.spanPart === "count" ? !COUNTED.includes(span) : span !== OPEN;
  }
}

/** The value of a condition as an address says it. */
function valueOf(form) {
  const shape = shapeOf(form);
  if (shape === "one") return trimmed(form, "fv");
  if (shape === "many") {
    const chosen = [...form.querySelectorAll('[name="fm"]')].filter((input) => input.type !== "checkbox" || input.checked);
    return chosen.map((input) => escaped(input.value)).join(",");
  }
  if (shape !== "span") return "";
  const named = form.querySelector("[data-span]")?.value ?? OPEN;
  if (COUNTED.includes(named)) return `${named}-${trimmed(form, "fn")}-days`;
  if (named !== OPEN) return named;
  const [first, last] = [trimmed(form, "fa"), trimmed(form, "fb")];
  return first || last ? `${first}..${last}` : "";
}

/** The first input of the value that is to be seen. */
function editorOf(form) {
  const inputs = [...form.querySelectorAll("[data-filter-editor] :is(input:not([type=hidden]), select, textarea)")];
  const seen = inputs.filter((input) => !input.closest("[hidden]"));
  return seen.find((input) => input.checked) ?? seen.find((input) => input.name !== "fo") ?? seen[0];
}

for (const form of document.querySelectorAll("[data-filter-form]")) {
  arrange(form);
  form.addEventListener("change", (event) => {
    if (event.target.matches('[name="fo"], [data-span]')) arrange(form);
  });
  form.addEventListener("submit", (event) => {
    if (shapeOf(form) === "none" || valueOf(form) !== "") return;
    event.preventDefault();
    editorOf(form)?.focus();
  });
  form.addEventListener("keydown", (event) => {
    // Enter applies, from a list of choices too.
    if (event.key !== "Enter" || !event.target.matches("select, [type=checkbox]")) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("formdata", (event) => {
    const said = `${one(form, "ff").value}:${one(form, "fo").value}:${valueOf(form)}`;
    for (const name of PARTS) event.formData.delete(name);
    event.formData.append("f", said);
  });
  if ("adding" in form.dataset) continue;
  const chip = form.closest("details");
  chip.addEventListener("toggle", () => chip.open && !form.contains(document.activeElement) && editorOf(form)?.focus());
}

/* ---- A panel stays within the window ---- */

document.addEventListener("toggle", (event) => {
  const panel = event.target.matches?.(".chip-menu[open]") ? event.target.querySelector(".menu-panel") : null;
  if (!panel) return;
  panel.style.left = "";
  const over = panel.getBoundingClientRect().right - innerWidth + 12;
  if (over > 0) panel.style.left = `${-over}px`;
}, true);

/* ---- Adding one ---- */

const filter = document.querySelector("[data-filter]");

if (filter) {
  const form = filter.querySelector("form");
  const select = form.querySelector("#filter-field");
  const slot = form.querySelector("[data-filter-value]");
  const foot = form.querySelector("[data-filter-foot]");
  const fields = [...select.options].map((option) => ({ name: option.value, label: option.textContent.trim() }));
  let found = [];
  let at = 0;

  // The field is typed; the list below shows what is meant.
  const input = make("input", {
    class: "input", type: "text", id: "filter-field-text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "true",
    "aria-controls": "filter-fields", autocomplete: "off", spellcheck: "false",
  });
  const listbox = make("div", { class: "filter-fields", id: "filter-fields", role: "listbox", "aria-label": select.labels[0].textContent.trim() });
  select.labels[0].htmlFor = input.id;
  select.hidden = true;
  select.after(input, listbox);

  const mark = (next) => {
    at = next;
    for (const [index, option] of [...listbox.children].entries()) {
      option.setAttribute("aria-selected", String(index === at));
      if (index === at) option.scrollIntoView({ block: "nearest" });
    }
    if (found.length) input.setAttribute("aria-activedescendant", `filter-fields-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };

  const look = () => {
    input.setAttribute("aria-expanded", "true");
    const words = input.value.trim().toLocaleLowerCase();
    const begins = (field) => field.label.toLocaleLowerCase().startsWith(words);
    found = fields.filter((field) => field.label.toLocaleLowerCase().includes(words) || field.name.startsWith(words));
    found.sort((a, b) => Number(begins(b)) - Number(begins(a)));
    listbox.replaceChildren(
      ...found.map((field, index) =>
        make("div", { class: "option", role: "option", id: `filter-fields-${index}`, "data-at": index, "aria-selected": "false" }, field.label)),
    );
    if (!found.length) listbox.append(make("div", { class: "option-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, text("noMatches")));
    mark(0);
  };

  /** Ask for the field again. */
  const begin = () => {
    input.value = "";
    input.hidden = false;
    listbox.hidden = false;
    slot.hidden = foot.hidden = true;
    look();
  };

  const choose = (field) => {
    if (!field) return;
    select.value = field.name;
    slot.replaceChildren(form.querySelector(`template[data-filter-field="${CSS.escape(field.name)}"]`).content.cloneNode(true));
    slot.hidden = foot.hidden = false;
    listbox.hidden = true;
    listbox.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    input.value = field.label;
    arrange(form);
    editorOf(form)?.focus();
    announce(field.label);
  };

  const choosing = () => !listbox.hidden;
  input.addEventListener("input", () => {
    listbox.hidden = false;
    slot.hidden = foot.hidden = true;
    look();
  });
  input.addEventListener("focus", () => input.select());
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      if (!choosing()) begin();
      else if (found.length) mark((at + step + found.length) % found.length);
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (choosing()) choose(found[at]);
      else form.requestSubmit();
    }
  });
  listbox.addEventListener("pointerdown", (event) => event.preventDefault());
  listbox.addEventListener("click", (event) => choose(found[Number(event.target.closest("[data-at]")?.dataset.at ?? -1)]));

  // The event comes later than the opening: whoever is in the panel by then stays where they are.
  const enter = () => {
    if (!filter.open || form.matches(":focus-within")) return;
    begin();
    input.focus();
  };
  filter.addEventListener("toggle", enter);
  if (slot.children.length) choose(fields.find((field) => field.name === select.value));
  else begin();
  enter(); // it may have been opened before this script was there
  addEventListener("pageshow", (event) => event.persisted && begin());
}
