/* The field form: who is here, what they see of today, what they write, and what waits to be sent. */

import { announce, make, text, time } from "./dom.js";
import { leaveForm, leaving, recordForm, returning } from "./field_forms.js";
import * as list from "./field_list.js";
import { fetchDay, link, meet, onChange, run } from "./field_send.js";
import * as store from "./field_store.js";

const BRIEF = 4000; // milliseconds that a toast stays
const views = [...document.querySelectorAll("[data-view]")];
const title = document.querySelector("[data-title]");
const note = document.querySelector("[data-note]");
const out = document.querySelector("[data-out]");

let me = null; // the user's id
let held = null; // what they took along: { user, customers, outings, lines, outcomes, out }
let corrected = null; // the refused entry that a form is open for

const user = () => me;

function toast(message) {
  const shown = make("div", { class: "toast" }, make("p", {}, message));
  document.querySelector("[data-toasts]").replaceChildren(shown);
  setTimeout(() => shown.remove(), BRIEF);
}

/* ---- Who is here ---- */

async function enter(person) {
  me = person?.id ?? null;
  held = me === null ? null : ((await store.person(me)) ?? { user: me, customers: [], outings: [], lines: [], outcomes: [], out: null });
}

/** Customers to pick from: one's own, and those that were written here and are not sent yet. */
async function offered() {
  if (me === null) return [];
  const fresh = (await store.entries(me)).filter((entry) => entry.part === "customer" && entry.state !== "sent");
  const unsent = fresh.map((entry) => ({ ref: Object.keys(entry.gives)[0], name: entry.title, code: "" }));
  return [...unsent, ...held.customers.map(([id, code, name]) => ({ id, code, name }))];
}

async function refresh() {
  const day = await fetchDay();
  if (!day || day.user !== me) return;
  const entries = await store.entries(me);
  const waits = entries.some(({ state, part }) => state !== "sent" && ["outing", "leave", "back"].includes(part));
  const now = day.outings.find(({ state }) => state === "out");
  const known = now ? { id: now.id, ref: null, purpose: now.purpose, customer: now.customer, at: now.at } : null;
  // What was written here and is on its way is newer than what the server knows.
  held = { ...day, out: waits ? held.out : known, kept: Date.now() };
  await store.keepPerson(held);
}

async function keepOut(found) {
  held.out = found;
  await store.keepPerson(held);
}

/* ---- What is shown ---- */

function showLink() {
  const badge = document.querySelector("[data-link]");
  const isOff = link.state === "offline" || !navigator.onLine;
  badge.textContent = text(isOff ? "offline" : "online");
  badge.className = `badge ${isOff ? "tone-amber" : "tone-green"}`;
  badge.hidden = !isOff && link.state !== "online";
  const reasons = { login: text(me === null ? "nobody" : "login"), denied: link.reason };
  const reason = reasons[link.state] ?? (me === null ? text("nobody") : "");
  note.hidden = !reason;
  document.querySelector("[data-note-text]").textContent = reason;
  document.querySelector("[data-note-login]").hidden = link.state === "denied" || isOff;
}

function showToday() {
  const box = document.querySelector("[data-today-list]");
  const planned = held ? held.outings.filter(({ state, id }) => state === "planned" && held.out?.id !== id).map((outing) => ({ outing, what: outing.purpose, customer: outing.customer })) : [];
  const lines = held ? held.lines.filter(({ id }) => held.out?.line !== id).map((line) => ({ line, what: line.goal, customer: line.customer })) : [];
  const rows = [...planned, ...lines];
  document.querySelector("[data-today]").hidden = !rows.length;
  box.replaceChildren(
    ...rows.map(({ outing, line, what, customer }) => {
      const button = make("button", { type: "button", class: "btn" }, make("span", {}, text("leaveFor", { what: customer?.name ?? what })));
      button.disabled = Boolean(held.out);
      button.addEventListener("click", async () => {
        button.disabled = true;
        await left(await leaving(me, { outing, line, purpose: outing?.purpose, customer }));
      });
      return make("li", {}, make("p", { class: "field-group" }, make("strong", {}, customer?.name ?? what), customer ? make("span", { class: "help" }, what) : ""), button);
    }),
  );
}

