/* The figures of a line grid: what each line's cells make up, and the totals of columns, while somebody types.
 *
 * A change marks its line; before the next frame the marked lines are reckoned, and the sums of what all lines have.
 */

import { fraction, plain, read, reckon, rounded, shown } from "./decimal.js";

const QUANTITY = 4; // decimals of a quantity

export class Totals {
  constructor(grid, rows, isEmpty) {
    this.grid = grid;
    this.rows = rows;
    this.isEmpty = isEmpty;
    const live = JSON.parse(grid.dataset.live || "{}");
    this.numbers = Object.entries(live.numbers ?? {});
    this.figures = live.figures ?? [];
    this.totals = live.totals ?? [];
    this.known = new WeakMap(); // line → {name: units, "unit"}
    this.marked = new Set();
    this.isWaiting = false;
    this.outputs = new Map([...grid.querySelectorAll("[data-total]")].map((output) => [output.dataset.total, output]));
    this.isIdle = !this.figures.length && !this.totals.length;
    if (this.isIdle) return;
    const changed = (event) => {
      const row = event.target.closest?.("[data-line]");
      if (!row) return;
      this.mark(row);
      // What only the server can reckon is open until it has.
      for (const cell of row.querySelectorAll("[data-figure]")) {
        if (!this.figures.some(({ name }) => name === cell.dataset.figure)) show(cell.querySelector("output"), null, 0);
      }
    };
    grid.addEventListener("input", changed);
    grid.addEventListener("change", changed);
    this.reckon();
  }

  /** A line has changed; without one, which lines there are. */
  mark(row = null) {
    if (this.isIdle) return;
    if (row) this.marked.add(row);
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => this.reckon());
  }

  /** Reckon what is marked, now. */
  reckon() {
    this.isWaiting = false;
    if (this.isIdle) return;
    for (const row of this.marked) this.line(row);
    this.marked.clear();
    const lines = this.rows().map((row) => this.known.get(row) ?? this.line(row));
    this.sums = new Map();
    for (const { name, scale } of this.totals) {
      const values = lines.filter((line) => line[name] !== undefined);
      const units = new Set(scale === QUANTITY ? values.map((line) => line.unit).filter(Boolean) : []);
      const isSum = units.size < 2 && values.every((line) => line[name] !== null);
      const sum = isSum ? values.reduce((all, line) => all + line[name], 0n) : null;
      this.sums.set(name, sum);
      show(this.outputs.get(name), sum, scale);
    }
  }

  /** What a line's cells hold and make up: units by name, null for what is no number, nothing for what is empty. */
  line(row) {
    const found = { unit: row.querySelector("[data-unit]")?.dataset.unit ?? "" };
    const values = {};
    for (const [name, { scale, empty }] of this.numbers) {
      const input = row.querySelector(`[name$="-${name}"]`);
      const text = input?.value.trim() || empty;
      if (!text) continue;
      const value = read(text, input !== null && "rate" in input.dataset);
      const units = value && rounded(value, scale);
      const isExact = value && units * value.d === value.n * 10n ** BigInt(scale);
      found[name] = isExact ? units : null;
      if (isExact) values[name] = value;
    }
    for (const { name, scale, steps } of this.figures) {
      const value = reckon(steps, values);
      if (value) {
        found[name] = rounded(value, scale);
        values[name] = fraction(found[name], scale);
      } else if (!this.isEmpty(row)) found[name] = null; // a total without it would be too small
      show(row.querySelector(`[data-figure="${name}"] output`), value ? found[name] : null, scale);
    }
    this.known.set(row, found);
    return found;
  }

  /** What the page shows, as it is sent along: [name, exact text]. */
  seen(row) {
    const found = this.known.get(row) ?? {};
    return this.figures.filter(({ name }) => typeof found[name] === "bigint").map(({ name, scale }) => [name, plain(found[name], scale)]);
  }

  seenTotals() {
    return this.totals.filter(({ name }) => typeof this.sums?.get(name) === "bigint").map(({ name, scale }) => [name, plain(this.sums.get(name), scale)]);
  }
}

function show(output, units, scale) {
  if (!output) return;
  const text = units === null ? "–" : shown(units, scale);
  // The text changes, not the tree: nothing else on the page has to be laid out again.
  if (output.firstChild) output.firstChild.data = text;
  else output.textContent = text;
  output.classList.toggle("is-negative", units !== null && units < 0n);
}
