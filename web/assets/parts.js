// The parts of a page that a live message makes fetch again. A part says what it shows, data-shows="patient:1 sms", and of
// what happens there it hears: data-hears="SmsReceived SmsRead" (left out: of everything). What changes with its content
// stands in its content: data-about="patient:7". It is triggered as "live:refresh".
const GATHER_MS = 100; // one text is four events
const JITTER_MS = 300; // many pages hear of the same
const EVERY_MS = 1000;
const RESYNC_JITTER_MS = 2000; // all pages of the hospital at once

// When a part that hears of something fetches: once for a burst, again and again in a stream that does not end, and after
// its last message in any case.
export function fetchAt(now, last, { every = EVERY_MS, jitter = JITTER_MS, random = Math.random } = {}) {
  return Math.max(now + GATHER_MS, last + every) + random() * jitter;
}

export function concerns({ shows, hears }, { type, topics = [] }, me) {
  if (type === "Resync") return true;
  if (hears !== undefined && !hears.split(" ").includes(type)) return false;
  return shows.split(" ").some((topic) => topics.includes(topic === "me" ? me : topic));
}

// Every topic the page shows now, in one order, so that two lists are equal when their texts are.
export function topicsOf(root) {
  const named = [...root.querySelectorAll("[data-shows], [data-about]")].flatMap(({ dataset }) =>
    (dataset.shows ?? dataset.about).split(" "),
  );
  return [...new Set(named.filter(Boolean))].sort();
}

function shownBy(part) {
  const within = [...part.querySelectorAll("[data-about]")].map(({ dataset }) => dataset.about);
  return { shows: [part.dataset.shows, ...within].join(" "), hears: part.dataset.hears };
}

const REMEMBERED_MS = 10_000;
const heard = []; // what came lately: the part it is for may still be on its way
const plans = new Map(); // by name: a part may be swapped for its successor
const nameOf = (part) => part.id || part.getAttribute("hx-get");
const parts = () => [...document.querySelectorAll("[data-shows]")];

export function hear(message, refresh) {
  const now = performance.now();
  while (heard.length && heard[0].at < now - REMEMBERED_MS) heard.shift();
  heard.push({ at: now, message });
  tellParts(message, refresh);
}

// After a swap: what came since its content was asked for.
export function hearAgain(askedAt, refresh) {
  for (const { at, message } of heard) if (at >= askedAt) tellParts(message, refresh);
}

function tellParts(message, refresh) {
  const me = `agent:${document.body.dataset.userId}`;
  const jitter = message.type === "Resync" ? RESYNC_JITTER_MS : JITTER_MS;
  for (const part of parts()) if (concerns(shownBy(part), message, me)) plan(nameOf(part), { jitter }, refresh);
}

function plan(name, rules, refresh) {
  const state = plans.get(name) ?? { last: -Infinity, timer: 0 };
  plans.set(name, state);
  if (state.timer) return;
  const now = performance.now();
  state.timer = setTimeout(() => {
    state.timer = 0;
    state.last = performance.now();
    const part = parts().find((one) => nameOf(one) === name);
    if (part) refresh(part);
  }, fetchAt(now, state.last, rules) - now);
}
