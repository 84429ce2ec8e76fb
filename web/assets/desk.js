// The telephone in the page's dock: what the agent sees of the phone, its buttons and keys, and the screen pop.
import { Phone } from "./phone.js";

const dock = document.getElementById("dock");
const $ = (name) => dock.querySelector(`[data-phone="${name}"]`);
const words = dock.dataset;
const LOCK = "hcrm.phone";
let phone = null;
let timer = null;
let shownCall = null;
let ringTone = null;

// One tab has the telephone; a reloaded page waits a moment for the old one to let go.
async function claim({ steal = false } = {}) {
  if (!navigator.locks) return start();
  const hold = (lock) => (lock ? run() : null);
  try {
    const options = steal ? { steal: true } : { signal: AbortSignal.timeout(1500) };
    await navigator.locks.request(LOCK, options, hold);
  } catch {
    stop();
    showLine("elsewhere");
  }
}

function run() {
  return new Promise((resolve) => {
    start().catch(() => {
      showLine("refused");
      setTimeout(() => resolve(claim()), 5000);
    });
  });
}

async function start() {
  const answer = await fetch(words.line, { headers: { Accept: "application/json", "X-Hcrm-Background": "1" } });
  if (!answer.ok) throw new Error("no line");
  phone = new Phone(await answer.json(), $("audio"));
  window.hcrmPhone = phone;
  phone.addEventListener("line", ({ detail }) => showLine(detail));
  phone.addEventListener("call", ({ detail }) => showCall(detail));
  phone.start();
}

function stop() {
  phone?.stop();
  phone = null;
}

function showLine(line) {
  dock.dataset.lineState = line;
  $("line").textContent = words[`line${line[0].toUpperCase()}${line.slice(1)}`] ?? line;
  $("here").hidden = line !== "elsewhere";
}

function showCall(call) {
  const before = dock.dataset.call ?? "idle";
  dock.dataset.call = call.state;
  $("number").textContent = spoken(call.number);
  $("what").textContent = call.held ? words.sayHeld : (words[`say${capital(call.state)}`] ?? "");
  $("mute").setAttribute("aria-pressed", String(Boolean(call.muted)));
  $("hold").setAttribute("aria-pressed", String(Boolean(call.held)));
  $("consult").hidden = !call.consult;
  $("join").disabled = call.consult?.state !== "talking";
  if (call.problem === "transfer") window.hcrmToast({ text: words.sayTransferFailed, kind: "problem" });
  tick(call);
  ring(call.state === "ringing");
  document.title = `${call.state === "ringing" ? "☎ " : ""}${document.title.replace(/^☎ /, "")}`;
  if (call.state === "ringing" || call.state === "calling") open();
  if (call.state === "talking" && before === "ringing") goToDesk();
  if (call.callId && $("caller").dataset.call !== call.callId) nameCaller(call.callId);
  if (call.state === "idle") {
    $("keypad").hidden = true;
    $("caller").replaceChildren();
    delete $("caller").dataset.call;
  }
}

function capital(word) {
  return word ? word[0].toUpperCase() + word.slice(1) : "";
}

function spoken(number) {
  const digits = String(number ?? "").replace(/^\+86/, "");
  return /^1\d{10}$/.test(digits) ? digits.replace(/(\d{3})(\d{4})(\d{4})/, "$1 $2 $3") : digits;
}

