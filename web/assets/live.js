// Live messages: one connection per browser, however many tabs. The tab that leads subscribes to what all of them show and
// passes on what it hears. docs/live.md follows a message from the event to the screen.
import { topicsOf } from "./parts.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const MARGIN_MS = 500; // between the page's question and the moment that counts for it
const TOGETHER_MS = 30;
const MOST_TOPICS = 100; // the server takes no more

export function startLive(url, body, hear) {
  const name = `hcrm.live.${body.dataset.userId}`;
  const tell = (message) => (message.link ? showLink(body, message.link) : hear(message));
  if (!navigator.locks) return follow(body, leader(url, tell).want, "only");
  const channel = new BroadcastChannel(name);
  const tab = Math.random().toString(36).slice(2);
  let led = null;
  const want = (topics, ago) => (led ? led.want(tab, topics, ago) : channel.postMessage({ tab, topics, ago }));
  const shown = follow(body, (_, topics, ago) => want(topics, ago), tab);
  channel.addEventListener("message", ({ data }) => {
    if (data.say) tell(data.say);
    else if (data.who) shown.again();
    else if (led) led.want(data.tab, data.topics, data.ago);
  });
  addEventListener("pagehide", () => channel.postMessage({ tab, topics: [], ago: null }));
  addEventListener("pageshow", ({ persisted }) => persisted && shown.again());
  navigator.locks.request(name, () => {
    led = leader(url, (message) => {
      tell(message);
      channel.postMessage({ say: message });
    });
    shown.again();
    channel.postMessage({ who: true });
    return new Promise(() => {});
  });
}

function showLink(body, link) {
  body.dataset.liveLink = link;
  if (link === "off") body.dispatchEvent(new Event("hcrm:live-lost"));
}

// Says what the page shows whenever that changes, and how long ago what it shows was asked for.
function follow(body, want, tab) {
  let topics = topicsOf(document);
  const say = (askedAt) => want(tab, topics, Math.round(performance.now() - askedAt + MARGIN_MS));
  const look = (askedAt) => {
    const now = topicsOf(document);
    if (String(now) === String(topics)) return;
    topics = now;
    say(askedAt);
  };
  body.addEventListener("htmx:beforeSend", ({ detail }) => (detail.xhr.hcrmAskedAt = performance.now()));
  body.addEventListener("htmx:afterSettle", ({ detail }) => look(detail.xhr?.hcrmAskedAt ?? performance.now()));
  body.addEventListener("htmx:historyRestore", () => look(performance.now()));
  say(0); // the page itself was asked for at 0
  return { again: () => say(0) };
}

// The leading tab's: subscribes anew when a tab shows what is not subscribed yet. What nobody shows any more goes then.
function leader(url, say) {
  const tabs = new Map();
  const line = connection(url, say);
  let subscribed = null;
  let agos = []; // of tabs that said so a moment ago: all speak at once when another tab begins to lead
  function want(tab, topics, ago) {
    tabs.set(tab, topics);
    if (!topics.length && ago === null) tabs.delete(tab);
    if (subscribed && topics.every((topic) => subscribed.has(topic) || subscribed.has(anyOf(topic)))) return line.report();
    if (agos.push(ago) === 1) setTimeout(subscribe, TOGETHER_MS);
  }
  function subscribe() {
    subscribed = new Set(few([...new Set([...tabs.values()].flat())].sort()));
    line.open([...subscribed].join(","), Math.max(...agos) + TOGETHER_MS);
    agos = [];
  }
  return { want };
}

const anyOf = (topic) => `${topic.split(":")[0]}:*`;

export function few(topics) {
  if (topics.length <= MOST_TOPICS) return topics;
  return [...new Set(topics.map((topic) => (topic.includes(":") ? anyOf(topic) : topic)))];
}

// At most one connection that is heard and one that is being made. `ago` null: look again at everything.
function connection(url, say) {
  let heard, making, timer, topics, waitMs = FIRST_WAIT_MS;
  function open(wanted, ago) {
    topics = wanted;
    clearTimeout(timer);
    making?.close();
    const source = (making = new EventSource(`${url}?topics=${topics}${ago === null ? "" : `&ago=${ago}`}`));
    source.addEventListener("open", () => {
      heard?.close();
      [heard, making, waitMs] = [source, null, FIRST_WAIT_MS];
      say({ link: "on" });
    });
    source.addEventListener("message", ({ data }) => say(JSON.parse(data)));
    source.addEventListener("error", () => (source === heard || source === making) && fail());
  }
  function fail() {
    heard?.close(); // our own waits: the browser's own retry gives up for good on an error page
    making?.close();
    heard = making = null;
    say({ link: "off" });
    timer = setTimeout(() => open(topics, null), waitMs * (0.8 + Math.random() * 0.4));
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  return { open, report: () => heard && say({ link: "on" }) }; // to a tab that has just been opened
}
