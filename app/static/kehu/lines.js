/* The line grid of a document: lines come, go and move, the keys lead from cell to cell, blocks are pasted from a
 * spreadsheet, and all of it can be taken back.  Events are heard at the grid, never at each cell. */

import { isBlock, rowsOf } from "./clipboard.js";
import { tidy } from "./decimal.js";
import { announce, text } from "./dom.js";
import { History, restore, state } from "./lines_history.js";
import { draggable } from "./lines_order.js";
import { Totals } from "./lines_totals.js";
import { resolveAll } from "./picker.js";

const CELL = "textarea, select, input:not([type=hidden]):not([data-line-delete])";

for (const grid of document.querySelectorAll("[data-lines]")) setUp(grid);

function setUp(grid) {
  const body = grid.querySelector("[data-line-rows]");
  const blank = grid.querySelector("template[data-line-blank]");
  const form = grid.closest("form");
  const isFixed = "fixed" in grid.dataset; // no line comes, goes or moves
  const indexOf = (row) => Number(/^lines-(\d+)-/.exec(row.querySelector("[name^='lines-']")?.name)?.[1] ?? -1);
  let next = Math.max(-1, ...[...body.rows].map(indexOf)) + 1;

  const rows = () => [...body.querySelectorAll("[data-line]")].filter((row) => !row.hidden);
  const cells = (row) => [...row.querySelectorAll(CELL)];
  const cellAt = (row, at) => row && cells(row)[Math.min(at, cells(row).length - 1)];
  const deleteOf = (row) => row.querySelector("[data-line-delete]");
  for (const row of body.querySelectorAll("[data-line]")) {
    if (deleteOf(row)?.checked) row.hidden = true;
  }
  const totals = new Totals(grid, rows, isEmpty);
  const history = new History({ rows, arrange, changed });
  const undoButton = grid.querySelector("[data-line-undo]");
  const redoButton = grid.querySelector("[data-line-redo]");

  function changed() {
    totals.mark();
    // Not by a counter of the stylesheet: that is counted anew at each key.
    for (const [at, row] of rows().entries()) {
      const number = row.querySelector(".line-index");
      if (number.textContent !== String(at + 1)) number.textContent = at + 1;
    }
    if (undoButton) undoButton.disabled = !history.canUndo;
    if (redoButton) redoButton.disabled = !history.canRedo;
    form.dispatchEvent(new CustomEvent("kehu:changed"));
  }

  /* ---- Lines ---- */

  function add() {
    if (isFixed) return null;
    const row = blank.content.querySelector("[data-line]").cloneNode(true);
    const index = String(next++);
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of [...element.attributes]) {
        if (attribute.value.includes("__index__")) attribute.value = attribute.value.replaceAll("__index__", index);
      }
    }
    body.append(row);
    return row;
  }

  /** A line goes: what is stored is hidden and ticked, so that the server hears of it. */
  function take(row) {
    if (row.querySelector("input[type=hidden][name$='-id']")?.value) {
      deleteOf(row).checked = true;
      row.hidden = true;
    } else row.remove();
  }

  /** Let the lines be those of `order`, in it. */
  function arrange(order) {
    const wanted = new Set(order);
    for (const row of rows()) if (!wanted.has(row)) take(row);
    let before = null;
    for (const row of order) {
      row.hidden = false;
      if (deleteOf(row)) deleteOf(row).checked = false;
      const here = before ? before.nextElementSibling : body.firstElementChild;
      if (here !== row) {
        if (before) before.after(row);
        else body.prepend(row);
      }
      before = row;
    }
  }

  function remove(row) {
    if (isFixed) return;
    const left = rows();
    const at = left.indexOf(row);
    const column = cells(row).indexOf(document.activeElement);
    const beside = history.record([], () => {
      take(row);
      return left[at + 1] ?? left[at - 1] ?? add();
    });
    announce(text("rowRemoved"));
    cellAt(beside, Math.max(column, 0))?.focus();
  }

  function insert() {
    const row = history.record([], add);
    if (!row) return;
    announce(text("rowAdded"));
    focus(cellAt(row, 0));
  }

  /** Let the lines up to `target` go round a line: it stays in the document, and with it the focus and the pointer. */
  function pass(row, target, isBelow) {
    for (let beside = null; beside !== target; ) {
      beside = isBelow ? row.nextElementSibling : row.previousElementSibling;
      if (isBelow) row.before(beside);
      else row.after(beside);
    }
  }

  /** Move a line by one. */
  function move(row, step) {
    const all = rows();
    const beside = all[all.indexOf(row) + step];
    if (isFixed || !beside) return;
    history.record([], () => pass(row, beside, step > 0));
    row.scrollIntoView({ block: "nearest" });
    announce(text("rowMoved", { n: rows().indexOf(row) + 1 }));
  }

  if (!isFixed) {
    draggable(body, {
      rows,
      commit: () => history.commit(),
      place: pass,
      record: (before, row, isKept) => {
        const after = rows();
        if (after.every((each, at) => each === before[at])) return;
        if (!isKept) return arrange(before);
        history.push({ cells: [], order: before });
        announce(text("rowMoved", { n: after.indexOf(row) + 1 }));
      },
    });
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

  /* ---- Taking back ---- */

  grid.addEventListener("focusin", (event) => {
    if (event.target.matches(CELL) && event.target.closest("[data-line]")) history.enter(event.target);
  });
  grid.addEventListener("focusout", () => {
    history.commit();
    history.typing = null;
  });
  grid.addEventListener("input", () => {
    if (undoButton?.disabled) undoButton.disabled = !history.canUndo;
  });
  // What clears a picker belongs to its cell.
  grid.addEventListener("pointerdown", (event) => {
    const button = event.target.closest(".picker-clear");
    if (!button) return;
    event.preventDefault();
    button.closest("[data-picker]").querySelector(CELL).focus();
  });

  function step(isBack) {
    const active = document.activeElement; // a line that moves loses the focus
    const found = isBack ? history.undo() : history.redo();
    if (!found) return;
    const [here, there] = found.order ?? [[], []];
    const came = here.find((row) => !there.includes(row));
    const isShown = (cell) => cell?.isConnected && !cell.closest("[hidden]");
    if (isShown(found.cell)) focus(found.cell);
    else if (came) focus(cellAt(came, 0));
    else if (isShown(active)) active.focus();
    else focus(cellAt(rows().at(-1), 0));
    announce(text(isBack ? "undone" : "redone"));
  }

  undoButton?.addEventListener("click", () => step(true));
  redoButton?.addEventListener("click", () => step(false));

  /* ---- Keys ---- */

  grid.addEventListener("keydown", (event) => {
    const input = event.target;
    const row = input.closest?.("[data-line]");
    if (!row || !input.matches(CELL) || event.isComposing || event.defaultPrevented) return;
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isUpDown = key === "ArrowDown" || key === "ArrowUp";
    const way = key === "ArrowDown" ? 1 : -1;

    if (key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (input.tagName === "TEXTAREA" && event.shiftKey) return;
      event.preventDefault();
      const all = rows();
      const at = all.indexOf(row);
      if (event.shiftKey) focus(cellAt(all[at - 1], cells(row).indexOf(input)));
      else if (at === all.length - 1) insert();
      else focus(cellAt(all[at + 1], cells(row).indexOf(input)));
    } else if (isUpDown && event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      move(row, way);
    } else if (isUpDown && !event.altKey && input.tagName !== "SELECT" && input.getAttribute("aria-expanded") !== "true") {
      if (input.tagName === "TEXTAREA" && input.value.includes("\n")) return;
      event.preventDefault();
      const all = rows();
      const target = all[all.indexOf(row) + way];
      if (target) focus(cellAt(target, cells(row).indexOf(input)));
    } else if (isCommand && key === "d") {
      event.preventDefault();
      const all = rows();
      const above = cellAt(all[all.indexOf(row) - 1], cells(row).indexOf(input));
      if (above && !input.readOnly && !input.disabled) history.record([input], () => restore(input, state(above)));
    } else if (isCommand && (key === "z" || (key === "y" && !event.shiftKey))) {
      // What is being written in a long text is taken back word by word, as anywhere.
      const isWriting = input.tagName === "TEXTAREA" && history.typing?.[1].value !== input.value;
      if (isWriting) return;
      event.preventDefault();
      step(key === "z" && !event.shiftKey);
    } else if (isCommand && (key === "Delete" || key === "Backspace") && event.shiftKey) {
      event.preventDefault();
      remove(row);
    }
  });

  /* ---- Paste ---- */

  grid.addEventListener("paste", async (event) => {
    const input = event.target;
    const row = input.closest?.("[data-line]");
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (!row || !input.matches(CELL) || !isBlock(pasted)) return;
    // Several lines of prose are one text, however a spreadsheet would read them.
    if (input.tagName === "TEXTAREA" && !pasted.includes("\t") && !pasted.startsWith('"')) return;
    event.preventDefault();
    const block = rowsOf(pasted);
    const column = cells(row).indexOf(input);
    const there = rows();
    const targets = there.slice(there.indexOf(row), there.indexOf(row) + block.length);
    const covered = targets.flatMap((target, at) => cells(target).slice(column, column + block[at].length));
    const looked = history.record(covered, () => {
      while (!isFixed && targets.length < block.length) targets.push(add());
      const pickers = [];
      for (const [at, target] of targets.entries()) {
        const row = cells(target);
        for (const [offset, value] of block[at].entries()) {
          const cell = row[column + offset];
          if (!cell || cell.readOnly || cell.disabled) continue;
          const words = cell.tagName === "TEXTAREA" ? value.trim() : value.trim().replace(/\s*\n\s*/g, " ");
          if (cell.getAttribute("role") === "combobox") pickers.push([cell, words]);
          else put(cell, words);
        }
        totals.mark(target);
      }
      return resolveAll(pickers);
    });
    await looked;
    history.settle();
    changed();
  });

  function put(cell, value) {
    if (cell.type === "checkbox") cell.checked = /^(1|x|y|yes|true|√|✓|是)$/i.test(value);
    else if (cell.tagName === "SELECT") {
      const option = [...cell.options].find((each) => each.value === value || each.textContent.trim() === value);
      if (option) cell.value = option.value;
    } else if (cell.type === "date") cell.value = date(value);
    else cell.value = cell.classList.contains("num") ? tidy(value) : value;
    cell.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** A date as spreadsheets write it (2026-11-23, 2026/11/3, 2026年11月3日) as the input wants it. */
  function date(value) {
    const found = /^(\d{4})\D+(\d{1,2})\D+(\d{1,2})/.exec(value);
    return found ? `${found[1]}-${found[2].padStart(2, "0")}-${found[3].padStart(2, "0")}` : value;
  }

  /* ---- A draft that is taken back ---- */

  // The lines are to be those with these ids («» a new one), in this order; its rows are given back.
  grid.addEventListener("kehu:lines", (event) => {
    const { detail } = event;
    const known = new Map([...body.querySelectorAll("[data-line]")].map((row) => [row.querySelector("input[type=hidden][name$='-id']").value, row]));
    detail.rows = detail.ids.map((id) => (id && known.get(id)) || add());
    if (!isFixed) history.record([], () => arrange(detail.rows));
  });

  /* ---- Buttons, and what is sent ---- */

  grid.querySelector("[data-line-add]")?.addEventListener("click", insert);
  grid.addEventListener("click", (event) => {
    const button = event.target.closest("[data-line-remove], [data-line-up], [data-line-down]");
    if (!button) return;
    const row = button.closest("[data-line]");
    if ("lineRemove" in button.dataset) return remove(row);
    move(row, "lineUp" in button.dataset ? -1 : 1);
    button.focus();
  });
  // A line in which nothing was entered is no line.  What the page reckoned goes along, for the server to compare.
  form.addEventListener("formdata", (event) => {
    totals.reckon();
    for (const row of rows()) {
      if (isEmpty(row)) for (const input of row.querySelectorAll("[name]")) event.formData.delete(input.name);
      else for (const [name, value] of totals.seen(row)) event.formData.append(`lines-${indexOf(row)}-${name}-seen`, value);
    }
    for (const [name, value] of totals.seenTotals()) event.formData.append(`lines-total-${name}-seen`, value);
  });
}
