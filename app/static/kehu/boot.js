/* Runs as soon as the sidebar is there: its sections open as they were left. */
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
})();
