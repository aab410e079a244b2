/* A board: cards are dragged between its columns, or moved by the keyboard; what is refused asks for a reason. */

import { announce, text } from "./dom.js";

const board = () => document.querySelector("[data-board]");
const dialog = document.querySelector("[data-move-dialog]");
let dragged = null;

const columns = () => [...document.querySelectorAll("[data-column]")];
const cardsOf = (column) => [...column.querySelectorAll("[data-card]")];
const nameOf = (card) => card.querySelector("[data-name]").textContent.trim();
const titleOf = (column) => column.querySelector("h2").firstChild.textContent.trim();

/** Take the card to the column over the API; the answer's status and body. */
async function ask(card, column, reason) {
  const token = dialog.querySelector("[name=csrf_token]").value;
  const url = board().dataset.moveUrl.replace("/0/", `/${card.dataset.card}/`);
  const body = { [board().dataset.by]: Number(column.dataset.column), ...(reason ? { reason } : {}) };
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json().catch(() => ({})) };
}

/** Show the board as the server has it now, and stand on the card again. */
async function refresh(id) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-board]");
  const scroll = board().querySelector(".board")?.scrollLeft ?? 0;
  if (!answer.ok || !fresh) return location.reload();
  board().replaceWith(fresh);
  board().querySelector(".board").scrollLeft = scroll;
  board().querySelector(`[data-card="${id}"] [data-name]`)?.focus();
}

const words = (body) => Object.values(body.errors ?? {}).flat().join(" ") || body.message || text("unanswered");

async function move(card, column, reason = "") {
  card.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await ask(card, column, reason);
  } catch {
    answer = { status: 0, body: {} };
  }
  card.removeAttribute("aria-busy");
  if (answer.status === 200) {
    if (dialog.open) dialog.close();
    const said = board().dataset.moved.replace("{what}", nameOf(card)).replace("{column}", titleOf(column));
    await refresh(card.dataset.card);
    announce(said);
  } else {
    open(card, column, words(answer.body));
  }
}

/** The dialog that asks where to, and why; `error` is what was refused. */
function open(card, column, error = "") {
  dialog.card = card;
  dialog.querySelector("[data-what]").textContent = nameOf(card);
  dialog.querySelector("[data-to]").value = column.dataset.column;
  const told = dialog.querySelector("[data-error]");
  told.textContent = error;
  told.hidden = !error;
  if (!dialog.open) {
    dialog.querySelector("[data-reason]").value = "";
    dialog.showModal();
  }
  dialog.querySelector(error ? "[data-reason]" : "[data-to]").focus();
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-movable]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", nameOf(dragged));
  dragged.classList.add("is-dragged");
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  for (const column of columns()) column.classList.remove("is-target");
  dragged = null;
});

document.addEventListener("dragover", (event) => {
  const target = event.target.closest?.("[data-column]");
  for (const column of columns()) column.classList.toggle("is-target", dragged !== null && column === target);
  if (dragged && target) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const target = event.target.closest?.("[data-column]");
  if (!dragged || !target) return;
  event.preventDefault();
  if (dragged.closest("[data-column]") !== target) move(dragged, target);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-move]");
  if (button) {
    const card = button.closest("[data-card]");
    open(card, columns().find((each) => each.dataset.column === card.dataset.next) ?? card.closest("[data-column]"));
  }
  if (event.target.closest?.("[data-cancel]")) dialog.close();
});

dialog?.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const to = dialog.querySelector("[data-to]").value;
  const column = columns().find((each) => each.dataset.column === to);
  move(dialog.card, column, dialog.querySelector("[data-reason]").value.trim());
});

/* Arrows go from card to card; with Alt to the left or right they take the card along. */
document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-card]");
  if (!card || !event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const column = card.closest("[data-column]");
  const every = columns();
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
  event.preventDefault();
  if (event.altKey) {
    const target = every[every.indexOf(column) + sideways];
    if (sideways && target && "movable" in card.dataset) move(card, target);
    return;
  }
  const own = cardsOf(column);
  const place = own.indexOf(card);
  let next = own[place + ({ ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0)];
  for (let at = every.indexOf(column) + sideways; sideways && every[at]; at += sideways) {
    const others = cardsOf(every[at]);
    next = others[Math.min(place, others.length - 1)];
    if (next) break;
  }
  next?.querySelector("[data-name]").focus();
});
