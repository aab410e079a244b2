/* The tabs of a record: without this script its panels stand below one another. */

import { text } from "./dom.js";

/** Fetch what a tab leaves to be asked for, once, when it is shown; what is older is added below. */
async function fill(place, url, older) {
  const address = `${url}${url.includes("?") ? "&" : "?"}part=1`;
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) {
    delete place.dataset.asked;
    place.textContent = text("unanswered");
    return;
  }
  const link = place.closest("[data-tab-panel]")?.querySelector("[data-lazy-link]");
  if (link) link.hidden = true;
  older?.remove();
  place.insertAdjacentHTML("beforeend", await answer.text());
  if (place.querySelector("tbody tr")) place.closest("[data-tab-panel]")?.setAttribute("data-on-paper", "");
}

function ask(panel) {
  const place = panel?.querySelector("[data-lazy]");
  if (!place || place.dataset.asked) return null;
  place.dataset.asked = "1";
  return fill(place, place.dataset.lazy);
}

document.addEventListener("kehu:print", ({ detail }) => {
  for (const panel of document.querySelectorAll("[data-tab-panel]")) detail.push(ask(panel));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-lazy] [data-older]");
  if (!link) return;
  event.preventDefault();
  fill(link.closest("[data-lazy]"), link.getAttribute("href"), link.parentElement);
});

for (const tabs of document.querySelectorAll("[data-tabs]")) {
  const list = tabs.querySelector("[data-tab-list]");
  const links = [...list.querySelectorAll(".tab")];
  const panels = links.map((link) => document.getElementById(link.hash.slice(1)));

  list.setAttribute("role", "tablist");
  for (const entry of list.children) entry.setAttribute("role", "presentation");
  links.forEach((link, at) => {
    link.setAttribute("role", "tab");
    link.setAttribute("aria-controls", panels[at].id);
    panels[at].setAttribute("role", "tabpanel");
    panels[at].setAttribute("aria-labelledby", link.id);
  });
  tabs.classList.add("is-tabs");

  let shown = -1;
  const show = (chosen) => {
    shown = chosen;
    links.forEach((link, at) => {
      link.setAttribute("aria-selected", String(at === chosen));
      link.tabIndex = at === chosen ? 0 : -1;
      panels[at].hidden = at !== chosen;
    });
    ask(panels[chosen]);
  };

  list.addEventListener("click", (event) => {
    const at = links.indexOf(event.target.closest(".tab"));
    if (at < 0) return;
    event.preventDefault();
    show(at);
    history.replaceState(history.state, "", links[at].hash);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = links.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = (at + step + links.length) % links.length;
    show(next);
    history.replaceState(history.state, "", links[next].hash);
    links[next].focus();
  });
  addEventListener("hashchange", () => {
    const at = links.findIndex((link) => link.hash === location.hash);
    if (at >= 0 && at !== shown) show(at);
  });
  // What was refused comes first, then what the address names.
  const refused = panels.findIndex((panel) => panel.querySelector("[aria-invalid]"));
  const named = refused < 0 ? links.findIndex((link) => link.hash === location.hash) : refused;
  show(named < 0 ? 0 : named);
  if (refused >= 0) panels[refused].querySelector("[aria-invalid]").focus();
}
