/* The page of an import that runs: it asks how far it is, and shows the result once it has ended. */

const EVERY = 700; // milliseconds between two questions
const LATER = 4000; // after a question that was not answered

async function look() {
  const shown = document.querySelector("[data-import-run][data-running]");
  if (!shown) return;
  let wait = EVERY;
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("[data-import-run]");
    if (!next || !("running" in next.dataset)) {
      location.reload();
      return;
    }
    const bar = shown.querySelector("progress");
    const told = next.querySelector("progress");
    if (told.hasAttribute("value")) bar.value = told.value;
    shown.querySelector(".progress-text").textContent = next.querySelector(".progress-text").textContent;
  } catch {
    wait = LATER;
  }
  setTimeout(look, wait);
}

setTimeout(look, EVERY);

// What would write nothing is no way out; once something else is chosen it is one again.
document.addEventListener("change", (event) => {
  const note = document.querySelector("[data-idle]");
  if (!note || !event.target.closest?.("form")?.contains(note) || !event.target.matches("select, input")) return;
  const stops = document.querySelector("[name=on_error]")?.value !== "skip";
  note.hidden = !(stops && Number(note.dataset.idle));
  document.querySelector("button[value=commit]").disabled = !note.hidden;
});

// A column that becomes nothing is grey.
document.addEventListener("change", (event) => {
  if (event.target.matches?.(".map-table select")) event.target.closest("tr").classList.toggle("is-unmapped", !event.target.value);
});
