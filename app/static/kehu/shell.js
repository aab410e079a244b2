/* The frame: theme, density, menus, dialogs and messages. */

import "./keys.js";
import "./sidebar.js";
import { announce, make, remember, text } from "./dom.js";

const root = document.documentElement;

/* ---- Theme and density ---- */

function setTheme(theme) {
  root.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `kehu_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

for (const button of document.querySelectorAll("[data-theme-choice]")) {
  button.addEventListener("click", () => setTheme(button.dataset.themeChoice));
}

const density = document.querySelector("[data-density]");
if (density) {
  density.setAttribute("aria-pressed", String(root.dataset.rows === "compact"));
  density.addEventListener("click", () => {
    const compact = root.dataset.rows !== "compact";
    if (compact) root.dataset.rows = "compact";
    else delete root.dataset.rows;
    density.setAttribute("aria-pressed", String(compact));
    remember("kehu-rows", compact ? "compact" : "");
  });
}

/* ---- Menus ---- */

const menus = () => document.querySelectorAll("details[data-menu][open]");

function closeMenus(except) {
  for (const menu of menus()) if (menu !== except && !menu.contains(except ?? null)) menu.open = false;
}

/** Put a menu's panel beside its button on the screen, where no scrolling frame cuts it off. */
function place(menu) {
  const panel = menu.querySelector(":scope > .menu-panel");
  if (!panel || !menu.closest(".table-wrap, .table-frame")) return;
  const box = menu.getBoundingClientRect();
  const height = panel.offsetHeight;
  const below = innerHeight - box.bottom > height + 12 || box.top < height + 12;
  panel.style.position = "fixed";
  panel.style.left = "auto";
  panel.style.right = `${Math.max(8, innerWidth - box.right)}px`;
  panel.style.top = below ? `${box.bottom + 4}px` : "auto";
  panel.style.bottom = below ? "auto" : `${innerHeight - box.top + 4}px`;
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches("details[data-menu]") || !menu.open) return;
    closeMenus(menu);
    place(menu);
  },
  true,
);

document.addEventListener("pointerdown", (event) => {
  if (event.target.closest(".listbox, dialog")) return;
  closeMenus(event.target.closest("details[data-menu]") ?? undefined);
});

document.addEventListener("scroll", (event) => {
  for (const menu of menus()) {
    if (menu.querySelector(":scope > .menu-panel")?.style.position === "fixed" && event.target.contains?.(menu)) menu.open = false;
  }
}, true);

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (event.key === "Escape") {
    const menu = event.target.closest?.("details[data-menu][open]") ?? menus()[0];
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.preventDefault();
    }
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const menu = event.target.closest?.("details[data-menu]");
  if (!menu || !event.target.matches("summary, .menu-item")) return;
  event.preventDefault();
  menu.open = true;
  const entries = [...menu.querySelectorAll(".menu-item")].filter((entry) => entry.offsetParent !== null || entry.getClientRects().length);
  const step = event.key === "ArrowDown" ? 1 : -1;
  const at = entries.indexOf(event.target);
  entries[(at + step + entries.length + (at < 0 && step < 0 ? 1 : 0)) % entries.length]?.focus();
});

document.addEventListener("focusin", (event) => {
  const inside = event.target.closest("details[data-menu]");
  for (const menu of menus()) if (menu !== inside && !event.target.closest(".listbox, dialog")) menu.open = false;
});

/* On a phone the secondary actions move under «…»; the main one has the bar. */
const phone = matchMedia("(max-width: 640px)");
for (const bar of document.querySelectorAll("[data-page-actions]")) {
  const menu = bar.querySelector(":scope > [data-menu]");
  const panel = menu?.querySelector("[data-menu-panel]");
  const secondary = [...bar.querySelectorAll(":scope > [data-secondary]")];
  const main = bar.querySelector(":scope > .page-action-main");
  const movable = main ? secondary : secondary.slice(1);
  const wasHidden = menu?.hidden;
  if (!menu || !movable.length) continue;
  const faces = movable.map((slot) => slot.querySelector(".btn"));
  const places = movable.map((slot) => {
    const mark = document.createComment("");
    slot.before(mark);
    return mark;
  });
  const move = () => {
    if (phone.matches) {
      for (const [at, slot] of movable.entries()) {
        faces[at].classList.replace("btn", "menu-item");
        panel.insertBefore(slot, panel.children[at] ?? null);
      }
      menu.hidden = false;
    } else {
      menu.open = false;
      for (const [at, slot] of movable.entries()) {
        faces[at].classList.replace("menu-item", "btn");
        places[at].after(slot);
      }
      menu.hidden = wasHidden;
    }
  };
  if (phone.matches) move();
  phone.addEventListener("change", move);
}

/* ---- Dialogs: what asks before it acts ---- */

for (const ask of document.querySelectorAll("details[data-ask]")) {
  const summary = ask.querySelector(":scope > summary");
  const panel = ask.querySelector(":scope > .ask-panel");
  const title = panel.querySelector(".dialog-title");
  const button = make("button", { type: "button", class: summary.className, title: summary.title || null, "aria-haspopup": "dialog" });
  button.append(...summary.childNodes);
  const dialog = make("dialog", { "aria-label": title.textContent });
  if ("bulk" in ask.dataset) dialog.dataset.bulk = "";
  dialog.append(panel);
  // The last part of «…/do/close» names what it does: the palette leads to it.
  button.dataset.does = /\/do\/([\w-]+)$/.exec(panel.querySelector("form")?.getAttribute("action") ?? "")?.[1] ?? "";
  button.addEventListener("click", () => {
    const menu = button.closest("details[data-menu]");
    if (menu) menu.open = false;
    dialog.opener = menu ? menu.querySelector("summary") : button;
    document.body.append(dialog);
    dialog.dispatchEvent(new CustomEvent("kehu:ask", { bubbles: true }));
    dialog.showModal();
    const first = dialog.querySelector(".dialog-fields :is(input:not([type=hidden]), select, textarea)");
    (first ?? dialog.querySelector("[type=submit]")).focus();
  });
  // A closed dialog leaves the page: two of them may ask for a field of the same id.
  dialog.addEventListener("close", () => {
    dialog.remove();
    dialog.opener?.focus();
  });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target !== dialog) return;
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) dialog.close();
  });
  panel.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  ask.replaceWith(button);
}

/* ---- A form is sent once ---- */

// An answer that is a download leaves the page where it is: its buttons work again.
const RELEASE = 10_000;

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[type=submit][aria-disabled]")) button.removeAttribute("aria-disabled");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.id === "bulk") return;
  form.dataset.sent = "1";
  for (const button of form.querySelectorAll("[type=submit]")) button.setAttribute("aria-disabled", "true");
  announce(text("sending"));
  setTimeout(() => release(form), RELEASE);
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach(release);
});

/* ---- Tables that scroll can be reached by the keyboard ---- */

const frames = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
document.querySelectorAll(".table-wrap").forEach((frame) => frames.observe(frame));

/* ---- Messages ---- */

const BRIEF = 6000;

for (const flash of document.querySelectorAll("[data-flash]")) {
  flash.querySelector("[data-dismiss]")?.addEventListener("click", () => flash.remove());
  if (flash.dataset.flash !== "brief") continue;
  let timer;
  const start = () => (timer = setTimeout(() => flash.remove(), BRIEF));
  const stop = () => clearTimeout(timer);
  flash.addEventListener("pointerenter", stop);
  flash.addEventListener("focusin", stop);
  flash.addEventListener("pointerleave", start);
  flash.addEventListener("focusout", start);
  start();
}

/* ---- A button that chooses files says which were chosen ---- */

const named = (input) => {
  const told = input.closest("[data-file-pick]")?.querySelector("[data-file-names]");
  if (told) told.textContent = [...input.files].map((file) => file.name).join(", ");
};
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-file-pick] > [type=file]")) named(event.target);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-file-pick] > [type=file]").forEach(named));
