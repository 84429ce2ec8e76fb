// The telephone in the page's dock: what the agent sees of it, its buttons and keys. docs/desk-telephone.md
import { Claim } from "./claim.js";
import { Phone } from "./phone.js";
import { askedNoMore, goToDesk, nameCaller, pop, popAgain, tell, tellState } from "./pop.js";
import { Ring, say } from "./ring.js";
import { meant } from "./shortcuts.js";
import { Sound } from "./sound.js";

const dock = document.getElementById("dock");
const $ = (name) => dock.querySelector(`[data-phone="${name}"]`);
const words = dock.dataset;
const me = document.body.dataset.userId;
const sound = new Sound($("sound"), $("audio"));
const ring = new Ring(dock, sound);
let phone = null;
let timer = null;

// What can be dialled: numbers of the country as at home or with +86, and colleagues by the two digits of their extension.
const NUMBER = /^(1[3-9]\d{9}|0[1-9]\d{8,10}|\+861[3-9]\d{9}|\+86[1-9]\d{8,9}|\+86[2-9]\d{10})$/;
const EXTENSION = /^(?:desk-)?(\d\d)$/;
const OUTCOMES = { Busy: "busy", Rejected: "busy", Unavailable: "noAnswer", "Request Timeout": "noAnswer", "No Answer": "noAnswer" };
OUTCOMES["Not Found"] = OUTCOMES["Address Incomplete"] = "noSuchNumber";
const EAR = "supervision"; // what rings instead of a number when a supervisor has asked to hear a call
const OURS = ["Canceled", "Terminated"]; // we hung up before an answer

const claim = new Claim({ take, give: () => giveAway(), mayGive: () => !phone || phone.isMovable, elsewhere, refused });

async function take(kept) {
  try {
    const answer = await fetch(words.line, { headers: { Accept: "application/json", "X-Hcrm-Background": "1" } });
    if (!answer.ok) throw new Error("no line");
    begin(await answer.json(), kept);
  } catch {
    showLine("refused");
    setTimeout(() => claim.has && !phone && take(kept), 5000);
  }
}

function begin(account, kept) {
  if (!claim.has) return;
  phone = new Phone(account, $("audio"), () => sound.device("microphone"));
  window.hcrmPhone = phone;
  const mine = phone;
  phone.addEventListener("line", ({ detail }) => phone === mine && showLine(detail));
  phone.addEventListener("call", ({ detail }) => showCall(detail));
  phone.addEventListener("kept", ({ detail }) => claim.tell(detail));
  phone.start(kept);
}

function giveAway() {
  const kept = phone?.letGo() ?? null;
  phone = phone?.call ? phone : null; // its call can be ended here until the other tab has it
  return kept;
}

function elsewhere(kept) {
  showLine(kept ? "elsewhereTalking" : "elsewhere");
}

function refused() {
  window.hcrmToast({ text: words.sayNotNow, kind: "problem" });
}

function showLine(line) {
  dock.dataset.lineState = line.startsWith("elsewhere") ? "elsewhere" : line;
  $("line").textContent = words[`line${capital(line)}`] ?? line;
  $("here").hidden = !line.startsWith("elsewhere");
}

function showCall(call) {
  const before = dock.dataset.call ?? "idle";
  dock.dataset.call = call.state;
  const number = spoken(call);
  $("number").textContent = $("brief").textContent = number;
  $("what").textContent = call.number === EAR ? "" : call.held ? words.sayHeld : (words[`say${capital(call.state)}`] ?? "");
  press("mute", call.muted);
  press("hold", call.held);
  $("consult").hidden = !call.consult;
  $("join").disabled = $("together").disabled = call.consult?.state !== "talking";
  if (call.problem === "transfer") window.hcrmToast({ text: words.sayTransferFailed, kind: "problem" });
  tick(call);
  if (call.number === EAR && call.state === "ringing") setTimeout(() => phone?.answer());
  else ring.set(call, number);
  if (call.state === "calling" && before === "idle") showOutcome("");
  if (call.state === "talking" && before !== "talking") begun(before);
  if (call.callId && $("caller").dataset.call !== call.callId) remember(call.callId), nameCaller(call.callId);
  if (call.state === "idle") over(call);
}

function press(name, on) {
  $(name).setAttribute("aria-pressed", String(Boolean(on)));
}

function begun(before) {
  if (before === "ringing" && phone?.call?.number !== EAR) goToDesk($("number").textContent);
  sound.list(); // the microphone may be used now, so devices have names
}

function over({ cause, last }) {
  for (const part of ["keypad", "transfers"]) $(part).hidden = true;
  $("caller").replaceChildren();
  delete $("caller").dataset.call;
  if (phone?.isLeaving) phone = null;
  if (!last || last.incoming || last.state === "returning") return;
  if (!last.startedAt && !OURS.includes(cause)) showOutcome(OUTCOMES[cause] ?? "notReached", spoken(last));
  if (last.number && NUMBER.test(last.number)) goToDesk(spoken(last)); // where the form about the call is
}

function showOutcome(name, number = "") {
  $("outcome").textContent = name ? `${number} ${words[`outcome${capital(name)}`]}` : "";
}

function capital(word) {
  return word ? word[0].toUpperCase() + word.slice(1) : "";
}

function spoken({ number, name }) {
  if (number === EAR) return words.saySupervision;
  const [, extension] = EXTENSION.exec(name || number || "") ?? [];
  if (extension) return words.sayExtension.replace("00", extension);
  const digits = String(number ?? "").replace(/^\+86/, "");
  return /^1\d{10}$/.test(digits) ? digits.replace(/(\d{3})(\d{4})(\d{4})/, "$1 $2 $3") : digits;
}

