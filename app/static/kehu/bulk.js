/* The page that changes many rows: what is typed into is ticked. */

import { forget } from "./chosen.js";

document.querySelector("[data-bulk-edit]")?.addEventListener("submit", forget);

for (const field of document.querySelectorAll("[data-edit-field]")) {
  const box = field.querySelector("[name=pick]");
  const show = () => field.classList.toggle("is-picked", box.checked);
  const typed = (event) => {
    if (event.target === box) return;
    box.checked = true;
    show();
  };
  box.addEventListener("change", show);
  field.addEventListener("input", typed);
  field.addEventListener("change", typed);
  field.addEventListener("kehu:changed", typed);
  show();
}
