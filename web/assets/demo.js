// The demo's handset: a patient's telephone in the browser. It rings the hotline through the same Asterisk.
import { Phone } from "./phone.js";

const handset = document.getElementById("handset");
const $ = (name) => handset.querySelector(`[data-handset="${name}"]`);
let phone = null;

async function call() {
  const number = new FormData(document.getElementById("who")).get("msisdn");
  const body = new URLSearchParams({ msisdn: number });
  const answer = await fetch(handset.dataset.line, { method: "POST", body });
  if (!answer.ok) return show({ state: "failed" });
  phone?.stop();
  phone = new Phone(await answer.json(), $("audio"));
  window.hcrmHandset = phone;
  let dialled = false;
  phone.addEventListener("line", ({ detail }) => {
    if (detail === "ready" && !dialled) {
      dialled = true;
      phone.dial(handset.dataset.hotline, number.replace(/\s/g, ""));
    }
    if (detail === "refused") show({ state: "failed" });
  });
  phone.addEventListener("call", ({ detail }) => show(detail));
  show({ state: "connecting" });
  phone.start();
}

function show(call) {
  handset.dataset.call = call.state;
  $("state").textContent = handset.dataset[`say${call.state[0].toUpperCase()}${call.state.slice(1)}`] ?? "";
  if (call.state === "talking") since(call.startedAt);
  else $("timer").removeAttribute("data-since"), ($("timer").textContent = "");
}

function since(moment) {
  $("timer").dataset.since = new Date(moment).toISOString();
}

handset.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (key) {
    phone?.press(key.dataset.key);
    key.classList.add("is-down");
    setTimeout(() => key.classList.remove("is-down"), 150);
    $("pressed").textContent = ($("pressed").textContent + key.dataset.key).slice(-14);
  }
  const action = event.target.closest("[data-do]")?.dataset.do;
  if (action === "call") call();
  if (action === "hangup") {
    phone?.hangUp();
    $("pressed").textContent = "";
  }
});
document.addEventListener("keydown", (event) => {
  if (/^[0-9*#]$/.test(event.key) && !event.target.closest("input, textarea, select")) {
    handset.querySelector(`[data-key="${event.key}"]`)?.click();
  }
});
document.addEventListener("click", ({ target }) => {
  const person = target.closest("[data-be]");
  const field = document.getElementById("msisdn");
  if (!person) return;
  field.value = person.dataset.be;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
show({ state: "idle" });
