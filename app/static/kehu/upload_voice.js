/* Voice memos on a record's page: kept in this browser as soon as they are recorded, and sent from there, as the field form
 * does; one whose upload broke, or that was recorded just when the log-in expired, is sent when the page is opened again.
 */

import { announce, make } from "./dom.js";
import { link, onChange, run } from "./field_send.js";
import * as store from "./field_store.js";
import { canRecord, clockOf, record, stamp } from "./voice.js";

const user = Number(document.body.dataset.user);

function begin(form) {
  const button = form.querySelector("[data-voice]");
  const words = form.querySelector("[data-voice-text]");
  const list = form.querySelector("[data-progress]");
  const texts = button.dataset;
  const where = Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && value && !["csrf_token", "next"].includes(name)));
  const place = JSON.stringify(where);
  const lines = new Map();
  let recording = null;

  const isHere = (entry) => entry.place === place;

  async function show() {
    const mine = (await store.entries(user)).filter(isHere);
    const open = mine.filter(({ state }) => state !== "sent");
    for (const entry of open) {
      const line = lines.get(entry.id) ?? make("li", { "data-memo": entry.id });
      lines.set(entry.id, line);
      const again = make("button", { type: "button", class: "btn btn-small btn-quiet" }, form.dataset.again);
      again.addEventListener("click", async () => {
        if (entry.state === "refused") await store.correct(entry, {});
        await run(user);
      });
      const reason = entry.reason || (link.state === "login" ? texts.login : "");
      line.replaceChildren(make("span", { class: "file-name" }, entry.form.title), make("span", { class: "help" }, entry.state === "sending" ? texts.sending : texts.kept), again, ...(reason ? [make("p", { class: "field-error", role: "alert" }, reason)] : []));
      if (!line.isConnected) list.append(line);
    }
    const gone = [...lines.keys()].filter((id) => !open.some((entry) => entry.id === id));
    if (gone.length && gone.every((id) => mine.some((entry) => entry.id === id))) {
      announce(texts.done);
      location.hash = form.closest("[data-tab-panel]")?.id ?? "";
      location.reload();
    }
  }

  async function keep({ blob, ending }) {
    if (!blob.size) return;
    const title = texts.name.replace("{at}", stamp());
    const file = await store.packed(blob, `${stamp()}.${ending}`);
    const entry = { user, group: store.fresh(), title: document.querySelector("h1").textContent.trim(), part: "voice", at: Date.now(), path: form.dataset.upload.replace("/api/v1/", ""), form: { ...where, title, kind: "voice" }, file, place };
    await store.add([entry]);
    await show();
    await run(user);
  }

  button.hidden = !canRecord();
  button.addEventListener("click", async () => {
    if (recording) {
      const ended = recording;
      recording = null;
      button.removeAttribute("data-running");
      words.textContent = texts.record;
      await keep(await ended.stop());
      return;
    }
    try {
      recording = await record((seconds) => recording && (words.textContent = texts.stop.replace("{time}", clockOf(seconds))));
      button.setAttribute("data-running", "");
      words.textContent = texts.stop.replace("{time}", clockOf(0));
    } catch {
      list.append(make("li", {}, make("p", { class: "field-error", role: "alert" }, texts.denied)));
    }
  });

  onChange(show);
  store.entries(user).then(async (all) => {
    if (!all.some((entry) => isHere(entry) && entry.state !== "sent")) return;
    await show();
    await run(user);
  });
}

if (user && "indexedDB" in globalThis) for (const form of document.querySelectorAll("form[data-upload]:has([data-voice])")) begin(form);
