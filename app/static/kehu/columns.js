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

  const tell = (item) => announce(`${item.querySelector(".check-label").textContent.trim()} ${[...items.children].indexOf(item) + 1}`);
  const move = (item, step) => {
    if (step < 0) item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    ends();
    item.scrollIntoView({ block: "nearest" });
    tell(item);
  };

  items.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-move]");
    if (!button) return;
    const item = button.closest("li");
    move(item, Number(button.dataset.move));
    // A button at the end can't keep the focus: the other one takes it.
    (button.disabled ? item.querySelector("[data-move]:not(:disabled)") : button)?.focus();
  });

  // Alt and an arrow move the column that has the focus.
  items.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey) return;
    event.preventDefault();
    move(event.target.closest("li"), step);
    event.target.focus();
  });

  // Dragging.
  let dragged = null;
  items.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    dragged.classList.add("is-dragged");
  });
  items.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  items.addEventListener("drop", (event) => dragged && event.preventDefault());
  items.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    if (dragged) tell(dragged);
    dragged = null;
    ends();
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
