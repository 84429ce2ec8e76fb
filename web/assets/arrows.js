// Arrow keys, Home and End in what belongs together: times of a day, days, people found, conversations, tasks.
//   data-arrows=".slot"            what is walked through
//   data-lines=".slot-times"       which of them stand in one line; left out: all
//   data-one-stop                  Tab stops there once, at the one that was used last
//   data-pages=".strip-day"        PageUp and PageDown press the one before and after the current of these, which stand beside
// A field says data-leads-to="found" where the answers to what is typed appear: arrow down goes there, Enter takes the only
// one; with data-first it opens the first of several. docs/keyboard.md
import { press } from "./pressing.js";
import { isComposing, moved } from "./shortcuts.js";

const seen = (element) => element.checkVisibility() && !element.disabled;
export const itemsOf = (holder) => (holder.dataset.arrows ? [...holder.querySelectorAll(holder.dataset.arrows)].filter(seen) : []);

function linesOf(holder) {
  const lines = holder.dataset.lines ? [...holder.querySelectorAll(holder.dataset.lines)] : [holder];
  return lines.map((line) => itemsOf(holder).filter((item) => line.contains(item))).filter((line) => line.length);
}

function walk(event) {
  const holder = event.altKey || event.shiftKey || event.metaKey ? null : event.target.closest("[data-arrows]");
  const item = holder && event.target.closest(holder.dataset.arrows);
  if (!item || (event.target !== item && event.target.matches("input, textarea, select"))) return;
  const lines = linesOf(holder);
  const line = lines.findIndex((one) => one.includes(item));
  if (line < 0) return;
  const to = moved(event, [line, lines[line].indexOf(item)], lines.map(({ length }) => length));
  if (to) return go(event, lines[to[0]][to[1]]);
  if (event.key === "ArrowUp" && holder.id) go(event, document.querySelector(`[data-leads-to="${holder.id}"]`));
  if (event.key === "PageDown" || event.key === "PageUp") turn(event, holder);
}

function go(event, element) {
  if (!element) return;
  event.preventDefault();
  element.focus();
}

let turned = null; // the page that was pressed, and what the keyboard returns to when it is there

function turn(event, holder) {
  const pages = holder.dataset.pages ? [...document.querySelectorAll(holder.dataset.pages)] : [];
  const at = pages.findIndex((page) => page.hasAttribute("aria-current"));
  const page = pages[at + (event.key === "PageDown" ? 1 : -1)];
  if (at < 0 || !page) return;
  event.preventDefault();
  turned = { page, ...holder.dataset };
  press(page);
}

document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!turned || detail.requestConfig?.elt !== turned.page) return;
  const { arrows, pages } = turned;
  const holder = [...document.querySelectorAll("[data-arrows]")].find((one) => one.dataset.arrows === arrows);
  const items = holder ? itemsOf(holder) : [];
  (items.find((item) => item.matches("[aria-current]")) ?? items[0] ?? document.querySelector(`${pages}[aria-current]`))?.focus();
  turned = null;
});

// One of them is where Tab stops.
function stopOnce(holder, at = null) {
  const items = [...holder.querySelectorAll(holder.dataset.arrows)];
  const stop = at ?? items.find((item) => item.matches("[aria-current]")) ?? items[0];
  for (const item of items) item.tabIndex = item === stop ? 0 : -1;
}

export function startArrows(part) {
  const around = part.closest?.("[data-one-stop]");
  for (const holder of [around, ...(part.querySelectorAll?.("[data-one-stop]") ?? [])]) if (holder) stopOnce(holder);
}

document.addEventListener("focusin", ({ target }) => {
  const holder = target.closest?.("[data-one-stop]");
  if (holder && target.matches(holder.dataset.arrows)) stopOnce(holder, target);
});

// A letter that a control of the row names presses it while the row itself has the focus; Enter follows its first.
function use(event) {
  const row = event.target;
  if (!row.matches("[data-row]") || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const control = [...row.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key.toLowerCase());
  const chosen = event.key === "Enter" ? row.querySelector("[data-opens]") : control;
  if (!chosen) return;
  event.preventDefault();
  press(chosen);
}

// From a field into what was found for it.
const asked = new WeakSet(); // Enter was pressed before the answer came

function find(event) {
  const field = event.target;
  const place = field.dataset?.leadsTo && document.getElementById(field.dataset.leadsTo);
  if (!place) return;
  if (event.key === "ArrowDown") return go(event, itemsOf(place)[0]);
  if (event.key !== "Enter" || !field.hasAttribute("hx-post") || !field.value.trim()) return; // a form's own Enter sends it
  event.preventDefault();
  if (place.dataset.found === field.value) take(field, place);
  else asked.add(field);
}

function take(field, place) {
  const items = itemsOf(place);
  if (items.length === 1 || (items.length && "first" in field.dataset)) press(items[0]);
  else items[0]?.focus();
}

document.body.addEventListener("htmx:beforeRequest", ({ target }) => {
  const place = target.dataset?.leadsTo && document.getElementById(target.dataset.leadsTo);
  if (place) place.dataset.asked = target.value;
});
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  const field = detail.requestConfig?.elt;
  const place = field?.dataset?.leadsTo && document.getElementById(field.dataset.leadsTo);
  if (!place || place.dataset.asked !== field.value) return;
  place.dataset.found = field.value;
  if (asked.delete(field)) take(field, place);
});

// A digit takes one of a group of choices: 1 the first, 0 the tenth.
function count(event) {
  const group = event.target.closest?.("[data-digits]");
  if (!group || !/^\d$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
  const choice = group.querySelectorAll("input[type=radio]")[(Number(event.key) + 9) % 10];
  if (!choice) return;
  event.preventDefault();
  choice.focus();
  choice.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isComposing(event)) return;
  for (const act of [walk, use, find, count]) if (!event.defaultPrevented) act(event);
});
