// Logged out while the page is open: a dialog over it, and then the same request again. docs/drafts.md
const dialog = document.getElementById("log-in-again");
const part = (name) => dialog.querySelector(`[data-again="${name}"]`);
const meta = document.querySelector('meta[name="csrf-token"]');
let back = null; // the promise everybody waits for who was refused

export const csrf = () => meta?.content ?? "";

// Resolves when this page's person is logged in again.
export function loggedInAgain() {
  if (!dialog) return new Promise(() => location.reload());
  back ??= new Promise((resolve) => {
    dialog.resolve = resolve;
    look().then((isIn) => !isIn && ask()); // another tab may have done it
  });
  return back;
}

function ask() {
  stage("password");
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[name=password]").focus();
}

function stage(name, problem = "") {
  dialog.querySelector("form").action = name === "code" ? "/login/code" : "/login";
  for (const one of ["password", "code"]) part(one).hidden = one !== name;
  part("problem").textContent = problem;
  part("problem").hidden = !problem;
}

const session = () => fetch("/session", { headers: { Accept: "application/json", "X-Hcrm-Background": "1" } });

// A person, the token of the new session, and nothing that is owed first.
async function look() {
  const answer = await session();
  if (!answer.ok) return false;
  const { csrf: token, user_id: userId, owes } = await answer.json();
  if (owes || String(userId) !== document.body.dataset.userId) return location.assign("/"), true;
  meta.content = token;
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
  if (dialog.open) dialog.close();
  back = null;
  dialog.resolve();
  return true;
}

async function send(form) {
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
  for (const secret of form.querySelectorAll("[name=password], [name=code]")) secret.value = "";
  if (answer.type === "opaqueredirect") return look();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  stage(page.getElementById("code") ? "code" : "password", page.querySelector("[data-problem]")?.textContent.trim());
  dialog.querySelector("[data-again]:not([hidden]) input").focus();
}

// Every page says whose it is. A tab of somebody else, or one that nobody is logged in to any more, covers what it shows
// at once, before anybody presses anything there.
const tabs = new BroadcastChannel("hcrm.session");
const mine = document.body.dataset.userId ?? "";
tabs.addEventListener("message", ({ data }) => data !== mine && coverWhatIsNotTheirs());
tabs.postMessage(mine);
document.body.addEventListener("hcrm:live-lost", coverWhatIsNotTheirs); // an account was closed, a browser logged out

async function coverWhatIsNotTheirs() {
  if (!dialog) return;
  const answer = await session().catch(() => null); // a server that is away says nothing about who is logged in
  if (answer?.status === 401 || (answer?.ok && String((await answer.json()).user_id) !== mine)) loggedInAgain();
}

dialog?.addEventListener("cancel", (event) => event.preventDefault());
dialog?.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target).catch(() => stage("password", document.body.dataset.sayOffline));
});
