// Nothing typed goes away unasked: drafts are kept first, and before another page takes the place of a form that is not
// saved, the person is asked. docs/drafts.md
import { flush, isWaiting } from "./drafts.js";
import { unsaved } from "./typed.js";

const body = document.body;
const dialog = document.getElementById("leave");
let shown = location.href; // where what is typed belongs
let mayGo = false;

body.addEventListener("htmx:confirm", (event) => {
  const { target, elt, verb, issueRequest } = event.detail;
  const lost = losing(target, elt, verb);
  if (!lost.length && !isWaiting()) return;
  event.preventDefault();
  flush().then(async () => {
    if (!lost.length || (await isLeaving())) issueRequest();
  });
});

// The forms that go when `target` is swapped; sending a form is not leaving it.
function losing(target, elt, verb) {
  if (!target?.querySelectorAll) return [];
  const isSent = (form) => verb !== "get" && form.contains(elt);
  return unsaved().filter((form) => target.contains(form) && !isSent(form));
}

function isLeaving() {
  dialog.returnValue = "stay";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "leave"), { once: true }));
}

// A form that was taken is saved; what is typed into it afterwards is not.
body.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => {
  const form = elt.closest?.("form");
  if (form && xhr.status < 300) form.dataset.sent = "";
});
document.addEventListener("input", ({ target }) => target.form && delete target.form.dataset.sent);
document.addEventListener("submit", (event) => !event.defaultPrevented && (event.target.dataset.sent = "")); // not by htmx

addEventListener("beforeunload", (event) => unsaved().length && event.preventDefault());
for (const moved of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"]) {
  body.addEventListener(moved, () => (shown = location.href));
}

// Back and forward: the place stays until the person has chosen.
addEventListener(
  "popstate",
  (event) => {
    if (mayGo || !unsaved().length) return void (mayGo = false);
    event.stopImmediatePropagation();
    history.pushState({ htmx: true }, "", shown);
    isLeaving().then((leaves) => {
      if (!leaves) return;
      mayGo = true;
      history.back();
    });
  },
  true,
);
