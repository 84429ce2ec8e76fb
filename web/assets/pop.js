// The screen pop: which call the desk shows, and when it asks for it. The server names the call to this user only; the part is
// fetched where rights are checked.
import { unsaved } from "./typed.js";

const place = () => document.getElementById("pop");
let shownCall = null;
let arriving = Promise.resolve();
let rangAt = -Infinity; // when a call came to this desk
let toldAt = -Infinity; // when something happened to one

export function pop(callId, remember) {
  remember(callId);
  rangAt = performance.now();
  if (shownCall === callId && place()?.dataset.call === callId) return;
  shownCall = callId;
  if (!place()) return nameCaller(callId);
  show(callId);
}

function show(callId) {
  place().dataset.call = callId;
  arriving = window.htmx.ajax("GET", `/desk/pop/${callId}`, { target: "#pop", swap: "innerHTML" }); // names the caller as well
}

export function nameCaller(callId) {
  window.htmx.ajax("GET", `/desk/caller/${callId}`, { target: "#caller", swap: "innerHTML" });
}

// A call about which a colleague asked is now ours: with it come its number, and the form for how it ended.
export function popAgain(callId) {
  if (place()) show(callId);
  else nameCaller(callId);
}

// Something happened to a call. One that only rang here and went elsewhere is not asked for again.
export async function tell({ call_id: callId, user_id: userId, agent_id: agentId }) {
  toldAt = performance.now();
  await arriving;
  const shown = document.getElementById("pop-call");
  if (!shown || shown.dataset.call !== callId) return;
  const isOurs = "stays" in shown.dataset || String(userId ?? agentId) === document.body.dataset.userId;
  if (isOurs) return window.htmx.trigger(shown, "told");
  gone();
}

// A colleague no longer asks: what was shown for that is not this desk's business any more.
export function askedNoMore() {
  if (document.querySelector("#pop-call[data-asked]")) gone();
}

function gone() {
  document.getElementById("pop-call").replaceWith(document.getElementById("pop-gone").content.cloneNode(true));
  shownCall = place().dataset.call = ""; // it may ring here again
}

// What is typed on this page and not saved is not swapped away for a call: the call is offered beside it.
export function goToDesk(who = "") {
  if (place()) return;
  if (!unsaved().length) return document.querySelector('#nav a[href="/desk"]')?.click();
  offer.querySelector("[data-offer-who]").textContent = document.querySelector("#caller .fw-bold")?.textContent || who;
  offer.hidden = false;
}

const offer = document.getElementById("call-offer");
document.body.addEventListener("htmx:afterSettle", () => place() && (offer.hidden = true));

// Ringing, speaking, writing it down: what may be done about the shown call changes with it.
export function tellState() {
  toldAt = performance.now();
  lookAgain();
}

function lookAgain() {
  const shown = document.getElementById("pop-call");
  if (shown && "stays" in shown.dataset) window.htmx.trigger(shown, "told");
}

// What happened while the desk was on its way is not in what arrives.
document.body.addEventListener("htmx:afterSettle", ({ detail: { xhr } }) => {
  const askedAt = xhr?.hcrmAskedAt ?? Infinity;
  if (rangAt > askedAt && place() && place().dataset.call !== shownCall) show(shownCall);
  else if (toldAt > askedAt) lookAgain();
});

// A task was closed here; a look at the call that was under way may still show it open.
document.body.addEventListener("htmx:afterOnLoad", ({ detail: { requestConfig } }) => {
  if (requestConfig.verb === "post" && requestConfig.elt.closest("[id^=pop-task-]")) lookAgain();
});

// A call of ours that nobody answered speaks for itself: its result is chosen, unless the agent has chosen another.
document.body.addEventListener("htmx:afterSettle", () => {
  const suggests = document.getElementById("pop-call")?.dataset.suggests;
  const choices = [...document.querySelectorAll("#pop input[name=disposition]")];
  const choice = choices.find((one) => one.value === suggests);
  if (choice && !choices.some((one) => one.checked)) choice.checked = true;
});
