// Writing: what is typed is kept for the tab until it is sent, canned answers and names fill fields.
// Drafts lie in the tab's own storage, under the account: a session that expires leaves them, logging out clears them
// (Clear-Site-Data), another account never sees them.
import { signed, sizeOf } from "./segments.js";

const keyOf = (field) => `hcrm.draft.${document.body.dataset.userId}.${field.dataset.draft}`;

function keep(field) {
  if (field.value) sessionStorage.setItem(keyOf(field), field.value);
  else sessionStorage.removeItem(keyOf(field));
}

function count(field) {
  const { units, segments } = sizeOf(signed(field.value, field.dataset));
  const place = document.getElementById(field.dataset.countFor);
  place.textContent = segments ? place.dataset.say.replace("{units}", units).replace("{segments}", segments) : "";
}

export function restoreDrafts(root) {
  for (const field of root.querySelectorAll?.("[data-draft]") ?? []) {
    const draft = sessionStorage.getItem(keyOf(field));
    if (draft && !field.value) field.value = draft;
    if (field.value && field.dataset.countFor) count(field);
  }
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
    if (target.matches("[data-draft]")) keep(target);
    if (target.matches("[data-count-for]")) count(target);
  });
  // Before anything of the answer is drawn, so that the form that comes with it begins empty.
  body.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr, elt, requestConfig } }) => {
    if (xhr.status >= 300 || requestConfig.verb === "get" || !elt.matches("form")) return;
    for (const field of elt.querySelectorAll("[data-draft]")) sessionStorage.removeItem(keyOf(field));
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
    button.parentElement.replaceChildren();
    field.focus();
  });
}
