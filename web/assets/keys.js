// What keys do on every page; those of a call are in desk.js. docs/keyboard.md
import { forget, take, wantOnPage } from "./focus.js";
import { press } from "./pressing.js";
import { inTurn, isComposing, meant } from "./shortcuts.js";

const FIELDS = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";
const one = (selector) => () => document.querySelector(selector);
const seen = (element) => element?.checkVisibility();
const page = (path) => document.querySelector(`#nav a[href="${path}"]`);

// Where a key goes: to the first of these, pressed again to the next; when there is none of them, by this link first.
const PLACES = {
  result: { at: [() => one("#pop form.result input:checked")() ?? one("#pop form.result input[name=disposition]")()], by: () => page("/desk") },
  booking: {
    at: [one(".slot[tabindex='0']"), one("#booking-department")],
    by: () => document.querySelector("#page a[href$='/book']") ?? (document.getElementById("pop") ? null : page("/desk")),
  },
  who: { at: [one("#pop .choose button"), one("#pop input[name=q]"), one("#new-name")], by: () => page("/desk") },
  number: { at: [one("[data-phone=dial]")] },
  today: { at: [], by: () => page("/today") },
  desk: { at: [], by: () => page("/desk") },
  texts: { at: [() => one("#threads a:has(.waits)")() ?? one("#threads a")(), one("#page:has(#threads) a[href='/sms/new']")], by: () => page("/sms") },
  tasks: { at: [one("#tasks [data-row]"), one("#page:has(#tasks) a[href='/tasks/new']")], by: () => page("/tasks") },
  search: { at: [() => document.querySelector("#page [type=search]") ?? document.getElementById("find")] },
};

function go({ at, by }) {
  const places = at.map((find) => find()).filter(seen);
  if (places.length) return take(inTurn(places, isHere));
  const link = by?.();
  if (!link) return;
  wantOnPage(() => at.map((find) => find()).find(seen));
  press(link);
}

// The person is at a place when they are at it, or at its like in the same group.
function isHere(place) {
  const here = document.activeElement;
  return here === place || Boolean(place.name && here?.name === place.name && here.form === place.form);
}

const ACTIONS = {
  help: () => opens("keys"),
  undo: () => [...document.querySelectorAll("#toasts button")].at(-1)?.click(),
};

function opens(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  const isTyping = Boolean(event.target.closest(FIELDS));
  const name = document.querySelector("dialog[open]") ? "" : meant(event, isTyping);
  if (name in PLACES || name in ACTIONS) {
    event.preventDefault();
    if (name in ACTIONS) ACTIONS[name]();
    else go(PLACES[name]);
  }
  if (event.key === "Escape" && isTyping && !isComposing(event)) leave(event.target);
});

function leave(field) {
  forget();
  field.blur();
  if (field.id === "find") empty(document.getElementById("found"));
}

function empty(found) {
  found.replaceChildren();
  delete found.dataset.found;
}

// Ctrl+Enter sends what is written, if it can be sent now.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || isComposing(event) || event.repeat) return;
  const form = event.target.closest("[data-send-keys]")?.closest("form");
  const button = [...(form?.querySelectorAll("button:not([type=button])") ?? [])].filter(seen).at(-1);
  if (!button || button.disabled) return;
  event.preventDefault();
  form.requestSubmit(button);
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-opens-dialog]");
  if (button) opens(button.dataset.opensDialog);
});

// Whoever chose one of the people found is done with the search.
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  const found = document.getElementById("found");
  if (detail.target?.id !== "page" || !found?.childElementCount || !found.contains(detail.requestConfig?.elt)) return;
  empty(found);
  document.getElementById("find").value = "";
});
