/* Runs before the page is painted: what the reader chose last time, so that nothing jumps. */
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  var read = function (key) {
    try {
      return localStorage.getItem(key);
    } catch (error) {
      return null;
    }
  };
  if (read("kehu-sidebar") === "folded") root.dataset.sidebar = "folded";
  if (read("kehu-rows") === "compact") root.dataset.rows = "compact";
  var sections = {};
  try {
    sections = JSON.parse(read("kehu-sections") || "{}");
  } catch (error) {
    sections = {};
  }
  var wide = window.matchMedia("(min-width: 861px)").matches;
  document.querySelectorAll("[data-section]").forEach(function (section) {
    if (root.dataset.sidebar === "folded" && wide) section.open = false;
    else if (section.dataset.section in sections && !section.classList.contains("is-current")) section.open = sections[section.dataset.section];
  });
})();
