/* Photos and voice memos of a form: taken, shown, played, taken away again. */

import { closeIcon, make, text } from "./dom.js";
import { packed, unpacked } from "./field_store.js";
import { canRecord, clockOf, record, stamp } from "./voice.js";

/** Look after the media part of a form; `onChange` is told when something was taken or taken away. */
export function media(root, onChange) {
  const list = root.querySelector("[data-shots]");
  const error = root.querySelector("[data-media-error]");
  const voice = root.querySelector("[data-voice]");
  const words = root.querySelector("[data-voice-text]");
  const largest = Number(document.body.dataset.largest);
  let shots = []; // { kind, title, name, type, bytes }
  let running = null;

  function complain(message) {
    error.textContent = message;
    error.hidden = !message;
  }

  function show() {
    for (const shown of list.querySelectorAll("[data-blob]")) URL.revokeObjectURL(shown.src);
    list.replaceChildren(
      ...shots.map((shot) => {
        const url = URL.createObjectURL(unpacked(shot));
        const shown = shot.kind === "voice" ? make("audio", { controls: "", src: url, "data-blob": "", "aria-label": shot.title }) : make("img", { src: url, alt: shot.title, "data-blob": "" });
        const button = make("button", { type: "button", class: "icon-btn" }, make("span", { class: "sr" }, text("remove", { name: shot.title })), closeIcon());
        button.addEventListener("click", () => {
          shots = shots.filter((each) => each !== shot);
          show();
          onChange();
        });
        return make("li", { "data-kind": shot.kind }, shown, button);
      }),
    );
  }

  async function take(kind, blob, name) {
    complain("");
    if (!blob.size) return;
    if (blob.size > largest) {
      complain(text("tooLarge", { name }));
      return;
    }
    const title = text(kind === "voice" ? "voiceName" : "photoName", { at: stamp() });
    shots.push({ kind, title, ...(await packed(blob, name)) });
    try {
      await onChange(); // what is seen is kept
    } catch {
      complain(text("noRoom"));
    }
    show();
  }

  for (const [selector, kind] of [
    ["[data-photo]", "photo"],
    ["[data-sound]", "voice"],
  ]) {
    const input = root.querySelector(selector);
    input.addEventListener("change", async () => {
      for (const file of [...input.files]) await take(kind, file, file.name);
      input.value = "";
    });
  }

  async function stop() {
    const recording = running;
    running = null;
    voice.removeAttribute("data-running");
    words.textContent = text("recordVoice");
    const { blob, ending } = await recording.stop();
    await take("voice", blob, `${stamp()}.${ending}`);
  }

  voice.hidden = !canRecord();
  root.querySelector("[data-voice-file]").hidden = canRecord();
  voice.addEventListener("click", async () => {
    if (running) {
      await stop();
      return;
    }
    try {
      running = await record((seconds) => running && (words.textContent = text("stopVoice", { time: clockOf(seconds) })));
      complain("");
      voice.setAttribute("data-running", "");
      words.textContent = text("stopVoice", { time: clockOf(0) });
    } catch {
      complain(text("noVoice"));
      root.querySelector("[data-voice-file]").hidden = false;
    }
  });

  return {
    /** What was taken; a recording that still runs is ended first. */
    async taken() {
      if (running) await stop();
      return shots;
    },
    held: () => shots,
    complain,
    put(given) {
      shots = given;
      complain("");
      show();
    },
    root,
  };
}
