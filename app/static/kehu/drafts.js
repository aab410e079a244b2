/* What was typed into forms and not saved yet, kept in this browser: for each user, record and page of its own.
 *
 * A page that saved says so by a cookie, which names the draft: it goes.  So do a user's drafts when that user logs out,
 * and what is old.  Storage that is full or forbidden keeps nothing, and nobody is told: the form works without.
 */

let isClosed = false; // the user is logging out: a page that goes keeps nothing any more
const PREFIX = "kehu-draft:";
const SAVED = "kehu_saved";
const OLD = 30 * 24 * 3600 * 1000; // milliseconds
const STAYS = 2000; // milliseconds after which nobody has logged out, but was asked whether to leave and stayed
const MOST = 40; // drafts of one browser

function all() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function read(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key));
    return typeof draft?.at === "number" ? draft : null;
  } catch {
    return null;
  }
}

function drop(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    /* Private windows may refuse. */
  }
}

const oldestFirst = () => all().sort((one, other) => (read(one)?.at ?? 0) - (read(other)?.at ?? 0));

/** Keep a draft of a place («7/customers/12»: user, resource, record) under the token of its page. */
export function keep(place, token, draft) {
  if (isClosed) return;
  const text = JSON.stringify(draft);
  for (let tries = 0; tries < 5; tries++) {
    try {
      localStorage.setItem(`${PREFIX}${place}:${token}`, text);
      return;
    } catch {
      const [oldest] = oldestFirst().filter((key) => !key.endsWith(`:${token}`));
      if (!oldest) return;
      drop(oldest);
    }
  }
}

export const forget = (place, token) => drop(`${PREFIX}${place}:${token}`);

/** The latest draft of a place whose page is open nowhere: [token, draft], or null. */
export async function latest(place) {
  const held = (await navigator.locks?.query())?.held?.map(({ name }) => name) ?? [];
  const start = `${PREFIX}${place}:`;
  const found = all()
    .filter((key) => key.startsWith(start) && !held.includes(key))
    .map((key) => [key.slice(start.length), read(key)])
    .filter(([, draft]) => draft);
  return found.sort(([, one], [, other]) => other.at - one.at)[0] ?? null;
}

/** A name for a new draft. */
export const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Say to other pages of this browser that this one is open, for as long as it is. */
export function hold(place, token) {
  navigator.locks?.request(`${PREFIX}${place}:${token}`, () => new Promise(() => {}));
}

/* ---- What was saved, is old, or is nobody's any more ---- */

const cookie = document.cookie.split("; ").find((each) => each.startsWith(`${SAVED}=`));
if (cookie) {
  const saved = cookie.slice(SAVED.length + 1).split(".");
  for (const key of all()) if (saved.some((token) => token && key.endsWith(`:${token}`))) drop(key);
  document.cookie = `${SAVED}=; Path=/; Max-Age=0; SameSite=Lax`;
}

for (const key of all()) if (Date.now() - (read(key)?.at ?? 0) > OLD) drop(key);
for (const key of oldestFirst().slice(0, -MOST)) drop(key);

document.addEventListener("submit", (event) => {
  const { user } = document.body.dataset;
  if (!event.target.matches?.("form[data-logout]") || !user) return;
  for (const key of all()) if (key.startsWith(`${PREFIX}${user}/`)) drop(key);
  isClosed = true;
  setTimeout(() => (isClosed = false), STAYS);
});
