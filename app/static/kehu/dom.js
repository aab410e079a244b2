/* What the other scripts share: the page's texts, announcements, and small helpers. */

const texts = document.querySelector('meta[name="kehu-texts"]')?.dataset ?? {};

/** A text of the page by its name, with its {placeholders} filled. */
export function text(name, values = {}) {
  return (texts[name] ?? "").replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** Say something to a screen reader. */
export function announce(message) {
  const region = document.querySelector("[data-announce]");
  if (region) region.textContent = message;
}

/** Remember a choice for this browser; a browser that forbids it forgets. */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* Private windows may refuse. */
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** An element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// As the server writes moments: a day as 2026-11-23, hours from 0 to 23, in the zone of whoever looks.
const parts = new Intl.DateTimeFormat("en-CA", { timeZone: texts.zone || undefined, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const read = (at) => Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]));

/** The time of a moment (a Date, or milliseconds): 08:06. */
export function time(at) {
  const { hour, minute } = read(at);
  return `${hour}:${minute}`;
}

/** A moment (a Date, or milliseconds): 2026-11-23 08:06. */
export function moment(at) {
  const { year, month, day } = read(at);
  return `${year}-${month}-${day} ${time(at)}`;
}

const CLOSE = "M4 4l8 8M12 4l-8 8";

/** The «×» icon, for what scripts add. */
export function closeIcon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", CLOSE);
  svg.append(path);
  return svg;
}
