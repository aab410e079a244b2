/* The team board keeps itself up to date, and loses nobody's place: what is shown is put in the old one's stead, where the
 * page is scrolled to and what has the focus stay.  Names are looked for while they are typed.
 */

const EVERY = 60_000; // milliseconds between two looks
const PAUSE = 250; // without a key before names are looked for
const board = () => document.querySelector("[data-team]");
const at = document.querySelector("[data-team-at]");
const search = document.querySelector("[data-team-search]");
let asking = null;
let typed = 0;
let last = Date.now();

/** Show the board as the server has it now. */
async function refresh() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin", signal });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = fresh.querySelector("[data-team]");
    if (signal.aborted) return;
    if (!answer.ok || !found) throw new Error(String(answer.status));
    show(found);
    at.textContent = fresh.querySelector("[data-team-at]").textContent;
    at.classList.remove("is-stale");
    last = Date.now();
  } catch (error) {
    if (error.name === "AbortError") return;
    at.classList.add("is-stale");
    if (!at.textContent.includes(at.dataset.failed)) at.append(` · ${at.dataset.failed}`);
  }
}

/** Put what is new in the old one's stead. */
function show(found) {
  const old = board();
  const wrap = old.querySelector(".table-wrap");
  const place = wrap ? [wrap.scrollLeft, wrap.scrollTop] : [0, 0];
  const key = old.contains(document.activeElement) ? document.activeElement.dataset.key : "";
  const sorted = old.contains(document.activeElement) ? document.activeElement.closest("th[aria-sort], th:has(.sort)")?.cellIndex : undefined;
  const { scrollX, scrollY } = window;
  old.replaceWith(found);
  const fresh = found.querySelector(".table-wrap");
  if (fresh) [fresh.scrollLeft, fresh.scrollTop] = place;
  const kept = key ? found.querySelector(`[data-key="${CSS.escape(key)}"]`) : sorted >= 0 ? found.querySelectorAll("thead .sort")[sorted] : null;
  kept?.focus({ preventScroll: true });
  window.scrollTo(scrollX, scrollY);
}

/** Ask for the names that match, at an address that can be kept. */
function look() {
  const url = new URL(location.href);
  const words = search.value.trim();
  if (words) url.searchParams.set("q", words);
  else url.searchParams.delete("q");
  history.replaceState(null, "", url);
  refresh();
}

search?.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(look, PAUSE);
});
search?.form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typed);
  look();
});
setInterval(() => document.visibilityState === "visible" && refresh(), EVERY);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Date.now() - last > EVERY) refresh();
});
