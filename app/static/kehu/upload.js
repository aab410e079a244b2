/* Sends files one by one with a bar for each: chosen, dropped or pasted. A broken one is sent again by its button, and
   counts once: every try carries the same key. Without this script the form is sent as a whole. */

import { announce, make } from "./dom.js";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
const key = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Show the list of files beside the form as the server has it now, and how many there are; what the form says stays. */
async function refresh(form) {
  const panel = form.closest("section");
  const list = panel?.querySelector("[data-files]");
  if (!list) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(list.id);
  if (!fresh) return;
  list.replaceWith(fresh);
  for (const each of document.querySelectorAll(`[data-files-of="${list.id}"]`)) {
    const now = page.getElementById(each.id);
    if (now) each.innerHTML = now.innerHTML;
  }
}

function begin(form) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-zone]");
  const list = form.querySelector("[data-progress]");
  const token = form.querySelector("[name=csrf_token]").value;
  let running = 0;
  let done = 0;
  let failed = 0;
  const waiting = [];

  function next() {
    if (running || !waiting.length) {
      if (running || !done) return;
      announce(fill(form.dataset.sent, { n: done }));
      // What was refused is still told, so that the page can't be loaded anew; where one is taken, a later one is it.
      if (failed && input.multiple) {
        refresh(form);
      } else {
        const next = form.querySelector("[name=next]")?.value;
        if (next && !next.startsWith(location.pathname)) {
          location.assign(next);
          return;
        }
        location.hash = form.closest("[data-tab-panel]")?.id ?? "";
        location.reload();
      }
      return;
    }
    waiting.shift()();
  }

  function add(file) {
    const bar = make("progress", { max: "100", value: "0", "aria-label": file.name });
    const button = make("button", { type: "button", class: "btn btn-small btn-quiet" }, form.dataset.stop);
    const line = make("li", {}, make("span", { class: "file-name" }, file.name), bar, button);
    list.append(line);
    const once = key();
    let request = null;

    function refuse(message, again) {
      failed += 1;
      bar.hidden = true;
      line.querySelector(".field-error")?.remove();
      line.append(make("p", { class: "field-error", role: "alert" }, message));
      button.hidden = !again;
      button.textContent = form.dataset.again;
      button.onclick = () => {
        failed -= 1;
        line.querySelector(".field-error")?.remove();
        queue();
      };
    }

    function send() {
      running += 1;
      bar.hidden = false;
      button.hidden = false;
      button.textContent = form.dataset.stop;
      button.onclick = () => request.abort();
      request = new XMLHttpRequest();
      request.open("POST", form.dataset.upload);
      request.setRequestHeader("X-CSRFToken", token);
      request.setRequestHeader("Idempotency-Key", once);
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
      });
      request.addEventListener("loadend", () => {
        running -= 1;
        if (request.status >= 200 && request.status < 300) {
          done += 1;
          bar.value = 100;
          button.replaceWith(make("span", { class: "help" }, form.dataset.done));
        } else {
          let told = null;
          try {
            told = JSON.parse(request.responseText);
          } catch {
            /* No answer at all, or a proxy's. */
          }
          const texts = Object.values(told?.errors ?? {}).flat();
          refuse(texts.join(" ") || told?.message || form.dataset.broken, !told || request.status >= 500);
        }
        next();
      });
      const data = new FormData(form);
      for (const name of ["csrf_token", "file", "next"]) data.delete(name);
      for (const [name, value] of [...data]) if (!value) data.delete(name);
      data.append("file", file, file.name);
      request.send(data);
    }

    function queue() {
      waiting.push(send);
      next();
    }

    if (!file.size) refuse(fill(form.dataset.empty, { name: file.name }), false);
    else if (file.size > Number(form.dataset.largest)) refuse(fill(form.dataset.tooLarge, { name: file.name }), false);
    else queue();
  }

  function take(files) {
    for (const file of input.multiple ? files : [...files].slice(0, 1)) add(file);
  }

  for (const chooser of [input, form.querySelector("[data-photo]")]) {
    const chosen = () => {
      take([...chooser.files]);
      chooser.value = "";
    };
    chooser?.addEventListener("change", chosen);
    // Chosen before this script had hold of the form, or kept by the browser over a reload.
    if (chooser?.files.length) chosen();
  }
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    take([...event.dataTransfer.files]);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

for (const form of document.querySelectorAll("[data-upload]")) begin(form);
