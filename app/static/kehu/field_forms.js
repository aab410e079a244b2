/* The two forms of who is out: to leave, and to tell of a contact, with an old customer or a new one.  What is typed is
 * kept as it is typed, pictures and memos with it: a phone that closes the page for its camera loses nothing.
 */

import { make, text } from "./dom.js";
import { media } from "./field_media.js";
import { alike, link, now, search } from "./field_send.js";
import * as store from "./field_store.js";

const PATIENCE = 8000; // milliseconds that a position is waited for
const PAUSE = 300; // milliseconds of typing after which it is kept
const SHOWN = 8; // customers offered
const plain = (words) => words.normalize("NFKC").toLowerCase().trim();

/** Where we are, or null: also without a connection. */
export function position() {
  if (!navigator.geolocation) return Promise.resolve(null);
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), PATIENCE);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude.toFixed(6), longitude: coords.longitude.toFixed(6) }),
      () => resolve(null),
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 60_000 },
    );
  });
}

/** A field that finds a customer: among one's own, among those not sent yet, and everyone's where there is a connection. */
export function customerField(root, offered, onChange) {
  const input = root.querySelector("[data-find]");
  const list = root.querySelector("[data-matches]");
  const box = root.querySelector("[data-chosen]");
  let chosen = null; // { id | ref, name }
  let asked = 0;

  function choose(customer, quiet = false) {
    chosen = customer;
    root.querySelector("[data-chosen-name]").textContent = customer?.name ?? "";
    box.hidden = !customer;
    input.hidden = Boolean(customer);
    list.replaceChildren();
    input.value = "";
    clearError(root);
    if (!quiet) onChange();
  }

  function offer(found, note) {
    list.replaceChildren(
      ...found.slice(0, SHOWN).map((customer) => {
        const button = make("button", { type: "button" }, make("span", {}, customer.name), make("span", { class: "help" }, customer.code || text("theirs")));
        button.addEventListener("click", () => choose(customer));
        return make("li", {}, button);
      }),
      ...(found.length || !note ? [] : [make("li", { class: "help" }, note)]),
    );
  }

  async function find() {
    const turn = ++asked;
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    if (!words.length) return offer([], "");
    const mine = (await offered()).filter(({ name, code }) => words.every((word) => plain(`${code ?? ""} ${name}`).includes(word)));
    if (turn !== asked) return undefined;
    offer(mine, text("none"));
    if (mine.length >= SHOWN || link.state !== "online") return undefined;
    const others = await search(input.value);
    const known = new Set(mine.map(({ id }) => id));
    if (turn === asked) offer([...mine, ...others.filter(({ id }) => !known.has(id))], text("none"));
    return undefined;
  }

  input.addEventListener("input", find);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    list.querySelector("button")?.click();
  });
  root.querySelector("[data-unchoose]").addEventListener("click", () => {
    choose(null);
    input.focus();
  });
  return { choose, chosen: () => chosen, input };
}

function clearError(field) {
  field.querySelector(":scope > .field-error")?.remove();
  field.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
}

function complain(input, message) {
  const field = input.closest(".field");
  clearError(field);
  input.setAttribute("aria-invalid", "true");
  field.append(make("p", { class: "field-error", role: "alert" }, message));
}

/** Whether everything that is shown and needed is there; says what is not, and goes there. */
function isComplete(form) {
  const empty = [...form.querySelectorAll("[required]")].filter((input) => input.offsetParent && !input.value.trim());
  for (const input of empty) complain(input, text("required"));
  empty[0]?.focus();
  return empty.length === 0;
}

function values(form) {
  const found = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string") found[name] = value;
  for (const box of form.querySelectorAll("input[type=checkbox]")) found[box.name] = box.checked ? "1" : "";
  return found;
}

function fillIn(form, given) {
  for (const [name, value] of Object.entries(given)) {
    const field = form.elements[name];
    if (!field) continue;
    if (field.type === "checkbox") field.checked = value === "1";
    else field.value = value;
  }
}

/** Entries that are written together: `title` is what they are called, `add` makes one, `all` are they. */
export function together(user, title) {
  const group = store.fresh();
  const all = [];
  return {
    all,
    title,
    add(part, path, more) {
      const needs = [...new Set([...JSON.stringify([path, more.body ?? more.form]).matchAll(/\{([0-9a-f]{32})\}/g)].map(([, ref]) => ref))];
      all.push({ user, group, title, part, path, at: now().getTime(), needs, ...more });
    },
  };
}

/** The field of a relation: the id, or what stands for the id that an earlier entry will give. */
const named = (customer) => (customer.id ? customer.id : `{${customer.ref}}`);
const given = (pairs) => Object.fromEntries(Object.entries(pairs).filter(([, value]) => value !== "" && value !== null && value !== undefined));

