/* The rows chosen on a list, kept while its pages are turned: of one list with one filter, in this window. */

const UNFILTERED = ["page", "size", "sort", "cols"]; // change which rows a page shows, not which are meant

const keyOf = (resource) => `kehu-chosen:${resource}`;
/** «/customers/list/» → «customers». */
const resourceOf = () => location.pathname.split("/")[1];

function filter() {
  const asked = new URLSearchParams(location.search);
  for (const name of UNFILTERED) asked.delete(name);
  asked.sort();
  return String(asked);
}

/** What is chosen on this list: {ids, isAll}; `isAll` says every row that matches, on every page. */
export function recall() {
  const kept = JSON.parse(sessionStorage.getItem(keyOf(resourceOf())) ?? "null");
  return kept?.filter === filter() ? { ids: new Set(kept.ids), isAll: kept.isAll } : { ids: new Set(), isAll: false };
}

export function keep(ids, isAll) {
  const chosen = [...ids];
  if (chosen.length) sessionStorage.setItem(keyOf(resourceOf()), JSON.stringify({ filter: filter(), ids: chosen, isAll }));
  else forget();
}

/** Something is done to the rows of this page's resource that were chosen: they are no longer. */
export function forget() {
  sessionStorage.removeItem(keyOf(resourceOf()));
}
