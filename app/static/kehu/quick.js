/* «New customer “abc”» in a picker: a dialog that asks for what must be typed, saves, and gives the new row back.
 *
 * The dialog is the server's: what is refused comes back with what was typed and why.
 */

import { announce, make, text } from "./dom.js";
import "./likeness.js";

const HEADERS = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };

/** Ask for a new row for the picker of `input`; `made` is called with it once the dialog is gone. */
export async function create(input, { create: url, createLabel: label }, words, made) {
  const dialog = make("dialog", { class: "quick", "aria-labelledby": "quick-title" });
  let row = null;

  const fill = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const form = page.querySelector("form[data-quick]");
    if (!form) throw new Error("no form");
    dialog.replaceChildren(form);
    form.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    form.addEventListener("submit", send);
    const inputs = [...form.querySelectorAll(".dialog-fields :is(input:not([type=hidden]), select, textarea)")];
    const first = inputs.find((each) => each.getAttribute("aria-invalid")) ?? inputs.find((each) => !each.value) ?? form.querySelector("[type=submit]");
    return () => first.focus();
  };

  const fail = () => {
    const said = dialog.querySelector("[data-unanswered]") ?? make("p", { class: "field-error", role: "alert", "data-unanswered": "" });
    said.textContent = text("unanswered");
    const foot = dialog.querySelector(".dialog-foot");
    if (foot) foot.before(said);
    else {
      const close = make("button", { type: "button", class: "btn" }, text("close"));
      close.addEventListener("click", () => dialog.close());
      dialog.append(make("h2", { class: "dialog-title", id: "quick-title" }, label), said, make("div", { class: "dialog-foot" }, close));
    }
  };

  async function send(event) {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("[type=submit]");
    if (button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: HEADERS, credentials: "same-origin" });
      const said = await answer.json();
      if (answer.ok) {
        row = said.result;
        dialog.close();
      } else fill(said.form)();
    } catch {
      fail();
      button.removeAttribute("aria-disabled");
    }
  }

  dialog.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    dialog.querySelector("form")?.requestSubmit();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    delete input.dataset.making;
    input.focus();
    if (!row) return;
    made(row);
    announce(row.label);
  });

  let focus = () => {};
  try {
    const answer = await fetch(`${url}?${new URLSearchParams({ quick: "1", text: words })}`, { headers: HEADERS, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    focus = fill(await answer.text());
  } catch {
    fail();
  }
  document.body.append(dialog);
  dialog.showModal();
  focus();
}