function tick(call) {
  clearInterval(timer);
  const element = $("timer");
  element.textContent = "";
  if (call.state !== "talking") return;
  const show = () => {
    const seconds = Math.max(0, Math.floor((Date.now() - call.startedAt) / 1000));
    element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  show();
  timer = setInterval(show, 1000);
}

// A soft two-tone ring made here, so no sound file is needed. Silent until the browser allows sound.
function ring(on) {
  if (!on) {
    ringTone?.close();
    ringTone = null;
    return;
  }
  if (ringTone) return;
  ringTone = new AudioContext();
  const gain = ringTone.createGain();
  gain.connect(ringTone.destination);
  gain.gain.value = 0;
  for (const pitch of [425, 480]) {
    const tone = ringTone.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(gain);
    tone.start();
  }
  for (let second = 0; second < 60; second += 3) {
    gain.gain.setValueAtTime(0.08, ringTone.currentTime + second);
    gain.gain.setValueAtTime(0, ringTone.currentTime + second + 1);
  }
}

// The screen pop. The server names the call to this user only; the part is fetched where rights are checked.
function pop(callId) {
  const place = document.getElementById("pop");
  if (shownCall === callId && place?.dataset.call === callId) return;
  shownCall = callId;
  if (!place) return nameCaller(callId);
  remember(callId);
  place.dataset.call = callId;
  window.htmx.ajax("GET", `/desk/pop/${callId}`, { target: "#pop", swap: "innerHTML" }); // names the caller as well
}

function remember(callId) {
  if (phone?.call) phone.call.callId = callId; // kept over a reload
  $("caller").dataset.call = callId;
}

function nameCaller(callId) {
  remember(callId);
  window.htmx.ajax("GET", `/desk/caller/${callId}`, { target: "#caller", swap: "innerHTML" });
}

function goToDesk() {
  if (!document.getElementById("pop")) document.querySelector('#nav a[href="/desk"]')?.click();
}

function open() {
  dock.classList.add("is-open");
}

const actions = {
  answer: () => phone?.answer(),
  hangup: () => phone?.hangUp(),
  mute: () => phone?.call && phone.setMuted(!phone.call.muted),
  hold: () => phone?.call && phone.setHeld(!phone.call.held),
  keys: () => ($("keypad").hidden = !$("keypad").hidden),
  transfer: () => ($("transfers").hidden = !$("transfers").hidden),
  blind: () => target((to) => phone?.transfer(to)),
  ask: () => target((to) => phone?.consult(to)),
  join: () => phone?.completeTransfer(),
  back: () => phone?.cancelConsult(),
  steal: () => claim({ steal: true }),
  fold: () => dock.classList.toggle("is-open"),
};

function target(use) {
  const to = $("target").value.trim();
  if (!to) return $("target").focus();
  use(to);
  $("transfers").hidden = true;
}

dock.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) return actions[button.dataset.do]?.();
  const key = event.target.closest("[data-key]");
  if (key) press(key.dataset.key);
  const to = event.target.closest("[data-transfer-to]");
  if (to) $("target").value = to.dataset.transferTo;
});

function press(key) {
  if (phone?.call) phone.press(key);
  else $("dial").value += key;
}

dock.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-phone=dialer]")) return;
  event.preventDefault();
  dial($("dial").value);
});

function dial(text) {
  const number = text.replace(/[\s-]/g, "").replace(/^\+86/, "");
  if (!/^\+?[0-9*#]{1,20}$|^desk-\d\d$/.test(number) || !phone) return;
  phone.dial(number);
  $("dial").value = "";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-call-number]");
  if (button) dial(button.dataset.callNumber);
});

// Alt+A answer, Alt+H hang up, Alt+M mute, Alt+P hold.
const keys = { KeyA: "answer", KeyH: "hangup", KeyM: "mute", KeyP: "hold" };
document.addEventListener("keydown", (event) => {
  if (event.altKey && !event.ctrlKey && keys[event.code]) {
    event.preventDefault();
    actions[keys[event.code]]();
  }
});

// The call in the pop, when something happens to it. One that only rang here and went elsewhere is not asked for again.
for (const kind of ["CallConnected", "CallEnded", "DispositionSet"]) {
  document.body.addEventListener(`live:${kind}`, ({ detail }) => {
    const shown = document.getElementById("pop-call");
    if (!shown || shown.dataset.call !== detail.call_id) return;
    const isOurs = "stays" in shown.dataset || String(detail.user_id ?? detail.agent_id) === document.body.dataset.userId;
    if (isOurs) return window.htmx.trigger(shown, "told");
    shown.replaceWith(document.getElementById("pop-gone").content.cloneNode(true));
    shownCall = document.getElementById("pop").dataset.call = ""; // it may ring here again
  });
}

document.body.addEventListener("live:AgentRang", ({ detail }) => pop(detail.call_id));
document.body.addEventListener("live:CallConnected", ({ detail }) => {
  if (String(detail.user_id) === document.body.dataset.userId) pop(detail.call_id);
});

showCall({ state: "idle" });
claim();
