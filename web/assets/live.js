// Live messages: one connection per browser, however many tabs; each message becomes an htmx trigger "live:TYPE".
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export function startLive(url, htmx, body) {
  const channel = new BroadcastChannel(`hcrm.live.${body.dataset.userId}`);
  const tell = (message) => {
    if (message.link) body.dataset.liveLink = message.link;
    else htmx.trigger(body, `live:${message.type}`, { ...message }); // htmx writes into it
  };
  channel.addEventListener("message", ({ data }) => tell(data));
  const say = (message) => {
    tell(message);
    channel.postMessage(message);
  };
  const lead = () => connect(url, say);
  if (navigator.locks) navigator.locks.request(`hcrm.live.${body.dataset.userId}`, () => new Promise(lead));
  else lead();
}

function connect(url, say, waitMs = FIRST_WAIT_MS) {
  const source = new EventSource(url);
  let opened = false;
  source.addEventListener("open", () => {
    opened = true;
    say({ link: "on" });
    say({ type: "Resync" }); // what happened before is not told again: look at everything
  });
  source.addEventListener("message", ({ data }) => say(JSON.parse(data)));
  source.addEventListener("error", () => {
    source.close(); // our own waits: the browser's own retry gives up for good on an error page
    say({ link: "off" });
    const next = opened ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
    setTimeout(() => connect(url, say, next), waitMs * (0.8 + Math.random() * 0.4));
  });
}
