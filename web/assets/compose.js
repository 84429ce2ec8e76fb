// Writing: canned answers and names fill fields, and how many texts it will be is counted.
import { signed, sizeOf } from "./segments.js";

function count(field) {
  const { units, segments } = sizeOf(signed(field.value, field.dataset));
  const place = document.getElementById(field.dataset.countFor);
  place.textContent = segments ? place.dataset.say.replace("{units}", units).replace("{segments}", segments) : "";
}

export function countAll(root) {
  for (const field of root.querySelectorAll?.("[data-count-for]") ?? []) if (field.value) count(field);
}

function insert(field, text) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const gap = start && !/\s$/.test(value.slice(0, start)) ? "\n" : "";
  field.setRangeText(gap + text, start, end, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

export function startComposing(body) {
  body.addEventListener("input", ({ target }) => {
    if (target.matches("[data-count-for]")) count(target);
  });
  body.addEventListener("change", ({ target }) => {
    if (target.matches("[data-canned-for]") && target.value) {
      insert(document.getElementById(target.dataset.cannedFor), target.value);
      target.value = "";
    }
    if (target.matches("select[data-means]")) {
      document.getElementById(target.dataset.means).textContent = target.selectedOptions[0].dataset.means;
    }
  });
  body.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-fill]");
    if (!button) return;
    const field = document.getElementById(button.dataset.fill);
    field.value = button.dataset.value;
    field.dispatchEvent(new Event("filled", { bubbles: true }));
    button.parentElement.replaceChildren();
    field.focus();
  });
}
