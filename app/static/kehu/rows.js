/* The keyboard of lists and records: rows are walked, chosen and opened, lists turned, and a record leads to the next one.
 *
 * One row is the current one and takes the focus (a roving tabindex).  The address remembers it, so that whoever comes
 * back to the list finds it where they left it.
 */

const BUSY = "input, textarea, select, [contenteditable], dialog, [role=listbox]";
const ANCHOR = /^#row-\d+$/;

const list = document.querySelector("[data-list]");
const rows = list ? [...list.querySelectorAll("tbody > tr")] : [];
const pickOf = (row) => row?.querySelector("[data-pick]");
const currentRow = () => rows.find((row) => row.classList.contains("is-current"));
let from = null; // where a choice by Shift and arrows began

function remember(row) {
  if (row.id) history.replaceState(history.state, "", `${location.pathname}${location.search}#${row.id}`);
}

/** Make `row` the current one. */
function stand(row, { focus = true } = {}) {
  for (const each of rows) {
    const here = each === row;
    each.tabIndex = here ? 0 : -1;
    each.classList.toggle("is-current", here);
  }
  if (!focus) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function walk(step, extend) {
  const here = currentRow();
  const next = here ? rows[rows.indexOf(here) + step] : rows[step > 0 ? 0 : rows.length - 1];
  if (extend && here) {
    from ??= here;
    choose(from, next ?? here);
  } else from = null;
  if (next) stand(next);
}

/** Choose the rows between two, and no others. */
function choose(one, other) {
  const [first, last] = [rows.indexOf(one), rows.indexOf(other)].sort((a, b) => a - b);
  rows.forEach((row, at) => {
    const pick = pickOf(row);
    if (pick && pick.checked !== (at >= first && at <= last)) pick.click();
  });
}

function press(selector) {
  const target = document.querySelector(selector);
  target?.click();
  return Boolean(target);
}

const LIST_KEYS = {
  ArrowDown: (event) => walk(1, event.shiftKey),
  ArrowUp: (event) => walk(-1, event.shiftKey),
  j: () => walk(1),
  k: () => walk(-1),
  J: () => walk(1, true),
  K: () => walk(-1, true),
  Home: () => rows[0] && stand(rows[0]),
  End: () => rows.length && stand(rows.at(-1)),
  x: () => pickOf(currentRow())?.click(),
  " ": () => pickOf(currentRow())?.click(),
  f: () => press("[data-filter] > summary"),
  n: () => press(".page-actions a[href$=\"/add\"]"),
  "[": () => press(".pager [rel=prev]"),
  "]": () => press(".pager [rel=next]"),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  // A box to choose a row takes no text: the keys go on from there.
  const inBox = event.target.matches?.("[data-pick]");
  if ((event.target.closest(BUSY) && !inBox) || document.querySelector("dialog[open], details[data-menu][open]")) return;
  if (!list) {
    if (press(`[data-key="${CSS.escape(event.key)}"]`)) event.preventDefault();
    return;
  }
  const onRow = event.target.matches("tr") || event.target === document.body || event.target.id === "content" || inBox;
  if (event.key === "Enter") {
    if (event.target.matches("tr[data-href]")) open(event.target);
    return;
  }
  if (event.key === " " && (!event.target.matches("tr") || inBox)) return;
  const act = LIST_KEYS[event.key];
  if (!act || (!onRow && (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End"))) return;
  event.preventDefault();
  act(event);
});

function open(row) {
  remember(row);
  location.assign(row.dataset.href);
}

// What opens a row marks it, however it is opened.
list?.addEventListener("click", (event) => {
  const row = event.target.closest("tbody > tr");
  if (!row || !rows.includes(row) || event.target.closest("[data-pick], .pick")) return;
  stand(row, { focus: false });
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey && event.target.closest("a") === row.querySelector(".first a")) remember(row);
}, true);
list?.addEventListener("focusin", (event) => {
  const row = event.target.closest("tbody > tr");
  if (row && rows.includes(row) && row !== currentRow()) stand(row, { focus: false });
});

if (rows.length) {
  const returned = ANCHOR.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
  rows.forEach((row, at) => (row.tabIndex = at === 0 ? 0 : -1));
  if (rows.includes(returned)) {
    stand(returned, { focus: false });
    // After the browser's own way to the anchor, which would put it under the head.
    addEventListener("load", () => {
      returned.scrollIntoView({ block: "center" });
      if (document.activeElement === document.body) returned.focus({ preventScroll: true });
    });
  }
}

/* ---- What is cut is told when it is pointed at; a table that is shifted shows where it begins ---- */

document.addEventListener("pointerover", (event) => {
  const cell = event.target.closest?.(".table tbody :is(td, th)");
  if (!cell || cell.querySelector("[title]") || cell.matches(".pick, .row-actions-cell")) return;
  const inner = cell.querySelector(".longtext") ?? cell;
  if (cell.scrollWidth > cell.clientWidth || inner.scrollWidth > inner.clientWidth) cell.title = cell.textContent.trim();
});

for (const wrap of document.querySelectorAll(".table-wrap")) {
  wrap.addEventListener("scroll", () => wrap.classList.toggle("is-shifted", wrap.scrollLeft > 0), { passive: true });
}

export { open as openRow };
