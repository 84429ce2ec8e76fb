// What is typed about a call: kept by the server a moment after each pause, never by the browser, as it is about patients.
// A form says where: data-keeps="/desk/calls/…/draft". docs/pop.md
import { csrf, loggedInAgain } from "./session.js";

const PAUSE_MS = 500;
const AGAIN_MS = 3000;
const LATEST_MS = 4000; // a request waits no longer for a draft that does not get through
const typed = new Map(); // by place: the fields that changed since they were kept
const body = document.body;
let timer = 0;
let going = null;

export const isWaiting = () => typed.size > 0 || going !== null;

document.addEventListener("input", ({ target }) => {
  const place = target.form?.dataset.keeps;
  if (!place || !target.name) return;
  typed.set(place, { ...typed.get(place), [target.name]: target.value });
  later(PAUSE_MS);
});

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
    typed.delete(path);
    if (await isKept(path, fields)) continue;
    typed.set(path, { ...fields, ...typed.get(path) });
    return later(AGAIN_MS);
  }
}

async function isKept(path, fields) {
  try {
    const answer = await post(path, fields);
    if (answer.status === 401) return await loggedInAgain(), isKept(path, fields);
    say(path, answer.ok);
    return answer.ok || (answer.status >= 400 && answer.status < 500); // refused for good: it is not asked for ever
  } catch {
    say(path, false);
    return false;
  }
}

function post(path, fields) {
  const headers = { "X-CSRF-Token": csrf(), "HX-Request": "true" };
  return fetch(path, { method: "POST", body: new URLSearchParams(fields), headers, keepalive: true, redirect: "manual" });
}

function say(path, isKept) {
  for (const line of document.querySelectorAll(`form[data-keeps="${path}"] [data-draft-said]`)) {
    line.textContent = isKept ? body.dataset.sayKept : body.dataset.sayNotKept;
  }
}

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
  for (const field of document.querySelectorAll(`form[data-keeps="${path}"] [name]`)) {
    const value = typed.get(path)?.[field.name] ?? fields[field.name];
    if (value === undefined) continue;
    if (field.type === "radio") field.checked = field.value === value;
    else if (field.value === field.defaultValue) field.value = field.defaultValue = value;
  }
}
