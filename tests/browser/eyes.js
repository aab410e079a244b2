// What an eye sees on a page: texts that are cut, texts that lie over each other, words of the other language.
// An expression: a function of {words: look for English words, data: texts that are data} that gives complaints.
({ words = false, data = [] } = {}) => {
  const LABELLED = "button, a.btn, label, legend, h1, h2, h3, th, dt, summary, .badge, .tab, [role=tab], .menu-item, .nav-item, .chip";
  const KNOWN = new Set(["Kehu", "Excel", "CSV", "XLSX", "UTF", "GBK", "API", "JSON", "PDF", "HTML", "SKU", "Ctrl", "Alt", "Shift", "Enter", "Esc", "Tab", "English", "CNY", "URL", "SMTP", "UTC", "Asia", "Shanghai"]);
  const complaints = [];
  const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
  const named = (element) => `${element.tagName.toLowerCase()}${element.className && typeof element.className === "string" ? `.${element.className.trim().split(/\s+/).join(".")}` : ""}`;
  const styles = new Map();
  const styleOf = (element) => {
    let style = styles.get(element);
    if (!style) styles.set(element, (style = getComputedStyle(element)));
    return style;
  };
  const clips = (style, axis) => style[`overflow${axis}`] !== "visible";
  const scrolls = (style, axis) => ["auto", "scroll"].includes(style[`overflow${axis}`]);

  // For those who listen alone: it takes no room.
  const unseen = (element) => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      if (styleOf(each).position === "absolute" && each.offsetWidth <= 1 && each.offsetHeight <= 1) return true;
    }
    return false;
  };

  // Is the whole text told where it is cut on purpose?
  const told = (element, text) => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      const said = each.getAttribute("title") || each.getAttribute("aria-label");
      if (said && said.replace(/\s+/g, " ").includes(text)) return true;
    }
    return false;
  };

  // Every visible text of its own, with its box as it is seen: what a frame that scrolls hides is not there.
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.replace(/\s+/g, " ").trim();
    const parent = node.parentElement;
    if (!text || !parent || parent.closest("script, style, template, noscript, .sr, [hidden], select, option, datalist, svg, textarea")) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) || unseen(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      const seen = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
      let layer = null;
      let gone = false;
      for (let each = parent; each && each !== document.documentElement; each = each.parentElement) {
        const style = styleOf(each);
        if (!layer && (["sticky", "fixed", "absolute"].includes(style.position) || each.matches("dialog"))) layer = each;
        if (clips(style, "X") || clips(style, "Y")) {
          const frame = each.getBoundingClientRect();
          if (clips(style, "X")) {
            if (!scrolls(style, "X") && (seen.right > frame.right + 1 || seen.left < frame.left - 1) && !told(parent, text)) {
              complaints.push(`cut: «${short(text)}» in ${named(each)}`);
            }
            seen.left = Math.max(seen.left, frame.left);
            seen.right = Math.min(seen.right, frame.right);
          }
          if (clips(style, "Y")) {
            const height = seen.bottom - seen.top;
            if (!scrolls(style, "Y") && style.webkitLineClamp === "none" && frame.height > 1
              && Math.min(seen.bottom, frame.bottom) - Math.max(seen.top, frame.top) < height * 0.7 && !told(parent, text)) {
              complaints.push(`cut: «${short(text)}» in ${named(each)}`);
            }
            seen.top = Math.max(seen.top, frame.top);
            seen.bottom = Math.min(seen.bottom, frame.bottom);
          }
        }
        gone = seen.right - seen.left < 1 || seen.bottom - seen.top < 1;
        if (gone || style.position === "fixed") break;
      }
      // A line's box is higher than its letters.
      const third = (seen.bottom - seen.top) / 4;
      if (!gone) texts.push({ node, text, parent, layer, left: seen.left, right: seen.right, top: seen.top + third, bottom: seen.bottom - third });
    }
  }

  // Texts of one layer never share a place.
  texts.sort((one, other) => one.top - other.top);
  for (const [at, one] of texts.entries()) {
    for (let next = at + 1; next < texts.length && texts[next].top < one.bottom - 1; next += 1) {
      const other = texts[next];
      if (one.layer !== other.layer || one.node === other.node) continue;
      if (Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2) {
        complaints.push(`over each other: «${short(one.text)}» and «${short(other.text)}» in ${named(one.parent)}`);
      }
    }
  }

  // What has a label shows all of it.
  for (const element of document.querySelectorAll(LABELLED)) {
    if (!element.clientWidth || element.closest(".sr, [hidden]") || !element.checkVisibility({ visibilityProperty: true }) || unseen(element)) continue;
    const text = element.textContent.replace(/\s+/g, " ").trim();
    if (text && element.scrollWidth > element.clientWidth + 1 && !element.querySelector("input, select, .sr") && !told(element, text)) {
      complaints.push(`cut: «${short(text)}», ${element.scrollWidth} px in ${element.clientWidth} px, ${named(element)}`);
    }
  }

  if (words) {
    const known = new Set(data);
    const foreign = (text, where) => {
      if (known.has(text)) return;
      let rest = text.replaceAll(/[{[].*[}\]]/g, " "); // what is written as a program reads it
      for (const each of data) if (each.length > 2 && rest.includes(each)) rest = rest.replaceAll(each, " ");
      const found = (rest.match(/(?<![A-Za-z0-9/._%@:#-])[A-Za-z]{3,}(?![A-Za-z0-9/._@:-])/g) ?? []).filter((word) => !KNOWN.has(word));
      if (found.length) complaints.push(`not Chinese: «${short(text)}» ${where}`);
    };
    for (const each of document.body.querySelectorAll("*")) {
      if (each.closest("script, style, template, noscript, code, kbd, .code, .mono, [lang=en]:not(html), [data-foreign]")) continue;
      for (const attribute of ["title", "aria-label", "placeholder", "alt", "data-label"]) {
        const said = each.getAttribute(attribute);
        if (said) foreign(said, `in ${attribute} of ${named(each)}`);
      }
      for (const child of each.childNodes) {
        if (child.nodeType === Node.TEXT_NODE && child.data.trim()) foreign(child.data.replace(/\s+/g, " ").trim(), `in ${named(each)}`);
      }
    }
  }
  return [...new Set(complaints)];
}
