/* Two versions of a form: choosing one puts it into its input at once. */

import { announce } from "./dom.js";

const table = document.querySelector("[data-differences]");
const form = table?.closest("form");

if (form) {
  const choices = JSON.parse(form.elements.choices?.value || "{}");

  table.addEventListener("change", (event) => {
    const radio = event.target.closest("[data-take]");
    if (!radio) return;
    const key = radio.dataset.take;
    const value = choices[key]?.[radio.value === "theirs" ? 1 : 0];
    const said = radio.closest("label").querySelector("[data-said]").textContent;
    if (value === undefined || !put(key, value, said)) return; // the server does it when the form is sent
    form.elements[`shown:${key}`].value = radio.value;
    announce(said);
  });

  /** Make the input (or the whole line) `key` hold `value`; whether that could be done here. */
  function put(key, value, said) {
    if (/^lines-\d+$/.test(key)) return line(key, value !== null);
    const input = form.elements[key];
    if (!input || Array.isArray(value) || input instanceof RadioNodeList) return false;
    if (input.type === "checkbox") input.checked = value === "1";
    else input.value = value;
    const picker = input.closest("[data-picker]");
    if (picker) {
      const shown = picker.querySelector("[role=combobox]");
      shown.value = value ? said : "";
      shown.dataset.shown = shown.value;
      const clear = picker.querySelector(".picker-clear");
      if (clear) clear.hidden = !value;
    }
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  function line(key, there) {
    const row = form.elements[`${key}-id`]?.closest("[data-line]");
    if (!row) return false;
    row.querySelector("[data-line-delete]").checked = !there;
    row.hidden = !there;
    return true;
  }
}
