/* The sidebar: sections that fold, a filter, favourites, folding to icons with fly-outs, and the drawer of a phone. */

import { announce, recall, remember, text } from "./dom.js";

const root = document.documentElement;
const sidebar = document.querySelector("#sidebar");
const nav = document.querySelector("[data-nav]");
const WIDE = matchMedia("(min-width: 861px)");
const sections = [...document.querySelectorAll("[data-section]")];
const isFolded = () => root.dataset.sidebar === "folded" && WIDE.matches;
const states = () => JSON.parse(recall("kehu-sections") || "{}");

/* ---- Sections ---- */

const quiet = new Set(); // sections that open and close by themselves, which is nothing to remember

for (const section of sections) {
  section.addEventListener("toggle", () => {
    const own = !quiet.delete(section);
    if (isFolded()) {
      if (section.open) {
        for (const other of sections) if (other !== section) other.open = false;
        flyOut(section);
      }
      return;
    }
    if (own) remember("kehu-sections", JSON.stringify({ ...states(), [section.dataset.section]: section.open }));
  });
}

function setOpen(section, open) {
  if (section.open === open) return;
  quiet.add(section); // the event that tells of it comes later
  section.open = open;
}

const asLeft = (section) => {
  const kept = states()[section.dataset.section];
  if (section.classList.contains("is-current")) return true;
  return kept ?? section.hasAttribute("data-favourites");
};

/* ---- Folded to icons: what a section holds flies out beside it ---- */

function flyOut(section) {
  const panel = section.querySelector(".nav-items");
  const title = section.querySelector(".nav-title").getBoundingClientRect();
  panel.style.top = "0px";
  const top = Math.max(8, Math.min(title.top - 4, innerHeight - panel.offsetHeight - 8));
  panel.style.top = `${top}px`;
}

/** Open a section; a fly-out has its place at once, not when the event tells of it. */
function show(section) {
  section.open = true;
  if (isFolded()) flyOut(section);
}

function shutFlyOuts() {
  if (isFolded()) for (const section of sections) section.open = false;
}

let hover = 0;
const LINGER = 180; // ms that a fly-out stays while the pointer is on its way

for (const section of sections) {
  section.addEventListener("pointerenter", (event) => {
    if (!isFolded() || event.pointerType !== "mouse") return;
    clearTimeout(hover);
    hover = setTimeout(() => show(section), sections.some((each) => each.open) ? 60 : 120);
  });
  section.addEventListener("pointerleave", (event) => {
    if (!isFolded() || event.pointerType !== "mouse") return;
    clearTimeout(hover);
    hover = setTimeout(() => {
      if (!section.contains(document.activeElement) || document.activeElement.matches("summary")) section.open = false;
    }, LINGER);
  });
}

// A click does not shut what the pointer's coming has just opened.
nav?.addEventListener("click", (event) => {
  const title = event.target.closest?.("summary");
  if (title && isFolded() && title.parentElement.open && event.detail > 0) event.preventDefault();
});

nav?.addEventListener("focusout", (event) => {
  const section = event.target.closest("[data-section]");
  if (isFolded() && section?.open && event.relatedTarget && !section.contains(event.relatedTarget)) section.open = false;
});

addEventListener("pointerdown", (event) => {
  if (!event.target.closest?.("[data-section]")) shutFlyOuts();
});

const fold = document.querySelector("[data-fold]");

/** Fold the sidebar to icons, or unfold it. */
export function toggleFold() {
  const folded = root.dataset.sidebar !== "folded";
  if (folded) root.dataset.sidebar = "folded";
  for (const section of sections) setOpen(section, folded ? false : asLeft(section));
  if (!folded) delete root.dataset.sidebar;
  fold.setAttribute("aria-pressed", String(folded));
  remember("kehu-sidebar", folded ? "folded" : "");
  if (filter?.value) {
    filter.value = "";
    narrow();
  }
}

if (fold) {
  fold.setAttribute("aria-pressed", String(root.dataset.sidebar === "folded"));
  fold.addEventListener("click", toggleFold);
}

/* ---- The filter ---- */