/** Leave on `outing` (planned, by its id), on a line of the plan, or on what the form says. */
export async function leaving(user, { outing, line, purpose, customer, place }) {
  const at = now().toISOString();
  const here = (await position()) ?? {};
  const what = purpose || line?.goal?.slice(0, 200) || text("errand");
  const parts = together(user, customer ? `${what}: ${customer.name}` : what);
  const ref = store.fresh();
  if (!outing) {
    const body = given({ purpose: what, place, plan_line: line?.id, leave_at: at, customer: customer && named(customer) });
    parts.add("outing", "outings/", { body, gives: { [ref]: "id" }, view: "leave", values: { purpose: what, place: place ?? "" }, customer });
  }
  const target = outing ? outing.id : `{${ref}}`;
  parts.add("leave", `outings/${target}/leave`, { body: { at, ...here } });
  return { parts, out: { id: outing?.id ?? null, ref: outing ? null : ref, purpose: what, customer: customer ?? null, at } };
}

/** Come back without a contact record. */
export function returning(user, out) {
  const parts = together(user, out.customer ? `${out.purpose}: ${out.customer.name}` : out.purpose);
  parts.add("back", `outings/${named(out)}/back`, { body: { at: now().toISOString() } });
  return parts;
}

const recordOf = (typed, customer, at) =>
  given({ customer: named(customer), way: typed.way, at, outcome: typed.outcome.trim(), summary: typed.summary.trim(), intent: typed.intent.trim(), next_step: typed.next_step.trim(), next_contact_on: typed.next_contact_on });

const customerOf = (typed, here) => given({ name: typed.new_name.trim(), phone: typed.new_phone.trim(), address: typed.new_address.trim(), ...here });

