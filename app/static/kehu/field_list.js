/* What waits, what was refused and why, and what was sent last: entries that were written together stand together. */

import { make, moment, text } from "./dom.js";
import { isRunning, link, run } from "./field_send.js";
import * as store from "./field_store.js";

const TONES = { waiting: "tone-amber", sending: "tone-blue", refused: "tone-red", sent: "tone-green" };
const ORDER = ["refused", "sending", "waiting", "sent"];
const lists = { waiting: document.querySelector("[data-waiting]"), sent: document.querySelector("[data-sent]") };
const count = document.querySelector("[data-waiting-count]");
const sendNow = document.querySelector("[data-send-now]");

/** An entry and what can't be sent without it. */
function withDependents(entry, all) {
  const gone = [entry];
  for (const each of all) {
    const lost = gone.flatMap((one) => Object.keys(one.gives));
    if (!gone.includes(each) && each.state !== "sent" && each.needs.some((ref) => lost.includes(ref))) gone.push(each);
  }
  return gone;
}

function button(label, done, extra = "") {
  const made = make("button", { type: "button", class: `btn ${extra}` }, text(label));
  made.addEventListener("click", done);
  return made;
}

function tools(entry, all, onCorrect) {
  const found = [];
  if (entry.state === "refused") {
    if (entry.view) found.push(button("correct", () => onCorrect(entry), "btn-primary"));
    found.push(button("again", async () => (await store.correct(entry, {}), run(entry.user))));
  }
  if (entry.state === "refused" || entry.state === "waiting") {
    found.push(
      button(
        "discard",
        async () => {
          const gone = withDependents(entry, all);
          const asked = gone.length > 1 ? text("discardMany", { n: gone.length - 1 }) : text("discardOne");
          if (confirm(asked)) await store.remove(gone.map((each) => each.id));
          await show(entry.user, onCorrect);
        },
        "btn-quiet",
      ),
    );
  }
  return found;
}

function part(entry, known, all, onCorrect) {
  const badge = make("span", { class: `badge ${TONES[entry.state]}` }, text(`state${entry.state[0].toUpperCase()}${entry.state.slice(1)}`));
  const line = make("li", { "data-state": entry.state, "data-part": entry.part }, make("span", { class: "field-part-name" }, text(`part${entry.part[0].toUpperCase()}${entry.part.slice(1)}`)), badge);
  const waits = entry.state === "waiting" && entry.needs.some((ref) => !(ref in known));
  const reason = entry.reason || (waits ? text("waitsForOther") : "");
  if (reason) line.append(make("p", { class: entry.state === "refused" ? "field-error" : "help" }, reason));
  // What waits is let go of as a whole; what was refused, by itself.
  const found = entry.state === "refused" ? tools(entry, all, onCorrect) : [];
  if (found.length) line.append(make("div", { class: "field-tools" }, ...found));
  return line;
}

function group(entries, known, all, onCorrect) {
  const [first] = entries;
  const state = ORDER.find((name) => entries.some((entry) => entry.state === name));
  const head = make("p", { class: "field-group" }, make("strong", {}, first.title), make("span", { class: "help" }, moment(new Date(first.at))));
  const box = make("li", { "data-group": first.group, "data-state": state }, head, make("ul", {}, ...entries.map((entry) => part(entry, known, all, onCorrect))));
  if (state === "waiting" && entries.every((entry) => entry.state === "waiting")) box.append(make("div", { class: "field-tools" }, ...tools(first, all, onCorrect)));
  return box;
}

/** Show what is kept of `user`. */
export async function show(user, onCorrect) {
  const all = user === null ? [] : await store.entries(user);
  const known = await store.answers([...new Set(all.flatMap((entry) => entry.needs))]);
  const groups = new Map();
  for (const entry of all) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  const open = [...groups.values()].filter((each) => each.some((entry) => entry.state !== "sent"));
  const sent = [...groups.values()].filter((each) => each.every((entry) => entry.state === "sent")).reverse();
  lists.waiting.replaceChildren(...open.map((each) => group(each, known, all, onCorrect)));
  lists.sent.replaceChildren(...sent.map((each) => group(each, known, all, onCorrect)));
  document.querySelector("[data-sent-part]").hidden = !sent.length;
  document.querySelector("[data-nothing-waits]").hidden = open.length > 0;
  count.hidden = !open.length;
  count.textContent = open.length;
  document.querySelector("[data-top-count]").hidden = !open.length;
  document.querySelector("[data-top-number]").textContent = open.length;
  sendNow.hidden = !open.length;
  sendNow.setAttribute("aria-disabled", isRunning());
  return open.length;
}

/** Let the button «Send now» send what waits of whoever `user()` says. */
export function begin(user) {
  sendNow.addEventListener("click", () => user() !== null && run(user()));
  return link;
}
