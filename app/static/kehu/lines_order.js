/* The order of a line grid's lines: moved by its number, with a mouse, a pen or a finger. */

/** Let lines be dragged by their numbers.  `move(row, at)` puts a line at a place; `record(act)` makes it one step. */
export function draggable(body, { rows, place, record, commit }) {
  body.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.("[data-line-number]");
    if (!handle || event.button !== 0) return;
    const row = handle.closest("[data-line]");
    event.preventDefault();
    commit();
    const before = rows();
    handle.setPointerCapture(event.pointerId);
    body.classList.add("is-sorting");
    row.classList.add("is-moving");

    const follow = (moved) => {
      const under = document.elementFromPoint(Math.max(1, Math.min(innerWidth - 2, moved.clientX)), moved.clientY);
      const target = under?.closest("[data-line]");
      if (!target || target === row || target.parentElement !== body) return;
      const box = target.getBoundingClientRect();
      const isBelow = row.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING;
      // Past the middle, else lines of different heights would change places to and fro.
      if (isBelow ? moved.clientY > box.top + box.height / 2 : moved.clientY < box.top + box.height / 2) place(row, target, Boolean(isBelow));
    };
    const end = (isKept) => {
      handle.removeEventListener("pointermove", follow);
      handle.removeEventListener("pointerup", up);
      handle.removeEventListener("pointercancel", cancel);
      document.removeEventListener("keydown", escape, true);
      body.classList.remove("is-sorting");
      row.classList.remove("is-moving");
      record(before, row, isKept);
    };
    const up = () => end(true);
    const cancel = () => end(false);
    const escape = (pressed) => {
      if (pressed.key !== "Escape") return;
      pressed.preventDefault();
      pressed.stopPropagation();
      end(false);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", up);
    handle.addEventListener("pointercancel", cancel);
    document.addEventListener("keydown", escape, true);
  });
}
