// One SIP phone over a WebSocket: register, ring, talk, hold, transfer, and take a call over after a page reload.
// Knows nothing of the page; says what happened by CustomEvents: "line" (registered or not) and "call" (state of the call).
import JsSIP from "jssip";

const KEPT = "hcrm.call"; // sessionStorage: the dialog of the call under way; ids and tags only
const KEEP_FOR_MS = 25_000; // Asterisk gives a silent leg up after its rtp_timeout; later there is nothing to take over
const MEDIA = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: false };

export class Phone extends EventTarget {
  // `audio` is the element that plays the other side. `account` is {path, user, password, host}.
  constructor(account, audio) {
    super();
    this.account = account;
    this.audio = audio;
    this.call = null;
    this.line = "connecting";
    const socket = new JsSIP.WebSocketInterface(new URL(account.path, location.href.replace(/^http/, "ws")).href);
    this.ua = new JsSIP.UA({
      sockets: [socket],
      uri: `sip:${account.user}@${account.host}`,
      password: account.password,
      register_expires: 120,
      session_timers: false,
      user_agent: "hcrm",
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 10,
    });
    this.ua.on("registered", () => this.#onLine("ready"));
    this.ua.on("unregistered", () => this.#onLine("lost"));
    this.ua.on("registrationFailed", () => this.#onLine("refused"));
    this.ua.on("disconnected", () => this.#onLine("lost"));
    this.ua.on("newRTCSession", ({ originator, session, request }) => this.#onSession(originator, session, request));
    window.addEventListener("pagehide", () => this.#keep());
    setInterval(() => this.#keep(), 5_000); // a tab that crashes says no pagehide
  }

  start() {
    this.ua.start();
  }

  stop() {
    this.call?.session.terminate();
    this.ua.stop();
  }

  // A call to a number, an extension or a colleague's desk. `callerId` is heeded from the demo's handsets only.
  dial(target, callerId = "") {
    if (this.call) return;
    const extraHeaders = callerId ? [`P-Asserted-Identity: <sip:${encodeURIComponent(callerId)}@${this.account.host}>`] : [];
    this.ua.call(this.#uri(target), { ...this.#media(), extraHeaders, data: { number: target } });
  }

  answer() {
    if (this.call?.state === "ringing") this.call.session.answer(this.#media());
  }

  hangUp() {
    if (!this.call) return;
    const { session, state } = this.call;
    session.terminate(state === "ringing" ? { status_code: 486 } : {});
  }

  setMuted(muted) {
    const session = this.call?.session;
    if (!session) return;
    if (muted) session.mute({ audio: true });
    else session.unmute({ audio: true });
    this.#change({ muted });
  }

  setHeld(held) {
    const session = this.call?.session;
    if (!session || this.call.state !== "talking") return;
    if (held) session.hold({}, () => this.#change({ held: true }));
    else session.unhold({}, () => this.#change({ held: false }));
  }

  press(key) {
    this.call?.session.sendDTMF(key, { transportType: "RFC2833" });
  }

  // Blind transfer: the other side is sent to `target`, this desk is free at once.
  transfer(target) {
    const session = this.call?.session;
    if (!session || this.call.state !== "talking") return;
    session.refer(this.#uri(target), {
      eventHandlers: {
        accepted: () => session.terminate(),
        requestFailed: () => this.#change({ problem: "transfer" }),
        failed: () => this.#change({ problem: "transfer" }),
      },
    });
    this.#change({ problem: null });
  }

  // Attended transfer: hold the first call, speak with `target`, then join the two (or come back).
  consult(target) {
    if (!this.call || this.call.state !== "talking" || this.consulting) return;
    const session = this.ua.call(this.#uri(target), { ...this.#media(), data: { consult: true } });
    this.consulting = { session, target, state: "calling" };
    this.setHeld(true);
    this.#announce();
  }

  completeTransfer() {
    if (this.consulting?.state !== "talking") return;
    const held = this.call.session;
    const { session, target } = this.consulting;
    held.refer(this.#uri(target), { replaces: session, eventHandlers: { accepted: () => held.terminate() } });
  }

  cancelConsult() {
    this.consulting?.session.terminate();
  }

  #uri(target) {
    return `sip:${encodeURIComponent(target)}@${this.account.host}`;
  }

  #media() {
    return { mediaConstraints: MEDIA, pcConfig: { iceServers: [] }, rtcOfferConstraints: { offerToReceiveAudio: true } };
  }

  #onLine(line) {
    this.line = line;
    if (line === "ready") this.#takeOver();
    this.dispatchEvent(new CustomEvent("line", { detail: line }));
  }

  #onSession(originator, session, request) {
    if (session.data?.consult) return this.#watchConsult(session);
    if (this.call && !session.data?.takeover) {
      if (originator === "remote") session.terminate({ status_code: 486 });
      return;
    }
    const incoming = originator === "remote";
    const kept = session.data?.takeover;
    this.call = kept
      ? { ...kept.call, session, state: "returning" }
      : {
          session,
          state: incoming ? "ringing" : "calling",
          incoming,
          number: incoming ? request.from.uri.user : (session.data.number ?? ""),
          callId: null, // the hospital's name for it; the page fills it in when it learns it
          startedAt: null,
          muted: false,
          held: false,
          problem: null,
        };
    this.#watch(session);
    this.#announce();
  }

  #watch(session) {
    this.#hear(session, this.audio);
    session.on("accepted", () => this.#talking());
    session.on("confirmed", () => this.#talking());
    session.on("ended", ({ cause }) => this.#over(session, cause));
    session.on("failed", ({ cause }) => this.#over(session, cause));
  }

  #hear(session, audio) {
    const listen = (connection) =>
      connection.addEventListener("track", (event) => {
        audio.srcObject = event.streams[0] ?? new MediaStream([event.track]);
        audio.play().catch(() => {}); // the browser wants a click first; answering is one
      });
    if (session.connection) listen(session.connection);
    else session.on("peerconnection", ({ peerconnection }) => listen(peerconnection));
  }

  #watchConsult(session) {
    const audio = new Audio();
    this.#hear(session, audio);
    session.on("confirmed", () => {
      this.consulting.state = "talking";
      this.#announce();
    });
    const over = () => {
      this.consulting = null;
      audio.srcObject = null;
      if (this.call?.held) this.setHeld(false);
      this.#announce();
    };
    session.on("ended", over);
    session.on("failed", over);
  }

  #talking() {
    if (!this.call || this.call.state === "talking") return;
    const { muted } = this.call;
    this.#change({ state: "talking", startedAt: this.call.startedAt ?? Date.now(), held: false });
    if (muted) this.setMuted(true);
    this.#keep();
  }

  #over(session, cause) {
    if (this.call?.session !== session) return;
    sessionStorage.removeItem(KEPT);
    const last = this.call;
    this.call = null;
    this.audio.srcObject = null;
    this.dispatchEvent(new CustomEvent("call", { detail: { state: "idle", cause, last: summary(last) } }));
  }

  #change(fields) {
    if (!this.call) return;
    Object.assign(this.call, fields);
    this.#announce();
  }

  #announce() {
    const consult = this.consulting ? { target: this.consulting.target, state: this.consulting.state } : null;
    const detail = this.call ? { ...summary(this.call), consult } : { state: "idle" };
    this.dispatchEvent(new CustomEvent("call", { detail }));
  }

  // What the next page needs to say "this is the same call" (RFC 3891). Written as the page goes, and when talk begins.
  #keep() {
    const id = this.call?.session._dialog?.id;
    if (!id || !["talking", "returning"].includes(this.call.state)) return;
    sessionStorage.setItem(KEPT, JSON.stringify({ at: Date.now(), dialog: { ...id }, call: summary(this.call) }));
  }

  // The page was reloaded while talking: the old dialog still stands at the other end; put this page in its place.
  #takeOver() {
    const text = sessionStorage.getItem(KEPT);
    if (!text || this.call) return;
    sessionStorage.removeItem(KEPT);
    const kept = JSON.parse(text);
    if (Date.now() - kept.at > KEEP_FOR_MS) return;
    const { call_id, local_tag, remote_tag } = kept.dialog;
    this.ua.call(this.#uri("takeover"), {
      ...this.#media(),
      extraHeaders: ["Require: replaces", `Replaces: ${call_id};to-tag=${remote_tag};from-tag=${local_tag}`],
      data: { takeover: kept },
    });
  }
}

function summary({ session: _session, ...rest }) {
  return rest;
}