function showHome() {
  const isOut = Boolean(held?.out);
  out.hidden = !isOut;
  if (isOut) {
    const { purpose, customer, at } = held.out;
    document.querySelector("[data-out-when]").textContent = text("outSince", { time: time(new Date(at)) });
    document.querySelector("[data-out-what]").textContent = customer ? `${customer.name} · ${purpose}` : purpose;
    document.querySelector("[data-come-back-plain]").hidden = Boolean(customer);
  }
  for (const each of document.querySelectorAll("[data-may]")) each.hidden = me === null || link.may[each.dataset.may] === false;
  document.querySelector(".field-taps [data-may=outing]").hidden ||= isOut;
  const outcomes = document.querySelector("[data-outcomes]");
  outcomes.replaceChildren(...(held?.outcomes ?? []).map((value) => make("option", { value })));
  showToday();
}

/** Whoever threw away an outing that was not sent is not on it. */
async function checkOut() {
  const ref = held?.out?.ref;
  if (!ref || ref in (await store.answers([ref]))) return;
  if (!(await store.entries(me)).some(({ gives }) => ref in gives)) await keepOut(null);
}

let showing = null;
let again = false;

/** Show how it stands now; asked for while it is shown, it is shown once more. */
function show() {
  if (showing) {
    again = true;
    return showing;
  }
  showing = (async () => {
    do {
      again = false;
      await showAll();
    } while (again);
  })().finally(() => (showing = null));
  return showing;
}

async function showAll() {
  await checkOut();
  showLink();
  showHome();
  await list.show(me, (entry) => {
    corrected = entry;
    location.hash = entry.view === "leave" ? "leave/correct" : entry.part === "customer" ? "customer/correct" : "record/correct";
  });
}

const forms = {
  leave: leaveForm(document.querySelector("[data-view=leave]"), user, offered, async (found) => (found ? left(found) : saved())),
  record: recordForm(document.querySelector("[data-view=record]"), user, offered, async (isBack) => {
    if (isBack) await keepOut(null);
    await saved();
  }),
};

async function open() {
  const [name = "", how = ""] = location.hash.slice(1).split("/");
  const wanted = me === null || (how === "correct" && !corrected) ? "home" : { leave: "leave", record: "record", customer: "record" }[name] || "home";
  const entry = how === "correct" ? corrected : null;
  if (wanted === "leave") forms.leave.open(entry);
  if (wanted === "record") await forms.record.open({ alone: name === "customer" && !entry, out: how === "back" ? held.out : null, corrected: entry });
  if (wanted === "home") corrected = null;
  for (const view of views) view.hidden = view.dataset.view !== wanted;
  const shown = views.find((view) => view.dataset.view === wanted);
  title.textContent = (name === "customer" && shown.dataset.titleNew) || shown.dataset.titleText || title.dataset.text;
  document.querySelector("[data-home]").hidden = wanted === "home";
  scrollTo(0, 0);
}

/* ---- What is done ---- */

async function saved(said = "") {
  announce(said || text("kept"));
  if (said || link.state !== "online" || !navigator.onLine) toast(said || text("kept"));
  history.replaceState(null, "", location.pathname);
  await open();
  await show();
  await send();
}

async function left({ parts, out: found }) {
  await store.add(parts.all);
  const line = parts.all[0].body.plan_line;
  await keepOut({ ...found, line });
  await saved(text("left"));
}

async function send() {
  if (me === null) return;
  const before = await store.entries(me);
  await run(me);
  if (link.state === "other") {
    await arrive();
    return;
  }
  if (link.state === "online" && before.some(({ state }) => state !== "sent")) await refresh();
  await show();
}

document.querySelector("[data-come-back-plain]").addEventListener("click", async () => {
  await store.add(returning(me, held.out).all);
  await keepOut(null);
  await saved(text("back"));
});

/** Find out who is here: from the server where it can be asked, else from what this browser keeps. */
async function arrive() {
  await enter(store.who());
  await show();
  await open();
  await meet();
  if (link.state === "online" && link.user.id !== me) {
    // Somebody else has logged in: what the one before has not sent stays theirs.
    await store.welcome(link.user);
    await enter(link.user);
    history.replaceState(null, "", location.pathname);
    await show();
    await open();
  }
  if (link.state === "online") {
    await refresh();
    await send();
  }
  await show();
}

async function comeTo() {
  if (link.user && link.user.id === me) await send();
  else await arrive();
}

onChange(show);
store.onNews(show);
list.begin(user);
addEventListener("hashchange", open);
addEventListener("online", comeTo);
addEventListener("offline", () => {
  link.state = "offline";
  show();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && comeTo());

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/field/worker.js", { scope: "/field" }).then(
    () => navigator.serviceWorker.ready.then(({ active }) => active.postMessage("fill")),
    () => {},
  );
}

arrive().catch(() => {
  note.hidden = false;
  document.querySelector("[data-note-text]").textContent = text("unkept");
});
