/* Runs as soon as the sidebar is there: its sections open as they were left, and where one is stands in view. */
(function () {
  var folded = document.documentElement.dataset.sidebar === "folded" && window.matchMedia("(min-width: 861px)").matches;
  var sections = {};
  try {
    sections = JSON.parse(localStorage.getItem("kehu-sections") || "{}");
  } catch (error) {
    sections = {};
  }
  document.querySelectorAll("[data-section]").forEach(function (section) {
    if (folded) section.open = false;
    else if (section.dataset.section in sections && !section.classList.contains("is-current")) section.open = sections[section.dataset.section];
  });
  var nav = document.querySelector("[data-nav]");
  var current = nav && nav.querySelector("[data-section]:not([data-favourites]) [aria-current]");
  if (!current || !current.getClientRects().length) return;
  var box = current.getBoundingClientRect();
  var frame = nav.getBoundingClientRect();
  // The menu alone is scrolled: scrollIntoView would move the page with it.
  if (box.bottom > frame.bottom || box.top < frame.top) nav.scrollTop += box.top - frame.top - (frame.height - box.height) / 2;
})();
