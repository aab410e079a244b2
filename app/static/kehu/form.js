/* Forms: save with Ctrl+S, and lead from the error summary to the field. */

import { keepDraft } from "./form_draft.js";
import "./likeness.js";

const form = document.querySelector("[data-form]");

if (form && form.dataset.form !== "plain") {
  if (form.dataset.draft) keepDraft(form);

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) form.requestSubmit(form.querySelector("[data-submit]"));
    }
  });

  const summary = form.querySelector("[data-error-summary]");
  if (summary) {
    summary.focus();
    summary.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (!field) return;
      event.preventDefault();
      field.scrollIntoView({ block: "center" });
      field.focus({ preventScroll: true });
    });
  }
}

/* ---- Pictures to be sent are shown ---- */

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches?.("input[type=file][data-previews]")) return;
  const place = input.closest(".images-field");
  let shelf = place.querySelector("[data-shelf]");
  if (!shelf) {
    shelf = document.createElement("ul");
    shelf.className = "images";
    shelf.dataset.shelf = "";
    (input.closest("[data-file-pick]") ?? input).before(shelf);
  }
  for (const picture of shelf.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
  shelf.replaceChildren(
    ...[...input.files]
      .filter((file) => file.type.startsWith("image/"))
      .map((file) => {
        const entry = document.createElement("li");
        const picture = document.createElement("img");
        picture.src = URL.createObjectURL(file);
        picture.alt = file.name;
        picture.width = 72;
        picture.height = 72;
        entry.append(picture);
        return entry;
      }),
  );
});

/* ---- A file may be dropped on its zone ---- */

for (const zone of document.querySelectorAll("[data-dropzone]")) {
  const input = zone.querySelector("input[type=file]");
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const name = zone.querySelector("[data-file-name]");
  const told = () => {
    const [file] = input.files;
    zone.classList.toggle("has-file", Boolean(file));
    name.hidden = !file;
    if (file) name.textContent = name.dataset.size.replace("{name}", file.name).replace("{size}", Math.max(1, Math.round(file.size / 1024)).toLocaleString("en"));
  };
  if (name) input.addEventListener("change", told);
  if (name) addEventListener("pageshow", told);
}
