/* On every page of the console: whoever logs out, or another who logs in, leaves nothing of the field form's customers in
 * this browser.  What was not sent stays, for whoever wrote it alone.
 */

import { leave, who } from "./field_store.js";

const PATIENCE = 1500; // milliseconds that a log-out waits for it
const { user } = document.body.dataset;
const kept = who();

if (kept && user && String(kept.id) !== user) leave().catch(() => {});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches?.("form[data-logout]") || !who()) return;
  event.preventDefault();
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  Promise.race([leave(Number(user)).catch(() => {}), late]).then(() => form.submit());
});
