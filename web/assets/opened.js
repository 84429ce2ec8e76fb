// What a person unfolded stays unfolded when the page refreshes what it stands in by itself.
const body = document.body;
let opened = [];

const signOf = (details) => details.querySelector("summary").textContent.trim();
const byItself = ({ triggeringEvent }) => Boolean(triggeringEvent?.type.startsWith("live:"));

body.addEventListener("htmx:beforeSwap", ({ detail: { target, requestConfig } }) => {
  opened = byItself(requestConfig) ? [...target.querySelectorAll("details[open]")].map(signOf) : [];
});
body.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  for (const details of target?.querySelectorAll("details") ?? []) if (opened.includes(signOf(details))) details.open = true; // Back has none
});
