/* The draft of a form: kept while it is written, offered back where it was not saved.
 *
 * It holds what every input shows, lines and pickers too; never passwords.  Files can't be kept: the offer names them.
 */

import { announce, moment } from "./dom.js";
import { forget, fresh, hold, keep, latest } from "./drafts.js";
import { restore, state } from "./lines_history.js";
import { chosen, fill } from "./picker_box.js";

const PAUSE = 400; // milliseconds without a key before what was typed is kept

const UNKEPT = "[type=hidden], [type=password], [type=file], [type=submit], [type=radio]";

/** The inputs outside the line grid that a draft holds, by a key that stays. */
function inputs(form) {
  const found = new Map();
  for (const input of form.querySelectorAll("input, select, textarea")) {
    if (input.matches(UNKEPT) || input.closest("[data-lines]") || input.readOnly || input.disabled) continue;
    const key = input.id || (input.name && `${input.name}=${input.value}`);
    if (key) found.set(key, input);
  }
  return found;
}

const many = (input) => input.closest('[data-picker="many"]');
const isCell = (input) => !input.matches("[type=hidden], [data-line-delete]");
const column = (input) => /^lines-\d+-(.+)$/.exec(input.id)?.[1];

const cells = (row) => [...row.querySelectorAll("input, select, textarea")].filter((input) => isCell(input) && column(input));
const idOf = (row) => row.querySelector("input[type=hidden][name$='-id']").value;

function written(form) {
  const fields = {};
  for (const [key, input] of inputs(form)) fields[key] = many(input) ? { many: chosen(many(input)), value: input.value } : state(input);
  const grid = form.querySelector("[data-lines]");
  const rows = grid ? [...grid.querySelectorAll("[data-line]")].filter((row) => !row.hidden) : [];
  const hidden = (name) => form.querySelector(`input[type=hidden][name="${name}"]`)?.value ?? "";
  return {
    at: Date.now(),
    version: hidden("version"),
    was: hidden("was"),
    fields,
    lines: grid && rows.map((row) => ({ id: idOf(row), cells: Object.fromEntries(cells(row).map((cell) => [column(cell), state(cell)])) })),
    files: [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files].map((file) => file.name)),
  };
}

function put(form, draft) {
  for (const [key, input] of inputs(form)) {
    const was = draft.fields[key];
    if (!was) continue;
    if (many(input)) {
      fill(many(input), was.many ?? []);
      input.value = was.value ?? "";
    } else restore(input, was);
  }
  const grid = form.querySelector("[data-lines]");
  if (grid && draft.lines) {
    const asked = new CustomEvent("kehu:lines", { detail: { ids: draft.lines.map(({ id }) => id), rows: [] } });
    grid.dispatchEvent(asked);
    for (const [at, row] of asked.detail.rows.entries()) {
      if (!row) continue;
      for (const cell of cells(row)) {
        const was = draft.lines[at].cells[column(cell)];
        if (was && !cell.readOnly && !cell.disabled) restore(cell, was);
      }
    }
  }
  for (const name of ["version", "was"]) {
    const input = form.querySelector(`input[type=hidden][name="${name}"]`);
    if (input && draft[name]) input.value = draft[name];
  }
}

/** Keep what is written into a form; it is told `kehu:changed` when a draft was taken back. */
export function keepDraft(form) {
  const place = form.dataset.draft;
  const name = form.querySelector("input[name=draft]");
  name.value ||= fresh();
  let timer = 0;
  let isHeld = false;
  let isDropped = false; // the form is given up, unless somebody stays
  let isWritten = Boolean(form.querySelector("[data-error-summary]"));

  const save = () => {
    clearTimeout(timer);
    if (!isWritten || isDropped) return;
    keep(place, name.value, written(form));
    if (isHeld) return;
    isHeld = true;
    hold(place, name.value);
  };
  const later = () => {
    isWritten = true;
    isDropped = false;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  };
  for (const event of ["input", "change", "kehu:changed"]) form.addEventListener(event, later);
  form.addEventListener("submit", save);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
  const cancel = form.querySelector("[data-cancel]");
  cancel?.addEventListener("click", () => (isDropped = true));
  // Who was asked whether to leave, and stayed, has given up nothing.
  for (const event of ["pointerdown", "keydown"]) {
    document.addEventListener(event, ({ target }) => {
      if (!isDropped || cancel.contains(target)) return;
      isDropped = false;
      save();
    }, true);
  }
  addEventListener("pagehide", () => (isDropped ? forget(place, name.value) : save()));
  if (isWritten) save();
  else offer();

  async function offer() {
    const found = await latest(place);
    if (!found || isWritten) return;
    const [token, draft] = found;
    const banner = form.querySelector("template[data-draft-offer]").content.firstElementChild.cloneNode(true);
    const words = banner.querySelector("[data-when]");
    words.textContent = words.textContent.replace("{when}", moment(draft.at));
    const version = form.querySelector("input[name=version]")?.value ?? "";
    banner.querySelector("[data-changed]").hidden = draft.version === version;
    const files = banner.querySelector("[data-files]");
    files.hidden = !draft.files?.length;
    files.textContent = files.textContent.replace("{files}", draft.files?.join(", ") ?? "");
    banner.querySelector("[data-take]").addEventListener("click", () => {
      banner.remove();
      put(form, draft);
      forget(place, token);
      form.dispatchEvent(new CustomEvent("kehu:changed"));
      save();
      announce(words.dataset.taken);
      form.querySelector(".field :is(input:not([type=hidden]), select, textarea)")?.focus();
    });
    banner.querySelector("[data-drop]").addEventListener("click", () => {
      forget(place, token);
      banner.remove();
      form.querySelector(".field :is(input:not([type=hidden]), select, textarea)")?.focus();
    });
    form.prepend(banner);
  }
}
