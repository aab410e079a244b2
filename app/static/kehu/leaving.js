/* Leaving a page with work that was not sent is asked about first: a form with `data-form` or `data-warn` says that its changes
 * are somebody's work (`data-form="plain"` says they are not).
 */

const KEPT = "form[data-warn], form[data-form]:not([data-form=plain])";
const changed = new Set();
let sent = null;

function note(event) {
  if (event.target.matches?.("[type=checkbox]:not([name])")) return; // it says what is shown, and is not sent
  const form = event.target.matches?.(KEPT) ? event.target : event.target.form ?? event.target.closest?.("form");
  if (form?.matches(KEPT)) changed.add(form);
}
for (const name of ["input", "change", "kehu:changed"]) document.addEventListener(name, note, true);

/** What came back refused is not saved either. */
for (const form of document.querySelectorAll(KEPT)) {
  if (form.querySelector("[data-error-summary]")) changed.add(form);
}

// At the window, after whoever sends a form without leaving the page has said so.
addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sent = event.target;
});
addEventListener("pageshow", () => (sent = null));
addEventListener("beforeunload", (event) => {
  for (const form of changed) {
    if (!form.isConnected) changed.delete(form);
    else if (form !== sent) event.preventDefault();
  }
});
