/* What was done in a line grid, so that it can be taken back: cells typed into or pasted over, lines that came, went or
 * moved.  An entry keeps the cells as they were before and the lines in their order before; to take it back is to
 * exchange that with what is there now, so that the same entry does it again.
 */

import { assign, held, unmark } from "./picker_box.js";

const KEPT = 200;

const isPicker = (cell) => cell.getAttribute("role") === "combobox";

/** What a cell holds. */
export function state(cell) {
  return isPicker(cell) ? held(cell) : cell.type === "checkbox" ? { checked: cell.checked } : { value: cell.value };
}

const isSame = (one, other) => Object.keys(one).every((key) => one[key] === other[key]);

/** Let a cell hold what it, or another, held; those who listen hear of it. */
export function restore(cell, was) {
  if (isPicker(cell)) {
    unmark(cell);
    assign(cell, was);
  } else if (cell.type === "checkbox") cell.checked = was.checked;
  else cell.value = was.value;
  cell.dispatchEvent(new Event("change", { bubbles: true }));
}

export class History {
  /** `rows()` are the lines there are, `arrange(rows)` makes them so; `changed()` is told of each change of what can be
   * taken back. */
  constructor({ rows, arrange, changed }) {
    Object.assign(this, { rows, arrange, changed });
    this.done = [];
    this.undone = [];
    this.typing = null; // [cell, what it held when it was entered]
  }

  /** A cell is entered. */
  enter(cell) {
    this.commit();
    this.typing = [cell, state(cell)];
  }

  /** What was typed into the cell counts as done. */
  commit() {
    if (!this.typing) return;
    const [cell, before] = this.typing;
    if (isSame(before, state(cell))) return;
    this.typing = [cell, state(cell)];
    this.push({ cells: [[cell, before]], order: null });
  }

  /** Do something that changes `cells` or the lines themselves. */
  record(cells, act) {
    this.commit();
    const before = cells.map((cell) => [cell, state(cell)]);
    const order = this.rows();
    const result = act();
    const after = this.rows();
    const isMoved = order.length !== after.length || order.some((row, at) => row !== after[at]);
    // What a paste looks up is not there yet: its cells count as changed.
    if (before.length || isMoved) this.push({ cells: before, order: isMoved ? order : null });
    this.settle();
    return result;
  }

  /** What the cell at hand holds now was not typed into it. */
  settle() {
    if (this.typing) this.typing = [this.typing[0], state(this.typing[0])];
  }

  push(entry) {
    this.done.push(entry);
    if (this.done.length > KEPT) this.done.shift();
    this.undone = [];
    this.changed();
  }

  get canUndo() {
    return this.done.length > 0 || (this.typing !== null && !isSame(this.typing[1], state(this.typing[0])));
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  /** Take back the last thing done; the cell to look at, or null when there was nothing. */
  undo() {
    this.commit();
    return this.exchange(this.done, this.undone);
  }

  redo() {
    this.commit();
    return this.exchange(this.undone, this.done);
  }

  exchange(from, to) {
    const entry = from.pop();
    if (!entry) return null;
    const now = { cells: entry.cells.map(([cell]) => [cell, state(cell)]), order: entry.order && this.rows() };
    if (entry.order) this.arrange(entry.order);
    for (const [cell, was] of entry.cells) restore(cell, was);
    to.push(now);
    this.settle();
    this.changed();
    return { cell: entry.cells[0]?.[0] ?? null, order: entry.order && [entry.order, now.order] };
  }
}
