/* Keeps the field form for when there is no connection: its page, scripts and sheets, which hold no word of anybody's.
 * It answers for nothing else: what is asked of the API goes to the server, or fails. `self.KEPT` says what the page is.
 */

const CACHE = `kehu-field:${self.KEPT.files[0].split("/")[2]}`;
const PATIENCE = 4000; // milliseconds that a page is waited for before the kept one is shown

async function fill() {
  const cache = await caches.open(CACHE);
  const held = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  const missing = self.KEPT.files.filter((path) => !held.has(path));
  await Promise.all([...missing, ...(held.has(self.KEPT.page) ? [] : [self.KEPT.page])].map((path) => cache.add(path)));
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith("kehu-field") && name !== CACHE) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "fill") event.waitUntil(fill().catch(() => undefined));
});

async function page(request) {
  const cache = await caches.open(CACHE);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(self.KEPT.page, answer.clone());
    return answer;
  });
  asked.catch(() => undefined);
  const answer = await Promise.race([asked.catch(() => undefined), late]);
  // A gateway that is up while the server is not answers too; the kept page is of more use.
  if (answer && answer.status < 500) return answer;
  return (await cache.match(self.KEPT.page)) ?? asked;
}

async function asset(request) {
  const held = await caches.match(request, { ignoreVary: true });
  if (held) return held;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(CACHE)).put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname === self.KEPT.page) event.respondWith(page(request));
  else if (pathname.startsWith("/static/")) event.respondWith(asset(request));
});