const favourites = document.querySelector("[data-favourites]");
const filter = document.querySelector("[data-nav-filter]");
const none = document.querySelector("[data-nav-none]");
const rows = () => [...nav.querySelectorAll(".nav-row")];
let known = null; // what each entry is found by in every language, by its key

const plain = (words) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

async function learn() {
  if (known) return;
  known = new Map();
  try {
    const answer = await fetch("/api/v1/search/commands", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    for (const each of (await answer.json()).result) known.set(each.id, each.words);
    if (filter.value) narrow();
  } catch {
    known = null; // the labels on the page are searched all the same
  }
}

function isMatch(row, words) {
  const title = row.closest("[data-section]").querySelector(".nav-label").textContent;
  const texts = `${plain(row.querySelector(".nav-text").textContent)} ${plain(title)} ${known?.get(`list/${row.dataset.entry}`) ?? ""}`;
  return words.split(/\s+/).every((word) => texts.includes(word));
}

function narrow() {
  const words = plain(filter.value);
  let count = 0;
  for (const section of sections) {
    let some = false;
    for (const row of section.querySelectorAll(".nav-row")) {
      // A favourite stands in its section too.
      row.hidden = words !== "" && (section === favourites || !isMatch(row, words));
      some ||= !row.hidden;
      count += row.hidden ? 0 : 1;
    }
    section.hidden = !some;
    if (words) setOpen(section, some);
    else setOpen(section, asLeft(section));
  }
  nav.querySelector(".nav-home").hidden = words !== "" && !plain(nav.querySelector(".nav-home").textContent).includes(words);
  none.hidden = !words || count > 0 || !nav.querySelector(".nav-home").hidden;
  nav.classList.toggle("is-narrowed", words !== "");
  for (const row of rows()) row.classList.remove("is-first");
  if (words) visible()[0]?.closest(".nav-row")?.classList.add("is-first");
  if (words) announce(none.hidden ? text("matches", { n: count }) : none.textContent);
}

const visible = () => [...nav.querySelectorAll(".nav-home, .nav-item")].filter((link) => link.getClientRects().length);

filter?.addEventListener("focus", learn, { once: true });
filter?.addEventListener("input", (event) => event.isComposing || narrow());
filter?.addEventListener("compositionend", narrow);
filter?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Escape" && filter.value) {
    event.preventDefault();
    filter.value = "";
    narrow();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    visible()[0]?.focus();
  } else if (event.key === "Enter" && filter.value) {
    event.preventDefault();
    visible()[0]?.click();
  }
});

/* ---- By keyboard: up and down between entries, left and right fold ---- */

nav?.addEventListener("keydown", (event) => {
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const row = event.target.closest("[data-favourites] .nav-row");
    if (row) {
      event.preventDefault();
      shift(row, event.key === "ArrowUp" ? -1 : 1);
    }
    return;
  }
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const section = event.target.closest("[data-section]");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const stops = [...nav.querySelectorAll(".nav-home, .nav-title, .nav-item")].filter((stop) => stop.getClientRects().length && !stop.closest("[hidden]"));
    const here = stops.indexOf(event.target.closest(".nav-row")?.querySelector(".nav-item") ?? event.target);
    event.preventDefault();
    const next = here + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) filter?.focus();
    else stops[next]?.focus();
  } else if (section && event.key === "ArrowRight" && event.target.matches("summary")) {
    event.preventDefault();
    if (!section.open) show(section);
    else section.querySelector(".nav-item")?.focus();
  } else if (section && event.key === "ArrowLeft") {
    event.preventDefault();
    if (event.target.matches("summary")) section.open = false;
    else section.querySelector("summary").focus();
  } else if (event.key === "Escape" && isFolded() && section?.open) {
    event.preventDefault();
    section.open = false;
    section.querySelector("summary").focus();
  }
});

/* ---- Favourites ---- */

const starOf = document.querySelector("[data-star-of-entry]");
for (const row of nav ? rows() : []) {
  const star = starOf.content.firstElementChild.cloneNode(true);
  star.querySelector(".sr").textContent = starOf.dataset.name.replace("{page}", row.querySelector(".nav-text").textContent);
  star.setAttribute("aria-pressed", String("starred" in row.dataset));
  row.append(star);
}