function tick(call) {
  clearInterval(timer);
  const show = () => {
    const seconds = Math.max(0, Math.floor((Date.now() - call.startedAt) / 1000));
    const text = call.state === "talking" ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
    $("timer").textContent = $("brief-timer").textContent = text;
  };
  show();
  if (call.state === "talking") timer = setInterval(show, 1000);
}

function remember(callId) {
  if (phone?.call) phone.call.callId = callId; // kept over a reload
  $("caller").dataset.call = callId;
}

const actions = {
  answer: () => phone?.answer(),
  hangup: () => phone?.hangUp(),
  mute: () => phone?.call && phone.setMuted(!phone.call.muted),
  hold: () => phone?.call && phone.setHeld(!phone.call.held),
  keys: () => ($("keypad").hidden = !$("keypad").hidden),
  transfer: () => choose(null),
  blind: () => phone?.transfer(chosen()?.dataset.transferTo),
  ask: () => ask(chosen()),
  join: () => phone?.completeTransfer(),
  together: () => window.htmx.ajax("POST", `/desk/calls/${phone.call.callId}/let-in`, { source: $("together"), swap: "none" }),
  back: () => phone?.cancelConsult(),
  steal: () => claim.take(),
  fold: () => dock.classList.toggle("is-open"),
  sound: () => (($("sound").hidden = !$("sound").hidden), sound.list()),
  sample: () => ring.sample(),
  notices: () => Notification.requestPermission().then(showNotices),
  ready: () => dock.querySelector("#agent-state [data-ready]")?.click(),
};

// Who shall have the call: one of the list, said by name.
function choose(button) {
  if (!button) $("transfers").hidden = !$("transfers").hidden;
  for (const one of dock.querySelectorAll("[data-transfer-to]")) one.setAttribute("aria-pressed", String(one === button));
  $("blind").disabled = !button;
  $("ask").disabled = !button || !EXTENSION.test(button.dataset.transferTo);
}

function chosen() {
  return dock.querySelector("[data-transfer-to][aria-pressed=true]");
}

function ask(button) {
  $("colleague").textContent = button.dataset.name;
  $("transfers").hidden = true;
  phone?.consult(button.dataset.transferTo);
}

function showNotices() {
  $("notices").hidden = !("Notification" in window) || Notification.permission !== "default";
}

dock.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) return actions[button.dataset.do]?.();
  const key = event.target.closest("[data-key]");
  if (key) type(key.dataset.key);
  const to = event.target.closest("[data-transfer-to]");
  if (!to) return;
  choose(to);
  if (!event.detail) $("blind").focus(); // chosen by a key
});
document.body.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
  if (target?.id === "colleagues") target.querySelector("[data-transfer-to]:enabled")?.focus();
});

function type(key) {
  if (phone?.call) phone.press(key);
  else $("dial").value += key;
}

dock.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-phone=dialer]")) return;
  event.preventDefault();
  dial($("dial").value);
});

function dial(text) {
  const number = text.replace(/[\s-]/g, (sign) => (/^desk-/.test(text) ? sign : ""));
  const [, extension] = EXTENSION.exec(number) ?? [];
  const problem = !extension && !NUMBER.test(number) ? words.sayNoNumber : phone?.line === "ready" ? "" : words.sayNoLine;
  if (problem) return window.hcrmToast({ text: problem, kind: "problem" });
  phone.dial(extension ? `desk-${extension}` : number);
  $("dial").value = "";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-call-number]");
  if (button) dial(button.dataset.callNumber);
});

// The keys of a call, wherever the agent is typing. docs/keyboard.md
const byKey = { ...actions, transfer: () => $("transfer").checkVisibility() && $("transfer").click() };
document.addEventListener("keydown", (event) => {
  const name = meant(event, true);
  if (!byKey[name]) return;
  event.preventDefault();
  byKey[name]();
});

// Nobody leaves a patient in the middle of a word; the server refuses it too.
document.addEventListener("submit", (event) => {
  if (!event.target.matches('form[action="/logout"]') || !phone?.call) return;
  event.preventDefault();
  window.hcrmToast({ text: words.sayInCall, kind: "problem" });
});

for (const kind of ["CallConnected", "CallEnded", "DispositionSet"]) {
  document.body.addEventListener(`live:${kind}`, ({ detail }) => tell(detail));
}
document.body.addEventListener("live:AgentRang", ({ detail }) => pop(detail.call_id, remember));
document.body.addEventListener("live:CallConnected", ({ detail }) => {
  if (String(detail.user_id) !== me) return;
  if (phone?.call?.number === EAR) goToDesk(words.saySupervision); // taken over: now it is theirs
  if (document.querySelector("#pop-call[data-asked], #caller [data-asked]")) popAgain(detail.call_id);
  else pop(detail.call_id, remember);
});
document.body.addEventListener("live:AgentStateChanged", ({ detail: { user_id: userId, state } }) => {
  if (String(userId) !== me) return;
  if (!["ringing", "on_call"].includes(state)) askedNoMore();
  tellState();
});
// The server set this agent not ready: said where they are, once.
let missed = null;
document.body.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target?.id !== "agent-state") return; // Back has none
  const before = missed;
  missed = target.querySelector("[data-missed]")?.dataset.missed ?? "";
  if (!missed || missed === before || before === null) return;
  window.hcrmToast({ text: missed, kind: "problem" });
  say(missed);
});

showCall({ state: "idle" });
showNotices();
sound.list();
claim.begin();
