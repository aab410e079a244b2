/* The line grid of a document: add and remove lines, move with the keys, paste from a spreadsheet. */

import { announce, text } from "./dom.js";
import { resolve, unmark } from "./picker.js";

const CELL = "textarea, select, input:not([type=hidden]):not([data-line-delete])";
const GROUPED = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/;

for (const grid of document.querySelectorAll("[data-lines]")) setUp(grid);

function setUp(grid) {
  const body = grid.querySelector("[data-line-rows]");
  const blank = grid.querySelector("template[data-line-blank]");
  const form = grid.closest("form");
  const isFixed = "fixed" in grid.dataset; // no line comes or goes
  const indexOf = (row) => Number(/^lines-(\d+)-/.exec(row.querySelector("[name^='lines-']")?.name)?.[1] ?? -1);
  let next = Math.max(-1, ...[...body.rows].map(indexOf)) + 1;

  const rows = () => [...body.querySelectorAll("[data-line]")].filter((row) => !row.hidden);
  const cells = (row) => [...row.querySelectorAll(CELL)];
  const cellAt = (row, at) => row && cells(row)[Math.min(at, cells(row).length - 1)];
  const changed = () => form.dispatchEvent(new CustomEvent("kehu:changed"));

  function add(after = null) {
    if (isFixed) return null;
    const row = blank.content.querySelector("[data-line]").cloneNode(true);
    const index = String(next++);
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of [...element.attributes]) {
        if (attribute.value.includes("__index__")) attribute.value = attribute.value.replaceAll("__index__", index);
      }
    }
    if (after) after.after(row);
    else body.append(row);
    changed();
    return row;
  }

  function remove(row) {
    if (isFixed) return;
    const left = rows();
    const at = left.indexOf(row);
    const column = cells(row).indexOf(document.activeElement);
    const saved = row.querySelector("input[type=hidden][name$='-id']")?.value;
    if (saved) {
      row.querySelector("[data-line-delete]").checked = true;
      row.hidden = true;
    } else row.remove();
    changed();
    announce(text("rowRemoved"));
    const beside = left[at + 1] ?? left[at - 1] ?? add();
    cellAt(beside, Math.max(column, 0))?.focus();
  }

  /** Nothing was entered: the line is as the blank one is. */
  function isEmpty(row) {
    if (row.querySelector("input[type=hidden][name$='-id']").value) return false;
    return [...row.querySelectorAll("[name^='lines-']:not([readonly])")].every((input) => {
      const name = input.name.replace(/^lines-\d+-/, "lines-__index__-");
      const fresh = blank.content.querySelector(`[name="${CSS.escape(name)}"]`);
      if (!fresh) return true;
      return input.type === "checkbox" ? input.checked === fresh.checked : input.value === fresh.value;
    });
  }

  function focus(input) {
    if (!input) return;
    input.focus();
    if (input.select && input.type !== "checkbox") input.select();
  }

  /* ---- Keys ---- */

  grid.addEventListener("keydown", (event) => {
    const input = event.target;
    const row = input.closest?.("[data-line]");
    if (!row || !input.matches(CELL) || event.isComposing || event.defaultPrevented) return;
    const column = cells(row).indexOf(input);
    const all = rows();
    const at = all.indexOf(row);
    const isSelect = input.tagName === "SELECT";

    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (input.tagName === "TEXTAREA" && event.shiftKey) return;
      event.preventDefault();
      if (event.shiftKey) focus(cellAt(all[at - 1], column));
      else if (at === all.length - 1) {
        const added = add();
        if (!added) return;
        announce(text("rowAdded"));
        focus(cellAt(added, 0));
      } else focus(cellAt(all[at + 1], column));
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey && !isSelect && input.getAttribute("aria-expanded") !== "true") {
      if (input.tagName === "TEXTAREA" && input.value.includes("\n")) return;
      const target = all[at + (event.key === "ArrowDown" ? 1 : -1)];
      event.preventDefault();
      if (target) focus(cellAt(target, column));
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") {
      event.preventDefault();
      if (at > 0) copy(cellAt(all[at - 1], column), input);
    } else if ((event.ctrlKey || event.metaKey) && (event.key === "Delete" || event.key === "Backspace") && event.shiftKey) {
      event.preventDefault();
      remove(row);
    }
  });

  function copy(from, to) {
    if (!from || to.readOnly || to.disabled) return;
    if (to.type === "checkbox") to.checked = from.checked;
    else {
      const box = to.closest("[data-picker]");
      to.value = from.value;
      if (box) {
        box.querySelector("input[type=hidden]").value = from.closest("[data-picker]").querySelector("input[type=hidden]").value;
        to.dataset.shown = from.dataset.shown ?? from.defaultValue;
        unmark(to);
        const clear = box.querySelector(".picker-clear");
        if (clear) clear.hidden = !to.value;
      }
    }
    to.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* ---- Paste ---- */

  grid.addEventListener("paste", async (event) => {
    const input = event.target;
    const row = input.closest?.("[data-line]");
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (!row || !input.matches(CELL) || !/[\t\n\r]/.test(pasted.replace(/[\r\n]+$/, ""))) return;
    if (input.tagName === "TEXTAREA" && !pasted.includes("\t")) return;
    event.preventDefault();
    const block = pasted.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n").map((line) => line.split("\t"));
    const column = cells(row).indexOf(input);
    const waiting = [];
    let target = row;
    for (const [at, values] of block.entries()) {
      if (at > 0) {
        const all = rows();
        target = all[all.indexOf(target) + 1] ?? add();
        if (!target) break;
      }
      for (const [offset, value] of values.entries()) {
        const cell = cells(target)[column + offset];
        if (cell) waiting.push(put(cell, value));
      }
    }
    await Promise.all(waiting);
    changed();
  });

  function put(cell, raw) {
    const value = raw.trim();
    if (cell.readOnly || cell.disabled) return null;
    if (cell.getAttribute("role") === "combobox") return resolve(cell, value);
    if (cell.type === "checkbox") cell.checked = /^(1|x|y|yes|true|√|✓|是)$/i.test(value);
    else if (cell.tagName === "SELECT") {
      const option = [...cell.options].find((each) => each.value === value || each.textContent.trim() === value);
      if (option) cell.value = option.value;
    } else if (cell.type === "date") cell.value = date(value);
    else cell.value = cell.classList.contains("num") && GROUPED.test(value) ? value.replaceAll(",", "") : value;
    cell.dispatchEvent(new Event("change", { bubbles: true }));
    return null;
  }

  /** A date as spreadsheets write it (2026-11-23, 2026/11/3, 2026年11月3日) as the input wants it. */
  function date(value) {
    const found = /^(\d{4})\D+(\d{1,2})\D+(\d{1,2})/.exec(value);
    return found ? `${found[1]}-${found[2].padStart(2, "0")}-${found[3].padStart(2, "0")}` : value;
  }

  /* ---- Buttons, and what is sent ---- */

  grid.querySelector("[data-line-add]")?.addEventListener("click", () => {
    focus(cellAt(add(), 0));
    announce(text("rowAdded"));
  });
  grid.addEventListener("click", (event) => {
    const button = event.target.closest("[data-line-remove]");
    if (button) remove(button.closest("[data-line]"));
  });
  for (const row of body.querySelectorAll("[data-line]")) {
    if (row.querySelector("[data-line-delete]")?.checked) row.hidden = true;
  }
  // A line in which nothing was entered is no line.
  form.addEventListener("formdata", (event) => {
    for (const row of rows()) {
      if (isEmpty(row)) for (const input of row.querySelectorAll("[name]")) event.formData.delete(input.name);
    }
  });
}
