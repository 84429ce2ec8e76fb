// What is typed into a form is kept by the server a moment after each pause, never by the browser, as it is about patients.
// A form says where: data-keeps="/drafts/text?thread=7". docs/drafts.md
import { csrf, loggedInAgain } from "./session.js";

const PAUSE_MS = 500;
const AGAIN_MS = 3000;
const LARGEST_KEPT_ALIVE = 60_000; // bytes; browsers refuse more than 64 KiB
const LATEST_MS = 4000; // a request waits no longer for a draft that does not get through
const typed = new Map(); // by place: the fields that changed since they were kept
const sent = new Map(); // by place: how often its form was taken
const body = document.body;
let timer = 0;
let going = null;

export const isWaiting = () => typed.size > 0 || going !== null;

// "filled": a script wrote into the field for the person.
for (const kind of ["input", "filled"]) document.addEventListener(kind, ({ target }) => note(target));

function note(field) {
  const place = field.form?.dataset.keeps;
  if (!place || !field.name || /^(hidden|password|search)$/.test(field.type)) return;
  const version = field.form.elements.version; // of the record that was seen when this was typed
  typed.set(place, { ...typed.get(place), [field.name]: valueOf(field), ...(version && { version: version.value }) });
  later(PAUSE_MS);
}

// Of boxes with one name: those that are ticked, a line each, as the form is read.
function valueOf(field) {
  if (field.type !== "checkbox") return field.value;
  const group = [...field.form.elements].filter((one) => one.name === field.name && one.checked);
  return group.map((one) => one.value).join("\n");
}

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(keep, ms);
}

// Now, and until it is kept; a line that is down holds nobody up for long.
export function flush() {
  return Promise.race([keep(), new Promise((resolve) => setTimeout(resolve, LATEST_MS))]);
}

function keep() {
  clearTimeout(timer);
  going ??= keepAll().finally(() => (going = null));
  return going;
}

async function keepAll() {
  for (let [place] = typed; place; [place] = typed) {
    const [path, fields] = place;
    const before = sent.get(path);
    typed.delete(path);
    if ((await isKept(path, fields)) || sent.get(path) !== before) continue;
    typed.set(path, { ...fields, ...typed.get(path) });
    return later(AGAIN_MS);
  }
}

async function isKept(path, fields) {
  try {
    const answer = await post(path, fields);
    if (answer.status === 401) return await loggedInAgain(), isKept(path, fields);
    say(path, fields, answer.ok ? (await answer.json()).said : body.dataset.sayNotKept, answer.ok);
    return answer.ok || (answer.status >= 400 && answer.status < 500); // refused for good: it is not asked for ever
  } catch {
    say(path, fields, body.dataset.sayNotKept, false);
    return false;
  }
}

function post(path, fields) {
  const headers = { "X-CSRF-Token": csrf(), "HX-Request": "true" };
  const form = new URLSearchParams(fields);
  const keepalive = form.toString().length < LARGEST_KEPT_ALIVE; // outlives the page
  return fetch(path, { method: "POST", body: form, headers, keepalive, redirect: "manual" });
}

const formsOf = (path) => document.querySelectorAll(`form[data-keeps="${path}"]`);

function say(path, fields, words, isThere) {
  for (const form of formsOf(path)) {
    const line = form.querySelector("[data-draft]");
    if (!line || !Object.keys(fields).some((name) => name !== "version" && form.elements[name])) continue;
    line.querySelector("[data-draft-said]").textContent = words;
    if (isThere) line.querySelector("[data-draft-drop]").hidden = false;
  }
}

// A form that was taken is not written again by words that were on their way.
body.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr, elt, requestConfig } }) => {
  const path = elt.closest?.("form")?.dataset.keeps;
  if (!path || xhr.status >= 300 || requestConfig.verb === "get") return;
  typed.delete(path);
  sent.set(path, (sent.get(path) ?? 0) + 1);
});

// Thrown away, and brought back for whoever changes their mind.
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-draft-drop]");
  if (button) drop(button.form);
});

async function drop(form) {
  const path = form.dataset.keeps;
  await flush();
  const kept = await (await fetch(path, { headers: { Accept: "application/json" } })).json();
  const names = Object.keys(kept).filter((name) => form.elements[name]);
  const [at, about = ""] = path.split("?");
  const answer = await post(`${at}/discard?${about}`, { names: names.join(" ") });
  if (!answer.ok) return window.hcrmToast({ text: body.dataset.sayFailed, kind: "problem" });
  const undo = () => post(path, Object.fromEntries(names.map((name) => [name, kept[name]]))).then(drawAgain);
  window.hcrmToast({ text: body.dataset.sayDropped, undo, undoText: body.dataset.sayUndo });
  drawAgain();
}

const drawAgain = () =>
  window.htmx.ajax("GET", location.pathname + location.search, { target: "#page", select: "#page", swap: "outerHTML" });

// The last words before the page goes. Nobody waits for the answer, so the page that comes next may have been made before
// they arrived: it looks again.
const LEFT = "hcrm.typing"; // sessionStorage: that something was under way, never what
const LOOKS_MS = [400, 1500, 4000];

function leave() {
  if (isWaiting()) sessionStorage.setItem(LEFT, "1");
  for (const [path, fields] of typed) post(path, fields).catch(() => {});
}
for (const going of ["beforeunload", "pagehide"]) addEventListener(going, leave);

if (sessionStorage.getItem(LEFT)) for (const ms of LOOKS_MS) setTimeout(look, ms);
sessionStorage.removeItem(LEFT);

async function look() {
  for (const path of new Set([...document.querySelectorAll("form[data-keeps]")].map(({ dataset }) => dataset.keeps))) {
    const answer = await fetch(path, { headers: { Accept: "application/json", "X-Hcrm-Background": "1" } });
    if (answer.ok) fillIn(path, await answer.json());
  }
}

// Only where nothing was typed since.
function fillIn(path, fields) {
  for (const form of formsOf(path)) {
    for (const field of form.elements) {
      const value = typed.get(path)?.[field.name] ?? fields[field.name];
      if (value !== undefined && field.type !== "hidden") fill(field, value);
    }
  }
}

function fill(field, value) {
  if (field.type === "radio") field.checked = field.value === value;
  else if (field.options) field.value = value;
  else if (field.value === field.defaultValue) field.value = field.defaultValue = value;
}