/** The form that tells of a contact.  `user()` is who writes, `offered()` the customers, `onSaved(parts, outcome)` is told. */
export function recordForm(form, user, offered, onSaved) {
  const taken = media(form.querySelector("[data-media]"), keep);
  const field = customerField(form.querySelector("[data-customer]"), offered, later);
  const parts = Object.fromEntries(["pick", "new", "told", "known", "restored", "with-record", "old-customer"].map((name) => [name, form.querySelector(`[data-${name}]`)]));
  let mode = { isNew: false, alone: false, out: null, corrected: null };
  let timer = 0;

  const draft = () => ({ values: values(form), customer: field.chosen(), shots: taken.held(), mode: { ...mode, corrected: null } });

  async function keep() {
    clearTimeout(timer);
    if (user() !== null && !mode.corrected) await store.keepDraft(user(), "record", draft());
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  }

  function dress() {
    const { isNew, alone, out, corrected } = mode;
    const ofCustomer = corrected?.part === "customer";
    const ofRecord = corrected && !ofCustomer;
    parts.known.hidden = !out?.customer && !ofRecord;
    parts.known.textContent = ofRecord ? corrected.title : (out?.customer?.name ?? "");
    parts.pick.hidden = isNew || Boolean(out?.customer) || Boolean(corrected);
    parts.new.hidden = !isNew || Boolean(ofRecord);
    parts["old-customer"].hidden = alone || Boolean(corrected);
    parts["with-record"].hidden = !alone || Boolean(corrected);
    const told = ofRecord || (!corrected && (!alone || form.elements.with_record.checked));
    parts.told.hidden = !told;
    taken.root.hidden = Boolean(corrected);
  }

  /** Open the form: for a new customer `alone`, for who comes back from `out`, to correct an entry, or plain. */
  async function open({ alone = false, out = null, corrected = null } = {}) {
    form.reset();
    for (const each of form.querySelectorAll(".field")) clearError(each);
    taken.put([]);
    field.choose(null, true);
    mode = { isNew: alone, alone, out, corrected };
    parts.restored.hidden = true;
    form.querySelector("[data-like]").hidden = true;
    const held = corrected ? { values: corrected.values, customer: null, shots: [] } : user() === null ? null : await store.draft(user(), "record");
    if (corrected) mode.isNew = corrected.part === "customer";
    if (held) {
      fillIn(form, held.values);
      if (held.customer) field.choose(held.customer, true);
      if (!corrected) {
        taken.put(held.shots);
        if (!alone) mode.isNew = held.mode.isNew;
        parts.restored.hidden = false;
      }
    }
    dress();
  }

  async function correct() {
    const { corrected } = mode;
    const typed = values(form);
    if (corrected.part === "customer") {
      const { latitude, longitude } = corrected.body;
      await store.correct(corrected, { title: typed.new_name.trim(), values: typed, body: customerOf(typed, given({ latitude, longitude })) });
    } else {
      const before = corrected.body.record ?? corrected.body;
      const record = { ...recordOf(typed, { id: before.customer }, before.at) };
      // Where the outing is over by now, what is left to tell is the contact.
      const plainly = corrected.part === "record" || corrected.status === 409;
      const asked = plainly ? { part: "record", path: "contact-records/", body: record, gives: Object.fromEntries(Object.keys(corrected.gives).map((ref) => [ref, "id"])) } : { body: { ...corrected.body, record } };
      await store.correct(corrected, { values: typed, ...asked, needs: corrected.needs });
    }
  }

  async function write() {
    const typed = values(form);
    const at = now().toISOString();
    const customer = mode.isNew ? { ref: store.fresh(), name: typed.new_name.trim() } : (mode.out?.customer ?? field.chosen());
    const written = together(user(), customer.name);
    if (mode.isNew) {
      const here = typed.new_here ? ((await position()) ?? {}) : {};
      written.add("customer", "customers/", { body: customerOf(typed, here), gives: { [customer.ref]: "id" }, view: "customer", values: typed, name: customer.name });
      if (typed.new_contact.trim()) written.add("contact", "contacts/", { body: given({ customer: named(customer), name: typed.new_contact.trim(), mobile: typed.new_phone.trim() }) });
    }
    let about = `customers/${named(customer)}`;
    const told = !mode.alone || form.elements.with_record.checked;
    if (told) {
      const ref = store.fresh();
      const record = recordOf(typed, customer, at);
      const more = { view: "record", values: typed };
      if (mode.out) written.add("back", `outings/${named(mode.out)}/back`, { body: { at, record }, gives: { [ref]: "contact_record" }, ...more });
      else written.add("record", "contact-records/", { body: record, gives: { [ref]: "id" }, ...more });
      about = `contact-records/{${ref}}`;
    }
    for (const { kind, title, name, type, bytes } of await taken.taken()) {
      written.add(kind, "files/", { form: { title, record: about, kind }, file: { name, type, bytes } });
    }
    await store.add(written.all, [user(), "record"]);
    return told && mode.out;
  }

  const like = form.querySelector("[data-like]");
  let asked = 0;

  function compare() {
    const turn = ++asked;
    const typed = given({ name: form.elements.new_name.value.trim(), phone: form.elements.new_phone.value.trim() });
    setTimeout(async () => {
      const found = turn === asked && Object.keys(typed).length ? await alike(typed) : [];
      if (turn !== asked) return;
      like.hidden = !found.length;
      like.querySelector("ul").replaceChildren(...found.map((words) => make("li", {}, words)));
    }, PAUSE);
  }

  form.addEventListener("input", (event) => {
    if (["new_name", "new_phone"].includes(event.target.name)) compare();
    const holder = event.target.closest(".field");
    if (holder && event.target.value) clearError(holder);
    if (event.target.name === "with_record") dress();
    later();
  });
  form.querySelector("[data-new-customer]").addEventListener("click", () => {
    mode.isNew = true;
    form.elements.new_name.value ||= field.input.value;
    dress();
    form.elements.new_name.focus();
  });
  parts["old-customer"].addEventListener("click", () => {
    mode.isNew = false;
    dress();
    field.input.focus();
  });
  form.querySelector("[data-anew]").addEventListener("click", async () => {
    await store.dropDraft(user(), "record");
    await open({ alone: mode.alone, out: mode.out });
  });
  for (const button of form.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => {
      const day = new Date(now().getTime() + Number(button.dataset.days) * 86_400_000);
      form.elements.next_contact_on.value = new Date(day.getTime() - day.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
      later();
    });
  }
  let saving = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saving) return;
    if (!parts.pick.hidden && !field.chosen()) {
      complain(field.input, text("chooseCustomer"));
      field.input.focus();
      return;
    }
    if (!isComplete(form)) return;
    saving = true;
    try {
      await taken.taken();
      clearTimeout(timer);
      const isBack = mode.corrected ? (await correct(), false) : await write();
      onSaved(Boolean(isBack));
    } catch {
      taken.complain(text("noRoom"));
    } finally {
      saving = false;
    }
  });
  return { open };
}

/** The form to leave on what was not planned; `onLeft(left)` is told what `leaving` gave. */
export function leaveForm(form, user, offered, onLeft) {
  const field = customerField(form.querySelector("[data-customer]"), offered, () => {});
  let corrected = null;
  let saving = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saving) return;
    saving = true;
    const button = form.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    try {
      const { purpose, place } = values(form);
      const customer = field.chosen();
      if (corrected) {
        const asked = given({ ...corrected.body, purpose: purpose.trim() || text("errand"), place: place.trim(), customer: customer && named(customer) });
        await store.correct(corrected, { body: asked, values: { purpose, place }, customer });
        onLeft(null);
      } else {
        onLeft(await leaving(user(), { purpose: purpose.trim(), place: place.trim(), customer }));
      }
    } finally {
      saving = false;
      button.removeAttribute("aria-busy");
    }
  });
  return {
    open(entry = null) {
      corrected = entry;
      form.reset();
      field.choose(entry?.customer ?? null, true);
      if (entry) fillIn(form, entry.values);
    },
  };
}
