/* Beside a field that says who a row is: rows that may be the same, while one types.
 *
 * It only tells: saving is never held up. The field knows whom to ask (data-like), the server writes what is said.
 */

const PAUSE = 350; // milliseconds without a key before the server is asked
const waiting = new WeakMap(); // field → timer
const asked = new WeakMap(); // field → the last text that was asked for

function place(field) {
  let region = field.querySelector("[data-like-told]");
  if (!region) {
    region = document.createElement("div");
    region.className = "like";
    region.setAttribute("role", "status");
    region.dataset.likeTold = "";
    field.append(region);
  }
  return region;
}

async function ask(field, input) {
  const text = input.value.trim();
  if (asked.get(field) === text) return;
  asked.set(field, text);
  if (!text) {
    field.querySelector("[data-like-told]")?.replaceChildren();
    return;
  }
  const url = new URL(field.dataset.like, location.href);
  url.searchParams.set(input.name, text);
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok || asked.get(field) !== text) return;
    const said = await answer.json();
    if (asked.get(field) !== text) return;
    const region = said.html ? place(field) : field.querySelector("[data-like-told]");
    if (region) region.innerHTML = said.html;
  } catch {
    asked.delete(field); // asked again with the next key
  }
}

document.addEventListener("input", (event) => {
  const field = event.target.closest?.("[data-like]");
  if (!field || !event.target.name) return;
  clearTimeout(waiting.get(field));
  waiting.set(field, setTimeout(() => ask(field, event.target), PAUSE));
});

/* What a form came back with was typed before: say at once who may be the same. */
for (const field of document.querySelectorAll("[data-like]")) {
  const input = field.querySelector("input[name]");
  if (input?.value && input.value === input.defaultValue && document.querySelector("[data-error-summary]")) ask(field, input);
}
