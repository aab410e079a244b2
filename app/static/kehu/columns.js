/* The chooser of a list's columns: which, and in which order. */

import { announce } from "./dom.js";

const chooser = document.querySelector("[data-columns]");

if (chooser) {
  const form = chooser.querySelector("form");
  const items = form.querySelector("ul");
  const ends = () => {
    for (const button of items.querySelectorAll("[data-move]")) {
      const item = button.closest("li");
      button.disabled = !(button.dataset.move === "-1" ? item.previousElementSibling : item.nextElementSibling);
    }
  };

  items.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-move]");
    if (!button) return;
    const item = button.closest("li");
    if (button.dataset.move === "-1") item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    ends();
    // A button at the end can't keep the focus: the other one takes it.
    (button.disabled ? item.querySelector("[data-move]:not(:disabled)") : button)?.focus();
    announce(`${item.textContent.trim().split("\n")[0]} ${[...items.children].indexOf(item) + 1}`);
  });

  // One short parameter instead of one for each column.
  form.addEventListener("formdata", (event) => {
    const names = event.formData.getAll("cols");
    event.formData.delete("cols");
    if (names.length) event.formData.append("cols", names.join(","));
  });
  addEventListener("pageshow", ends);
  ends();
}
