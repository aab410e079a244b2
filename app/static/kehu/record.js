/* A record's page: codes are copied by a click, what was folded stays so, and the page is printed. */

import { announce, make, recall, remember, text } from "./dom.js";
import { forget, fresh, hold, keep, latest } from "./drafts.js";

const BRIEFLY = 1500; // milliseconds that a button says that it has copied

for (const place of document.querySelectorAll("[data-copy]")) {
  const words = place.textContent.trim();
  if (!navigator.clipboard || !words) continue; // only a safe address may write to the clipboard
  const button = make("button", { type: "button", class: "copy", title: text("copy") });
  button.append(...place.childNodes);
  place.append(button);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(words);
    announce(text("copied", { text: words }));
    button.title = text("copied", { text: words });
    button.classList.add("is-copied");
    setTimeout(() => {
      button.title = text("copy");
      button.classList.remove("is-copied");
    }, BRIEFLY);
  });
}

for (const details of document.querySelectorAll("details[data-remember]")) {
  const key = `kehu-${details.dataset.remember}`;
  details.open = recall(key) === "open";
  details.addEventListener("toggle", () => remember(key, details.open ? "open" : ""));
}

// A comment that was not sent is there again.
for (const form of document.querySelectorAll(".comment-form[data-draft]")) {
  const { draft: place } = form.dataset;
  const field = form.querySelector("textarea");
  const name = form.querySelector("input[name=draft]");
  const save = () => {
    if (field.value.trim()) keep(place, name.value, { at: Date.now(), text: field.value });
    else forget(place, name.value);
  };
  name.value ||= fresh();
  field.addEventListener("input", save);
  latest(place).then((found) => {
    if (!found || field.value) return;
    const [token, { text: words }] = found;
    name.value = token;
    field.value = words;
    hold(place, token);
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", async () => {
    const menu = button.closest("details");
    if (menu) menu.open = false;
    const awaited = []; // what the page left to be asked for comes first
    document.dispatchEvent(new CustomEvent("kehu:print", { detail: awaited }));
    await Promise.all(awaited);
    print();
  });
}

/* A tick is saved when it is made. */
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submits]")) event.target.form.requestSubmit();
});
