// Where the keyboard is. After another page was opened it begins at what the page is for; what was replaced under it is
// found again: the same control, else the row that took its row's place, else what it was in. docs/keyboard.md
const STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
const FRAME = "#nav, .hcrm-top";
const body = document.body;
let last = null; // where the focus was
let wanted = null; // by a key that first had to open the page
let isTurning = false; // another page is there and not settled yet

const canTake = (element) => Boolean(element?.isConnected && !element.disabled && element.checkVisibility());
const isLost = () => !document.activeElement || document.activeElement === body;
const stopsIn = (holder) => [...holder.querySelectorAll(STOPS)];
const rowsIn = (holder) => (holder.dataset.arrows ? [...holder.querySelectorAll(holder.dataset.arrows)] : []);
const heading = () => document.querySelector("#page h1") ?? document.getElementById("page");

document.addEventListener("focusin", ({ target }) => (last = traceOf(target)));
addEventListener("pointerdown", () => (last = null), true);

// The person left the field on purpose.
export function forget() {
  last = null;
}

function traceOf(element) {
  const steps = [];
  for (let holder = element; holder && holder !== body && holder.id !== "page"; holder = holder.parentElement) {
    if (holder.id) steps.push({ id: holder.id, at: stopsIn(holder).indexOf(element), row: rowsIn(holder).findIndex((row) => row.contains(element)) });
    else if (rowsIn(holder).length) steps.push({ holder, row: rowsIn(holder).findIndex((row) => row.contains(element)) });
  }
  return { element, sign: signOf(element), steps };
}

// What makes a control the same as another in its place.
function signOf(element) {
  const does = element.getAttribute("hx-post") ?? element.getAttribute("href") ?? "";
  const value = element.type === "radio" ? element.value : "";
  return [element.tagName, element.name, value, does, element.ariaLabel || element.textContent.trim()].join("|");
}

function found({ sign, steps }) {
  for (const { id, holder = document.getElementById(id), at = -1, row } of steps) {
    if (!canTake(holder)) continue;
    if (at < 0 && id) return holder; // it was the element itself
    return same(holder, sign, at) ?? rowsIn(holder)[Math.min(row, rowsIn(holder).length - 1)] ?? holder;
  }
  return null;
}

function same(holder, sign, at) {
  const stops = stopsIn(holder);
  const far = (stop) => Math.abs(stops.indexOf(stop) - at);
  return stops.filter((stop) => canTake(stop) && signOf(stop) === sign).sort((one, other) => far(one) - far(other))[0];
}

function comeBack() {
  if (isTurning || !isLost() || !last || !document.hasFocus() || document.querySelector("dialog[open]")) return;
  const place = canTake(last.element) ? last.element : (found(last) ?? heading());
  focus(place, { preventScroll: true }); // it was before their eyes
}

function focus(element, options) {
  if (!element) return;
  if (!element.matches(STOPS)) element.tabIndex = -1;
  element.focus(options);
}

export function take(element) {
  focus(element, { preventScroll: Boolean(element?.matches("h1, #page")) });
}

// A key wants something of a page that is not there yet.
export function wantOnPage(find) {
  wanted = find;
}

function begin() {
  const field = matchMedia("(hover: hover)").matches ? document.querySelector("#page [data-begins]") : null;
  take(wanted?.() ?? field ?? heading());
  wanted = null;
}

// Whoever was in the frame of the page has gone on with it, but for somebody who types there.
function hasGoneOn({ requestConfig }) {
  const at = document.activeElement;
  return Boolean(at.closest(FRAME) && (!at.matches("input") || requestConfig?.elt?.closest("#found")));
}

const isPage = ({ target }) => target?.id === "page";
const byItself = ({ requestConfig }) => Boolean(requestConfig?.triggeringEvent?.type.startsWith("live:"));

body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (isPage(detail)) isTurning = true;
  else comeBack(); // at once: no key is lost in between
});
body.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (isPage(detail)) isTurning = false;
  if (isPage(detail) && !byItself(detail) && (wanted || isLost() || hasGoneOn(detail))) begin();
  else setTimeout(comeBack);
});
body.addEventListener("htmx:afterRequest", () => setTimeout(comeBack)); // a button was switched off while it asked
body.addEventListener("htmx:historyRestore", () => setTimeout(() => isLost() && take(heading())));
