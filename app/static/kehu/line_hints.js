/* Under a line grid: what one should know of the rows that are picked in one of its columns (data-line-hints), as the server
 * at data-url says it.  It only tells: saving is never held up.
 */

const PAUSE = 150; // milliseconds: a pasted block picks many rows at once

for (const region of document.querySelectorAll("[data-line-hints]")) setUp(region);

function setUp(region) {
  const grid = region.closest("[data-lines]");
  const name = region.dataset.lineHints;
  let timer = 0;
  let told = "";

  const picked = () =>
    [...grid.querySelectorAll(`[data-line]:not([hidden]) input[type=hidden][name$="-${name}"]`)].map((input) => input.value).filter(Boolean);

  async function ask() {
    const ids = [...new Set(picked())].sort();
    const asked = ids.join(",");
    if (asked === told) return;
    told = asked;
    if (!asked) return region.replaceChildren();
    const url = new URL(region.dataset.url, location.href);
    for (const id of ids) url.searchParams.append(name, id);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok || asked !== told) return;
      const said = await answer.json();
      if (asked === told) region.innerHTML = said.html;
    } catch {
      told = ""; // asked again with the next row
    }
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  };
  grid.addEventListener("change", soon);
  grid.closest("form").addEventListener("kehu:changed", soon); // a line came, went, or was taken back
  ask();
}