const shelf = favourites?.querySelector(".nav-items");

async function tell(values) {
  const token = document.querySelector("input[name=csrf_token]").value;
  const answer = await fetch("/account/starred", { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" }, body: new URLSearchParams(values) });
  if (!answer.ok) throw new Error(String(answer.status));
}

const copies = (key) => rows().filter((row) => row.dataset.entry === key);

function setStar(key, on) {
  for (const row of copies(key)) row.querySelector("[data-star]").setAttribute("aria-pressed", String(on));
  const mine = shelf.querySelector(`[data-entry="${CSS.escape(key)}"]`);
  if (on && !mine) {
    const copy = copies(key)[0].cloneNode(true);
    copy.hidden = false;
    shelf.append(copy);
    carry(copy);
  }
  if (!on) mine?.remove();
  favourites.hidden = !shelf.children.length;
}

nav?.addEventListener("click", async (event) => {
  const star = event.target.closest?.("[data-star]");
  if (!star) return;
  const row = star.closest(".nav-row");
  const { entry } = row.dataset;
  const on = star.getAttribute("aria-pressed") !== "true";
  const inShelf = shelf.contains(row);
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  setStar(entry, on);
  if (!on && inShelf) (neighbour ?? copies(entry)[0])?.querySelector(".nav-item").focus();
  try {
    await tell({ page: entry, on: on ? "1" : "0" });
  } catch {
    setStar(entry, !on);
    announce(text("failed"));
  }
});

async function keep(before) {
  try {
    await tell({ order: [...shelf.children].map((row) => row.dataset.entry).join(",") });
  } catch {
    shelf.replaceChildren(...before);
    announce(text("failed"));
  }
}

function shift(row, way) {
  const before = [...shelf.children];
  const other = way < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  const focused = document.activeElement;
  if (way < 0) other.before(row);
  else other.after(row);
  focused.focus();
  announce(text("rowMoved", { n: [...shelf.children].indexOf(row) + 1 }));
  keep(before);
}

let carried = null;
let order = [];

function carry(row) {
  const link = row.querySelector(".nav-item");
  link.draggable = true;
  link.addEventListener("dragstart", () => {
    carried = row;
    order = [...shelf.children];
    row.classList.add("is-carried");
  });
  link.addEventListener("dragend", () => {
    row.classList.remove("is-carried");
    carried = null;
    if ([...shelf.children].some((each, at) => each !== order[at])) keep(order);
  });
}

shelf?.addEventListener("dragover", (event) => {
  const over = event.target.closest(".nav-row");
  if (!carried) return;
  event.preventDefault();
  if (!over || over === carried) return;
  const box = over.getBoundingClientRect();
  if (event.clientY < box.top + box.height / 2) over.before(carried);
  else over.after(carried);
});
shelf?.addEventListener("drop", (event) => carried && event.preventDefault());
for (const row of shelf?.children ?? []) carry(row);

/* ---- The drawer of a phone ---- */

const drawerButton = document.querySelector("[data-drawer-open]");
const SLIDE = 200; // longer than the drawer takes

function setDrawer(open) {
  // It slides when it is opened and closed, and at no other time.
  root.classList.add("drawer-slides");
  setTimeout(() => root.classList.remove("drawer-slides"), SLIDE);
  root.classList.toggle("drawer-open", open);
  drawerButton?.setAttribute("aria-expanded", String(open));
  document.querySelector(".page").inert = open;
  if (open) sidebar.querySelector("[data-drawer-close]").focus();
  else drawerButton.focus();
}

const isDrawerOpen = () => root.classList.contains("drawer-open");

drawerButton?.addEventListener("click", () => setDrawer(true));
document.querySelector("[data-drawer-close]")?.addEventListener("click", () => setDrawer(false));
WIDE.addEventListener("change", () => {
  if (isDrawerOpen()) setDrawer(false);
});
document.addEventListener("pointerdown", (event) => {
  if (!isDrawerOpen() || event.target.closest("#sidebar, dialog")) return;
  event.preventDefault();
  setDrawer(false);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (isDrawerOpen()) setDrawer(false);
  else shutFlyOuts();
});
