/* Lists: a click on a row opens it, chosen rows bring the bulk bar. */

import { forget, keep, recall } from "./chosen.js";
import { text } from "./dom.js";
import { openRow } from "./rows.js";

/* ---- Rows ---- */

const INTERACTIVE = "a, button, input, label, select, textarea, summary, details, dialog";

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("tr[data-href]");
  if (!row || event.target.closest(INTERACTIVE) || String(getSelection())) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) open(row.dataset.href, "_blank");
  else openRow(row);
});

document.addEventListener("auxclick", (event) => {
  const row = event.target.closest?.("tr[data-href]");
  if (row && event.button === 1 && !event.target.closest(INTERACTIVE)) open(row.dataset.href, "_blank");
});

/* ---- Choosing rows ---- */

const list = document.querySelector("[data-list]");
const all = list?.querySelector("[data-pick-all]");

if (all) {
  const picks = [...list.querySelectorAll("[data-pick]")];
  const bar = list.querySelector("[data-bulk-bar]");
  const count = list.querySelector("[data-bulk-count]");
  const match = list.querySelector("[data-match]");
  const matchAll = list.querySelector("[data-match-all]");
  let last = null;
  let elsewhere = []; // ids that were chosen on other pages
  const chosen = () => picks.filter((pick) => pick.checked);
  const ids = () => [...elsewhere, ...chosen().map((pick) => pick.value)];
  const isAll = () => Boolean(match && !match.disabled);
  // How many rows are chosen: those ticked here and on other pages, or all that match.
  const number = () => (isAll() ? Number(match.dataset.match) : ids().length);

  const show = () => {
    const n = chosen().length;
    for (const pick of picks) pick.closest("tr").classList.toggle("is-chosen", pick.checked);
    all.checked = n > 0 && n === picks.length;
    all.indeterminate = n > 0 && n < picks.length;
    if (match) {
      if (n < picks.length) match.disabled = true;
      matchAll.hidden = n < picks.length || !match.disabled;
    }
    bar.classList.toggle("is-on", number() > 0);
    document.body.classList.toggle("is-choosing", number() > 0);
    count.textContent = text("selected", { n: number().toLocaleString("en") });
  };

  const update = () => {
    show();
    keep(ids(), isAll());
  };

  const restore = () => {
    const kept = recall();
    const here = new Set(picks.map((pick) => pick.value));
    elsewhere = [...kept.ids].filter((id) => !here.has(id));
    for (const pick of picks) pick.checked = kept.isAll || kept.ids.has(pick.value);
    if (match) match.disabled = !kept.isAll;
    show();
  };

  const clear = () => {
    elsewhere = [];
    for (const pick of picks) pick.checked = false;
    update();
  };

  matchAll?.addEventListener("click", () => {
    match.disabled = false;
    update();
    list.querySelector("[data-bulk-clear]").focus();
  });

  all.addEventListener("change", () => {
    for (const pick of picks) pick.checked = all.checked;
    update();
  });
  for (const pick of picks) {
    pick.addEventListener("click", (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [picks.indexOf(last), picks.indexOf(pick)].sort((a, b) => a - b);
        for (const each of picks.slice(from, to + 1)) each.checked = pick.checked;
      }
      last = pick;
      update();
    });
  }
  list.querySelector("[data-bulk-clear]").addEventListener("click", () => {
    clear();
    all.focus();
  });
  restore();
  addEventListener("pageshow", restore); // whatever the browser kept of the boxes
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && number() && !event.target.closest("dialog, details[open]")) clear();
  });

  // A dialog of a bulk action sends the chosen rows with its own fields.
  document.addEventListener("kehu:ask", (event) => {
    const dialog = event.target;
    if (!("bulk" in dialog.dataset)) return;
    const form = dialog.querySelector("form");
    for (const old of form.querySelectorAll("input[name=ids], input[name=match], input[name=back], [data-chosen]")) old.remove();
    const count = document.createElement("p");
    count.className = "dialog-count";
    count.dataset.chosen = "";
    count.textContent = text("chosen", { n: number().toLocaleString("en") });
    form.querySelector(".dialog-title").after(count);
    const send = (name, value) => {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = value;
      form.append(input);
    };
    send("back", document.querySelector("#bulk [name=back]").value);
    if (isAll()) send("match", match.value);
    else for (const id of ids()) send("ids", id);
    form.addEventListener("submit", forget, { once: true });
  });

  // A link-like bulk action carries no token in its address.
  const bulk = document.getElementById("bulk");
  bulk.addEventListener("submit", (event) => {
    const token = bulk.querySelector("[name=csrf_token]");
    token.disabled = event.submitter?.formMethod === "get";
    setTimeout(() => (token.disabled = false));
    if (event.submitter?.formAction.includes("/bulk/")) forget(); // others ask first, on a page of their own
  });
  bulk.addEventListener("formdata", (event) => {
    for (const id of isAll() ? [] : elsewhere) event.formData.append("ids", id);
  });
}

/* ---- «/» goes to the search ---- */

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  const search = document.querySelector("[data-search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
