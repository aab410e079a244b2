/* The week: forms are sent without leaving the page, and what is planned is dragged to another day.
 *
 * Whatever was sent, the server answers with the page as it is then; without this script it does the same by loading it.
 */

import { announce, text } from "./dom.js";

const root = () => document.querySelector("[data-week]");
let dragged = null;

/** Where to stand afterwards: in the first input that is wrong, else in the next empty line of the same day. */
function stand(id, failed) {
  const wrong = root().querySelector("[aria-invalid=true]");
  const next = wrong ?? (id ? document.getElementById(id) : null);
  if (wrong) wrong.closest("details")?.setAttribute("open", "");
  if (wrong) told(wrong);
  next?.focus();
  if (failed && wrong) announce(wrong.closest("div")?.querySelector(".field-error")?.textContent ?? "");
}

/** Let a form be sent again that did not arrive. */
function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
}

/** What is typed into the other forms and not sent yet: (id, value, what a picker has chosen). */
function dirty(sent) {
  const fields = [...root().querySelectorAll("form input[id], form textarea[id], form select[id]")];
  return fields
    .filter((field) => field.form !== sent && field.type !== "checkbox" && isDirty(field))
    .map((field) => {
      const picker = field.closest("[data-picker]");
      return [field.id, field.value, picker ? picker.querySelector("input[type=hidden]").value : null];
    });
}

/** The form that came anew holds what is not sent yet. */
const told = (field) => field.form.dispatchEvent(new CustomEvent("kehu:changed"));

function isDirty(field) {
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  return [...field.options].some((option) => option.selected !== option.defaultSelected) && field.value !== field.options[0]?.value;
}

async function send(form, button, stay) {
  const body = new FormData(form, button ?? undefined);
  root().setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  } catch {
    root().removeAttribute("aria-busy");
    release(form);
    announce(text("unanswered"));
    return;
  }
  const html = await answer.text();
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const week = fresh.querySelector("[data-week]");
  if (!week) {
    // Another page altogether: the log-in, which keeps what was typed, or one that says what is wrong.
    document.open();
    document.write(html);
    document.close();
    return;
  }
  const typed = dirty(form);
  root().replaceWith(week);
  for (const [id, value, chosen] of typed) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    if (chosen !== null) field.closest("[data-picker]").querySelector("input[type=hidden]").value = chosen;
    told(field);
    field.closest("details")?.setAttribute("open", "");
  }
  for (const flash of fresh.querySelectorAll("[data-flash]")) announce(flash.querySelector("p")?.textContent ?? "");
  const banner = fresh.querySelector(".banner[data-flash]");
  if (banner) root().before(banner);
  stand(stay, !answer.ok);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-week-form]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  const day = form.closest("[data-day]")?.dataset.day;
  const line = form.closest("[data-line]")?.dataset.line;
  const ticks = event.submitter?.classList.contains("week-tick");
  void send(form, event.submitter, "adds" in form.dataset ? `day-${day}-customer` : ticks ? `tick-${line}` : "");
});

/* ---- Dragging to another day; by the keyboard it is the day in «Change» ---- */

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-line][draggable]") ?? null;
  if (dragged) event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragend", () => {
  dragged = null;
  for (const day of document.querySelectorAll(".is-target")) day.classList.remove("is-target");
});
document.addEventListener("dragover", (event) => {
  const day = dragged && event.target.closest?.("[data-day]");
  if (!day) return;
  event.preventDefault();
  for (const other of document.querySelectorAll(".is-target")) if (other !== day) other.classList.remove("is-target");
  day.classList.add("is-target");
});
document.addEventListener("drop", (event) => {
  const day = dragged && event.target.closest?.("[data-day]");
  if (!day || day === dragged.closest("[data-day]")) return;
  event.preventDefault();
  const form = dragged.querySelector(".week-change");
  const field = form?.elements.planned_on;
  if (!field) return;
  field.value = day.dataset.day;
  void send(form, null, "");
});
