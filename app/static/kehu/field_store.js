/* What a browser keeps for who is out: entries that wait to be sent, what earlier ones were answered, forms that are half
 * written, and the customers one takes along.  Each is somebody's: it is found by that user's id alone.
 *
 * An entry: { user, ref, key, group, title, label, at, method, path, body | form + file, gives, needs, state, reason }.
 * «{ref}» in path and body stands for the id that another entry's answer gives; it waits until that is known.
 */

const NAME = "kehu-field";
const STORES = ["entries", "answers", "people", "drafts"];
const WHO = "kehu-field"; // in localStorage: who uses the form in this browser
const NEWS = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
export const SENT_SHOWN = 20; // entries that are told of after they were sent

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      const entries = asked.result.createObjectStore("entries", { keyPath: "id", autoIncrement: true });
      entries.createIndex("user", "user");
      asked.result.createObjectStore("answers", { keyPath: "ref" });
      asked.result.createObjectStore("people", { keyPath: "user" });
      asked.result.createObjectStore("drafts", { keyPath: ["user", "view"] });
    };
    asked.onsuccess = () => {
      asked.result.onversionchange = () => asked.result.close();
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

const settled = (asked) =>
  new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

/** Do `work` with the stores in one transaction; once it is on the disk, what it came to. */
async function change(work) {
  const transaction = (await open()).transaction(STORES, "readwrite", { durability: "strict" });
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  const result = await work(Object.fromEntries(STORES.map((name) => [name, transaction.objectStore(name)])));
  await done;
  NEWS?.postMessage("changed");
  return result;
}

async function read(store, ask) {
  return settled(ask((await open()).transaction(store).objectStore(store)));
}

/** Call back when another page of this browser changed what is kept. */
export function onNews(told) {
  NEWS?.addEventListener("message", told);
}

/** A name that nobody else has. */
export const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/* ---- Entries ---- */

/** Keep entries, all or none, and be done with the form that they were written in. */
export function add(entries, draft = null) {
  navigator.storage?.persist?.();
  return change((stores) => {
    for (const entry of entries) {
      stores.entries.add({ state: "waiting", reason: "", needs: [], gives: {}, method: "POST", key: fresh(), ...entry });
    }
    if (draft) stores.drafts.delete(draft);
  });
}

/** The entries of a user, in the order in which they were made. */
export const entries = (user) => read("entries", (store) => store.index("user").getAll(user));

export const save = (entry) => change((stores) => stores.entries.put(entry));

/** Put another entry in the place of a refused one: what it asks is new, so its key is. */
export const correct = (entry, changes) => save({ ...entry, ...changes, key: fresh(), state: "waiting", reason: "" });

export const remove = (ids) => change((stores) => ids.forEach((id) => stores.entries.delete(id)));

/** An entry was done: remember the ids that it gives, and let go of what it held. */
export function settle(entry, answer) {
  return change(async (stores) => {
    for (const [ref, name] of Object.entries(entry.gives)) {
      if (answer[name] !== undefined) stores.answers.put({ ref, id: answer[name], user: entry.user });
    }
    const { body, form, file, ...rest } = entry;
    stores.entries.put({ ...rest, state: "sent", reason: "", sent: Date.now(), answered: answer.id ?? null });
    const all = await settled(stores.entries.index("user").getAll(entry.user));
    const old = all.filter((each) => each.state === "sent").sort((one, other) => other.sent - one.sent);
    for (const each of old.slice(SENT_SHOWN)) stores.entries.delete(each.id);
  });
}

/** The ids that are known for `refs`, by ref. */
export async function answers(refs) {
  const found = await Promise.all(refs.map((ref) => read("answers", (store) => store.get(ref))));
  return Object.fromEntries(found.filter(Boolean).map(({ ref, id }) => [ref, id]));
}

/* ---- Forms that are half written, with their pictures and memos ---- */

export const draft = (user, view) => read("drafts", (store) => store.get([user, view]));
export const keepDraft = (user, view, draft) => change((stores) => stores.drafts.put({ user, view, ...draft }));
export const dropDraft = (user, view) => change((stores) => stores.drafts.delete([user, view]));

/* ---- Who is here, and what they take along ---- */

export function who() {
  try {
    return JSON.parse(localStorage.getItem(WHO));
  } catch {
    return null;
  }
}

/** Somebody uses the form in this browser: what it kept for others to pick from goes; what they have not sent stays. */
export async function welcome(person) {
  try {
    localStorage.setItem(WHO, JSON.stringify(person));
  } catch {
    /* Without it the form works while there is a connection. */
  }
  await forgetPeople(person.id);
}

export const person = (user) => read("people", (store) => store.get(user));
export const keepPerson = (person) => change((stores) => stores.people.put(person));

async function forgetPeople(but = null, left = null) {
  return change(async (stores) => {
    for (const key of await settled(stores.people.getAllKeys())) if (key !== but) stores.people.delete(key);
    for (const entry of await settled(stores.entries.getAll())) if (entry.state === "sent" && entry.user !== but) stores.entries.delete(entry.id);
    for (const key of await settled(stores.drafts.getAllKeys())) if (key[0] === left) stores.drafts.delete(key);
  });
}

/** Whoever used the form has left: customers, what was sent and the kept page go; with `left`, the id of who logs out, also
 * the form that they had begun.  Entries that were not sent stay, for their user alone.
 */
export async function leave(left = null) {
  try {
    localStorage.removeItem(WHO);
  } catch {
    /* It was not kept either. */
  }
  for (const name of (await globalThis.caches?.keys()) ?? []) if (name.startsWith(NAME)) await caches.delete(name);
  await forgetPeople(null, left);
}

/* ---- Files, as they are kept: their bytes, which no browser loses ---- */

export async function packed(blob, name) {
  return { name, type: blob.type, bytes: await blob.arrayBuffer() };
}

export const unpacked = (file) => new Blob([file.bytes], { type: file.type });
