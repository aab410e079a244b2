/* Sends what waits, in the order in which it was written, each entry once: with its own key, as the user who wrote it.
 *
 * What was refused stays and says why; what depends on it waits.  A connection that breaks, a server that does not answer
 * and a log-in that has expired change nothing: it is sent again.
 */

import { text } from "./dom.js";
import * as store from "./field_store.js";

const AGAIN = 2000; // milliseconds until the next try, doubled each time
const LATEST = 5 * 60 * 1000;
const PATIENCE = 30_000; // of one request; a file gets more
const PER_BYTE = 1 / 10; // milliseconds: as slow as 10 kB a second
const REFUSED_LATER = new Set([408, 425, 429]);
const LOST = Symbol("no answer");

let running = null;
let tries = 0;
let timer = 0;

/** How it stands: "online", "offline", "login" (nobody is logged in), "other" (somebody else), "denied". */
export const link = { state: "online", token: "", may: {}, user: null, skew: 0, reason: "" };
const listeners = new Set();
export const onChange = (told) => listeners.add(told);
const tell = () => listeners.forEach((told) => told());

/** Now, by the server's clock as far as it is known. */
export const now = () => new Date(Date.now() + link.skew);

function set(state, reason = "") {
  link.state = state;
  link.reason = reason;
  tell();
}

async function ask(path, options = {}, patience = PATIENCE) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), patience);
  try {
    const answer = await fetch(`/api/v1/${path}`, { cache: "no-store", signal: stop.signal, ...options, headers: { Accept: "application/json", ...options.headers } });
    const told = await answer.json().catch(() => null);
    return { status: answer.status, ok: answer.ok && told !== null, told: told ?? {} };
  } catch {
    return { status: 0, ok: false, told: {}, lost: LOST };
  } finally {
    clearTimeout(late);
  }
}

/** Ask who is logged in; true if it is `user`, or whoever it is where none is said. */
export async function meet(user = null) {
  const { status, ok, told } = await ask("field/session");
  if (ok) {
    Object.assign(link, { token: told.token, may: told.may, user: told.user, skew: Date.parse(told.now) - Date.now() });
    set(user === null || told.user.id === user ? "online" : "other");
    return link.state === "online";
  }
  if (status === 401) set("login");
  else if (status === 403) set("denied", told.message);
  else set("offline");
  return false;
}

/** What the user takes along; null when it is not to be had now. */
export async function fetchDay() {
  const { ok, told, status } = await ask("field/day");
  if (status === 403) set("denied", told.message);
  return ok ? told : null;
}

/** Customers beyond one's own: asked where there is a connection. */
export async function search(words) {
  const { ok, told } = await ask(`field/customers?q=${encodeURIComponent(words)}`);
  return ok ? told.result : [];
}

/** What the server says of customers that may be the same as a new one; nothing where it can't be asked. */
export async function alike(typed) {
  if (link.state !== "online") return [];
  const { ok, told } = await ask(`customers/duplicates?${new URLSearchParams(typed)}`);
  return ok ? told.result.map(({ message }) => message) : [];
}

function filled(value, known) {
  let found = JSON.stringify(value);
  for (const [ref, id] of Object.entries(known)) found = found.replaceAll(`"{${ref}}"`, JSON.stringify(id)).replaceAll(`{${ref}}`, String(id));
  return JSON.parse(found);
}

async function post(entry) {
  const known = await store.answers(entry.needs);
  const headers = { "X-CSRFToken": link.token, "Idempotency-Key": entry.key, "X-Kehu-User": String(entry.user) };
  const path = filled(entry.path, known);
  if (!entry.file) {
    headers["Content-Type"] = "application/json";
    return ask(path, { method: entry.method, headers, body: JSON.stringify(filled(entry.body, known)) });
  }
  const body = new FormData();
  for (const [name, value] of Object.entries(filled(entry.form, known))) body.append(name, value);
  body.append("file", store.unpacked(entry.file), entry.file.name);
  return ask(path, { method: entry.method, headers, body }, PATIENCE + entry.file.bytes.byteLength * PER_BYTE);
}

/** Why an entry was refused, in words. */
function reasonOf({ status, told }) {
  const texts = Object.values(told.errors ?? {}).flat().filter((each) => typeof each === "string");
  return [...new Set(texts)].join(" ") || told.message || text("refused", { status });
}

/** Send one entry.  True: go on; false: there is no use in going on now. */
async function send(entry) {
  await store.save({ ...entry, state: "sending", reason: "" });
  tell();
  let answer = await post(entry);
  const back = (state, reason) => store.save({ ...entry, state, reason });
  if (answer.status === 400) {
    // The token was an old session's; or somebody else's, who has logged in meanwhile.
    if (!(await meet(entry.user))) {
      await back("waiting", "");
      return false;
    }
    answer = await post(entry);
  }
  if (answer.ok) {
    await store.settle(entry, answer.told);
    return true;
  }
  if (answer.status === 401) {
    await back("waiting", "");
    await meet(entry.user);
    return false;
  }
  if (answer.status >= 400 && answer.status < 500 && !REFUSED_LATER.has(answer.status)) {
    await store.save({ ...entry, state: "refused", reason: reasonOf(answer), status: answer.status });
    return true;
  }
  await back("waiting", answer.lost ? text("broke") : text("unanswered"));
  return null;
}

/** The outing that an entry leaves on or comes back from («outings/12»), or empty. */
const outingOf = (entry) => /^outings\/[^/]+(?=\/)/.exec(entry.path)?.[0] ?? "";

async function isReady(entry) {
  if (entry.state === "sent" || entry.state === "refused") return false;
  const known = await store.answers(entry.needs);
  return entry.needs.every((ref) => ref in known);
}

async function sendAll(user) {
  if (!(await meet(user))) return false;
  const done = new Set();
  const held = new Set(); // the outings of which something did not arrive: what comes after it waits for it
  let broken = 0;
  for (;;) {
    const all = await store.entries(user);
    let next = null;
    for (const entry of all) {
      if (!done.has(entry.id) && !held.has(outingOf(entry)) && (await isReady(entry))) {
        next = entry;
        break;
      }
    }
    if (!next) return !broken;
    done.add(next.id);
    const went = await send(next);
    tell();
    if (went === false) return false;
    if (went === null && outingOf(next)) held.add(outingOf(next));
    // One that breaks does not hold up the others; two say that it is the connection.
    if (went === null && ++broken > 1) {
      await meet(user);
      return false;
    }
  }
}

async function locked(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request("kehu-field-sending", { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

/** Send what waits of `user`.  What can't be sent now is tried again later. */
export function run(user) {
  running ??= locked(() => sendAll(user))
    .catch(() => false)
    .then(async (went) => {
      running = null;
      clearTimeout(timer);
      tries = went ? 0 : tries + 1;
      const waits = (await store.entries(user)).some((entry) => entry.state === "waiting" || entry.state === "sending");
      if (waits && !["login", "other", "denied"].includes(link.state)) {
        timer = setTimeout(() => run(user), Math.min(AGAIN * 2 ** Math.max(0, tries - 1), LATEST));
      }
      tell();
    });
  return running;
}

export const isRunning = () => running !== null;
