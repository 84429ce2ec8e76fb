// Every page: htmx for parts, live messages, toasts, keyboard.
import "@tabler/core/dist/js/tabler.esm.min.js";
import htmx from "htmx.org/dist/htmx.esm.js";
import { startArrows } from "./arrows.js";
import { soundAlarms, startBoard } from "./board.js";
import "./choosing.js";
import "./drag.js";
import "./keys.js";
import "./leaving.js";
import "./opened.js";
import { countAll, startComposing } from "./compose.js";
import { startLive } from "./live.js";
import { hear, hearAgain } from "./parts.js";
import { isByKey } from "./pressing.js";
import { csrf, loggedInAgain } from "./session.js";

window.htmx = htmx;
Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0, // patients' data never goes into the browser's storage
  selfRequestsOnly: true,
  scrollIntoViewOnBoost: false,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "409|422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

const body = document.body;

body.addEventListener("htmx:configRequest", ({ detail }) => {
  if (csrf()) detail.headers["X-CSRF-Token"] = csrf();
  // What the page asks by itself must not keep an unattended browser logged in.
  const cause = detail.triggeringEvent;
  if ((detail.verb === "get" || cause?.type === "live:refresh") && !cause?.isTrusted && !isByKey()) detail.headers["X-Hcrm-Background"] = "1";
});

// A whole page that says why not is still a page; a part that fails becomes a toast.
body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (xhr.status === 401) {
    event.detail.shouldSwap = false;
    return loggedInAgain().then(() => sendAgain(event.detail));
  }
  if (xhr.status >= 400 && target?.id === "page") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  } else if (xhr.getResponseHeader("X-Hcrm-Problem")) {
    event.detail.shouldSwap = false;
    event.detail.isError = true;
  }
});

// What was refused because nobody was logged in, by whom it asked for and into the same place.
function sendAgain({ requestConfig: { verb, path, elt, target, formData }, etc, select }) {
  if (elt.isConnected) htmx.ajax(verb, path, { source: elt, target, values: formData, swap: etc?.swapOverride, select });
}
body.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 401) return;
  sayProblem(xhr);
});
body.addEventListener("htmx:sendError", () => toast({ text: body.dataset.sayOffline, kind: "problem" }));
body.addEventListener("toast", (event) => toast(event.detail));
// A live message does not take away what is being pressed or waits for an answer; it comes back a little later.
const LATER_MS = 300;
let isPressed = false;
addEventListener("pointerdown", () => (isPressed = true), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => (isPressed = false)), true);
body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { elt, target, requestConfig } = detail;
  if (!requestConfig.triggeringEvent?.type.startsWith("live:")) return;
  if (!isPressed && !target.querySelector(".htmx-request")) return;
  detail.shouldSwap = false;
  setTimeout(() => elt.isConnected && refresh(elt), LATER_MS);
});
// What a live message replaced while its request was on the way hears no answer any more; the person still does.
body.addEventListener("htmx:beforeSend", ({ detail: { xhr, elt, requestConfig } }) => {
  if (requestConfig.verb === "get") return;
  xhr.addEventListener("readystatechange", () => {
    if (xhr.readyState === XMLHttpRequest.DONE && !elt.isConnected) sayAnswer(xhr);
  });
});

function sayAnswer(xhr) {
  if (!xhr.status) return toast({ text: body.dataset.sayOffline, kind: "problem" });
  const told = JSON.parse(xhr.getResponseHeader("HX-Trigger") ?? "{}").toast;
  if (told) toast(told);
  else if (xhr.status >= 400) sayProblem(xhr);
}

function sayProblem(xhr) {
  const said = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("[data-problem]");
  toast({ text: said?.textContent.trim() || body.dataset.sayFailed, kind: "problem" });
}

export function toast({ text, kind = "ok", undo = null, undoText = "" }) {
  const box = document.getElementById("toasts");
  const line = document.createElement("div");
  line.className = `hcrm-toast hcrm-toast-${kind}`;
  line.setAttribute("role", kind === "problem" ? "alert" : "status");
  line.append(text);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-ghost-light";
    button.textContent = undoText;
    button.addEventListener("click", () => {
      if (typeof undo === "function") undo();
      else htmx.ajax("POST", undo, { target: "#toasts", swap: "none" });
      line.remove();
    });
    line.append(button);
  }
  box.append(line);
  setTimeout(() => line.remove(), kind === "problem" || undo ? 9000 : 4000);
}
window.hcrmToast = toast;

