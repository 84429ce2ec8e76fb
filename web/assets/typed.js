// What was typed on this page and is saved nowhere. What a draft is kept of (docs/drafts.md), and filters, are none of it.
const FIELDS = "input:not([type=hidden], [type=search]), textarea, select";
const KEPT = "[data-keeps], [data-send-on-change], [hx-get], [method=get], [data-no-submit]";

export function unsaved(within = document) {
  const forms = [...within.querySelectorAll(`#page form:not(${KEPT})`)];
  return forms.filter((form) => !("sent" in form.dataset) && (form.matches("[data-unsaved], :has([data-unsaved])") || [...form.querySelectorAll(FIELDS)].some(isTyped)));
}

function isTyped(field) {
  if (/^(radio|checkbox)$/.test(field.type)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((one) => one.selected !== one.defaultSelected) && field.selectedIndex !== firstOf(field);
  return field.value !== field.defaultValue;
}

// The browser chooses the first when the page says nothing.
function firstOf(select) {
  const chosen = [...select.options].findIndex((one) => one.defaultSelected);
  return chosen < 0 ? 0 : chosen;
}
