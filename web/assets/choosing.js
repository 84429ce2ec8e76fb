// Some choices act at once: a filter, whose task it is, a canned answer. The browser changes a closed list with every arrow
// key, and a date with every digit; while keys do so, nothing acts until Enter, or until the person has gone on.
import { isComposing } from "./shortcuts.js";

const ACTS = "select[data-acts], form[data-send-on-change] :is(select, input)";
const BROWSES = /^(Arrow|Page|Home$|End$|Backspace$|Delete$|.$)/;
let held = null; // the field whose new value nobody has acted on
let was = ""; // what the field said when the person came to it
let isBrowsing = false;

function act(field) {
  held = null;
  isBrowsing = false;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function undo(field) {
  held = null;
  field.value = was;
}

document.addEventListener("focusin", ({ target }) => target.matches(ACTS) && (was = target.value));
document.addEventListener(
  "keydown",
  (event) => {
    const field = event.target;
    if (!field.matches?.(ACTS) || isComposing(event)) return;
    isBrowsing = BROWSES.test(event.key) && !event.altKey && !event.ctrlKey;
    if (held !== field) return;
    if (event.key === "Escape") return undo(field);
    if (event.key !== "Enter") return;
    event.preventDefault();
    act(field);
  },
  true,
);
document.addEventListener("pointerdown", () => (isBrowsing = false), true);
document.addEventListener(
  "change",
  (event) => {
    if (!isBrowsing || !event.target.matches(ACTS)) return;
    held = event.target;
    event.stopImmediatePropagation();
  },
  true,
);
document.addEventListener("focusout", ({ target }) => held === target && target.isConnected && document.hasFocus() && act(target));
