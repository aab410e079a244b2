/* Runs before anything is painted: what the reader chose last time, so that nothing jumps. */
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    if (localStorage.getItem("kehu-sidebar") === "folded") root.dataset.sidebar = "folded";
    if (localStorage.getItem("kehu-rows") === "compact") root.dataset.rows = "compact";
  } catch (error) {
    /* Private windows may refuse. */
  }
})();