// Forms that send themselves when a choice changes (date, filter), without inline script.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-send-on-change]");
  if (form) form.requestSubmit();
});

// Clickable rows: the whole row follows its first link.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row-link]");
  if (row && !event.target.closest("a, button, input, select, label")) row.querySelector("a")?.click();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("button[data-print]")) window.print();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-shows-password]");
  if (!button) return;
  const field = document.getElementById(button.dataset.showsPassword);
  const isShown = field.type === "password";
  field.type = isShown ? "text" : "password";
  button.setAttribute("aria-pressed", String(isShown));
});

// A link pressed with Ctrl, Shift or the like is the browser's: another tab, another window.
document.addEventListener(
  "click",
  (event) => {
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (elsewhere && event.target.closest("a[href][hx-get]")) event.stopImmediatePropagation();
  },
  true,
);

// Filters of a list: what is wrong with a field is said beside it, which came with the list.
body.addEventListener("htmx:afterSettle", () => {
  for (const problem of document.querySelectorAll("#filters [data-problem-of]")) {
    const field = document.getElementById(problem.dataset.problemOf);
    const isBad = problem.textContent.trim() !== "";
    field?.classList.toggle("is-invalid", isBad);
    if (isBad) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
});

// Where a page was left by scrolling, for the way back. Addresses of lists name nobody.
const SCROLLED = "hcrm.scrolled";
const scrolled = () => JSON.parse(sessionStorage.getItem(SCROLLED) ?? "{}");
body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id !== "page") return;
  sessionStorage.setItem(SCROLLED, JSON.stringify({ ...scrolled(), [shownAt]: scrollY }));
});
let shownAt = location.href;
body.addEventListener("htmx:afterSettle", () => (shownAt = location.href));
body.addEventListener("htmx:historyRestore", () => {
  shownAt = location.href;
  requestAnimationFrame(() => scrollTo(0, scrolled()[location.href] ?? 0));
});

// Somebody else changed the record meanwhile: their value into the field beside which it stands.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-take]");
  if (!button) return;
  const field = button.form.elements[button.dataset.take];
  const boxes = field instanceof RadioNodeList ? [...field] : [];
  for (const box of boxes) box.checked = button.dataset.value.split("\n").includes(box.value);
  if (!boxes.length) field.value = button.dataset.value;
  button.closest(".meanwhile").remove();
  (boxes[0] ?? field).focus();
});

// On a narrow screen the menu closes when a page was chosen.
document.addEventListener("click", (event) => {
  if (event.target.closest("#nav a")) document.getElementById("menu")?.classList.remove("show");
});

// A thread of messages shows its newest.
function scrollThreads(root) {
  for (const thread of root.querySelectorAll?.("[data-thread]") ?? []) thread.scrollTop = thread.scrollHeight;
}
startComposing(body);
htmx.onLoad((element) => {
  startArrows(element);
  countAll(element.parentElement ?? element);
  scrollThreads(element.parentElement ?? element);
  if (element.matches?.("[data-newest]")) scrollThreads(element.closest("[data-thread]").parentElement); // not for older ones
});

// A small form that empties itself when it was sent.
body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.matches?.("form[data-clear-after]")) event.target.reset();
});

// The header stays while pages are swapped: the other language is wanted where the reader is now.
document.addEventListener("submit", (event) => {
  if (event.target.matches('form[action="/language"]')) {
    event.target.elements.next.value = location.pathname + location.search;
  }
});

// Timers that count up from a moment: <time data-since="2026-...">.
setInterval(() => {
  for (const element of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(element.dataset.since)) / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
    const tail = `${String(seconds % 60).padStart(2, "0")}`;
    element.textContent = hours
      ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}`
      : `${minutes}:${tail}`;
    element.classList.toggle("is-long", seconds >= Number(element.dataset.longAfter ?? Infinity));
  }
  for (const element of document.querySelectorAll("time[data-until]")) {
    const left = Math.max(0, Math.ceil((Date.parse(element.dataset.until) - Date.now()) / 1000));
    element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }
  soundAlarms();
}, 1000);

startBoard();
const refresh = (part) => htmx.trigger(part, "live:refresh");
if (body.dataset.live) {
  startLive(body.dataset.live, body, (message) => {
    hear(message, refresh);
    htmx.trigger(body, `live:${message.type}`, { ...message }); // for the desk; htmx writes into it
  });
  body.addEventListener("htmx:afterSettle", ({ detail }) => hearAgain(detail.xhr?.hcrmAskedAt ?? Infinity, refresh));
}
