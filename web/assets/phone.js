// One SIP phone over a WebSocket: register, ring, talk, hold, transfer, and take a call's dialog over (RFC 3891): after a
// page reload, from another tab, when the network is back. Knows nothing of the page; says what happened by CustomEvents:
// "line" (registered or not), "call" (state of the call), "kept" (what another page needs to take it over).
import JsSIP from "jssip";

const KEPT = "hcrm.call"; // sessionStorage: the dialog of the call under way
const KEEP_FOR_MS = 25_000; // Asterisk gives a silent leg up after its rtp_timeout; later there is nothing to take over
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const NO_SOUND = JsSIP.C.causes.RTP_TIMEOUT; // with it JsSIP hangs up by itself when the sound has gone

export class Phone extends EventTarget {
  // `audio` is the element that plays the other side. `account` is {path, user, password, host}. `microphone()` names the
  // device to speak into, "" for the browser's own choice.
  constructor(account, audio, microphone = () => "") {
    super();
    this.account = account;
    this.audio = audio;
    this.microphone = microphone;
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

  // `kept` is what another tab said of its call, when it gave the telephone to this one.
  start(kept = null) {
    this.given = kept;
    this.ua.start();
  }

  // Another tab will have the telephone. A call stays until that tab has taken its place: if it cannot, nothing is lost.
  letGo() {
    const kept = this.#kept();
    this.isLeaving = true;
    sessionStorage.removeItem(KEPT);
    if (this.call) this.ua.unregister();
    else this.ua.stop();
    return kept;
  }

  // Whether the call could be taken along now: not before somebody answered, and not with a colleague on a second line.
  get isMovable() {
    return !this.consulting && (!this.call || this.call.state === "talking");
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
    if (!this.call) return;
    this.#silence(this.call.session, muted);
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
    const chosen = this.microphone();
    const audio = chosen ? { ...AUDIO, deviceId: { ideal: chosen } } : AUDIO;
    return {
      mediaConstraints: { audio, video: false },
      pcConfig: { iceServers: [] },
      rtcOfferConstraints: { offerToReceiveAudio: true },
    };
  }

  #onLine(line) {
    this.line = line;
    if (this.isLeaving) return;
    if (line === "lost") this.wasLost = true;
    if (line === "ready") this.#comeBack();
    this.dispatchEvent(new CustomEvent("line", { detail: line }));
  }

  #onSession(originator, session, request) {
    const { consult, takeover, number } = session.data ?? {};
    if (consult) return this.#watchConsult(session);
    const incoming = originator === "remote";
    if (this.call && !takeover) return incoming ? session.terminate({ status_code: 486 }) : null;
    this.call = takeover ? { ...takeover.call, session, state: "returning" } : newCall(session, incoming, request, number);
    this.#watch(session);
    this.#announce();
  }

  #watch(session) {
    this.#hear(session, this.audio);
    this.#outlastSilence(session);
    session.on("accepted", () => this.#talking(session));
    session.on("confirmed", () => this.#confirmed(session));
    session.on("ended", ({ cause }) => this.#over(session, cause));
    session.on("failed", ({ cause }) => this.#over(session, cause));
  }

  // When nothing is heard for some time, the network is away, not the patient: no goodbye, but back as soon as it can.
  #outlastSilence(session) {
    const terminate = session.terminate.bind(session);
    session.terminate = (options = {}) => {
      if (options.cause !== NO_SOUND) return terminate(options);
      this.wasLost = true;
      if (this.line === "ready") this.#comeBack();
    };
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
    audio.setSinkId?.(this.audio.sinkId ?? "").catch(() => {});
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

  // A call that was muted or on hold is so again before a word of this room is heard.
  #talking(session) {
    if (this.call?.session !== session || this.call.state === "talking") return;
    const { muted, held, startedAt } = this.call;
    if (muted || held) this.#silence(session, true);
    this.#change({ state: "talking", startedAt: startedAt ?? Date.now() });
  }

  #confirmed(session) {
    this.#talking(session);
    if (this.call?.session !== session) return;
    this.#keep();
    if (!session.data?.takeover || !this.call.held) return;
    session.hold({}, () => {
      if (!this.call?.muted) this.#silence(session, false);
    });
  }

  #silence(session, on) {
    if (on) session.mute({ audio: true });
    else session.unmute({ audio: true });
  }

  #over(session, cause) {
    if (this.call?.session !== session) return;
    sessionStorage.removeItem(KEPT);
    const last = this.call;
    this.call = null;
    this.audio.srcObject = null;
    this.dispatchEvent(new CustomEvent("call", { detail: { state: "idle", cause, last: summary(last) } }));
    if (this.isLeaving) this.ua.stop();
    else this.#tell(null);
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

  #kept() {
    const id = this.call?.session._dialog?.id;
    if (!id || !["talking", "returning"].includes(this.call.state)) return null;
    const { call_id, local_tag, remote_tag } = id;
    return { at: Date.now(), dialog: { call_id, local_tag, remote_tag }, call: summary(this.call) };
  }

  // What the next page needs to say "this is the same call". Written as the page goes, and when talk begins.
  #keep() {
    const kept = this.isLeaving ? null : this.#kept();
    if (!kept) return;
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    this.#tell(kept);
  }

  #tell(kept) {
    this.dispatchEvent(new CustomEvent("kept", { detail: kept }));
  }

  // Registered: a call that another page left is taken over, and so is our own when the network was away meanwhile: Asterisk
  // would look for this end where it no longer is.
  #comeBack() {
    const own = this.wasLost && !this.consulting ? this.#kept() : null;
    this.wasLost = false;
    if (own) return this.#takeOver(own, this.call.session);
    const left = [this.given, JSON.parse(sessionStorage.getItem(KEPT))].filter(Boolean).sort((a, b) => b.at - a.at)[0];
    this.given = null;
    sessionStorage.removeItem(KEPT);
    if (left && !this.call && Date.now() - left.at < KEEP_FOR_MS) this.#takeOver(left);
  }

  #takeOver(kept, before = null) {
    const { call_id, local_tag, remote_tag } = kept.dialog;
    const end = () => before?.terminate();
    this.ua.call(this.#uri("takeover"), {
      ...this.#media(),
      extraHeaders: ["Require: replaces", `Replaces: ${call_id};to-tag=${remote_tag};from-tag=${local_tag}`],
      data: { takeover: kept },
      eventHandlers: { confirmed: end, failed: end },
    });
  }
}

function newCall(session, incoming, request, number = "") {
  const from = request.from;
  return {
    session,
    state: incoming ? "ringing" : "calling",
    incoming,
    number: incoming ? from.uri.user : number,
    name: incoming ? (from.display_name ?? "") : "",
    callId: null, // the hospital's name for it; the page fills it in when it learns it
    startedAt: null,
    muted: false,
    held: false,
    problem: null,
  };
}

function summary({ session: _session, ...rest }) {
  return rest;
}
