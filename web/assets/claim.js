// One tab of a browser has the telephone (Web Locks), the others wait for it. Asked for, it comes with the call under way;
// when the tab that has it is closed, the next takes over by itself.
const NAME = "hcrm.phone";
const HAD = "hcrm.phone"; // sessionStorage: this tab has the telephone, also when its page is loaded again
const ANSWER_MS = 800;
const TAKEN = "taken";
const BACK_SOON_MS = 2_500; // a page that is only loaded again asks for its telephone within this time

export class Claim {
  // `desk`: take(kept) begins to telephone here; give() hands over, answers what is kept of the call; mayGive();
  // elsewhere(kept) says that another tab has the telephone; refused() that it cannot be had now.
  constructor(desk) {
    this.desk = desk;
    this.me = String(Math.random());
    this.seen = null; // what the tab with the telephone said last of its call
    this.has = false;
    this.channel = new BroadcastChannel(NAME);
    this.channel.addEventListener("message", ({ data }) => this.#hear(data));
  }

  begin() {
    if (!navigator.locks) return void this.#run(null); // an address without https: no microphone either
    const wasHere = sessionStorage.getItem(HAD);
    this.#request({ ifAvailable: true }, (lock) => {
      if (lock) return this.#run(null);
      if (wasHere) return void this.take();
      this.#say({ type: "who" });
      return void this.#wait();
    });
  }

  // The telephone shall be here, whoever has it.
  async take() {
    const answer = await this.#ask();
    if (answer?.type === "busy") return this.desk.refused();
    this.waiting?.abort();
    this.#request({ steal: true }, () => this.#run(answer ? answer.kept : this.seen));
  }

  // To the other tabs: the call under way, null when there is none.
  tell(kept) {
    if (this.has) this.#say({ type: "kept", kept });
    this.seen = kept;
  }

  #say(message) {
    this.channel.postMessage({ ...message, from: this.me });
  }

  #ask() {
    return new Promise((resolve) => {
      this.answer = resolve;
      this.#say({ type: "want" });
      setTimeout(() => resolve(null), ANSWER_MS);
    });
  }

  #hear({ type, from, to, kept }) {
    if (to && to !== this.me) return;
    if (type === "want") this.#wanted(from);
    else if (type === "who" && this.has) this.tell(this.seen);
    else if (type === "yours" || type === "busy") this.answer?.({ type, kept });
    else if (type === "kept") {
      this.seen = kept;
      if (!this.has) this.desk.elsewhere(kept);
    }
  }

  #wanted(from) {
    if (this.backSoon) return this.backSoon(from);
    if (!this.has) return;
    if (!this.desk.mayGive()) return this.#say({ type: "busy", to: from });
    this.#leave(from);
  }

  #leave(to) {
    this.has = false;
    sessionStorage.removeItem(HAD);
    this.seen = this.desk.give();
    if (to) this.#say({ type: "yours", to, kept: this.seen });
  }

  // Who loses the lock waits for it again.
  #request(options, hold) {
    navigator.locks.request(NAME, options, hold).catch(() => {
      if (options.signal?.aborted) return;
      this.backSoon?.(TAKEN);
      if (this.has) this.#leave(null); // stolen without a word: the other did not hear our answer in time
      this.#wait();
    });
  }

  #wait() {
    this.desk.elsewhere(this.seen);
    this.waiting?.abort();
    this.waiting = new AbortController();
    this.#request({ signal: this.waiting.signal }, () => this.#succeed());
  }

  // The tab with the telephone is gone; perhaps it is only loaded again, and takes the lock from us.
  async #succeed() {
    const wantedBy = await new Promise((resolve) => {
      this.backSoon = resolve;
      setTimeout(resolve, BACK_SOON_MS, null);
    });
    this.backSoon = null;
    if (wantedBy === TAKEN) return;
    if (!wantedBy) return this.#run(this.seen);
    this.#say({ type: "yours", to: wantedBy, kept: this.seen });
    return this.#succeed();
  }

  #run(kept) {
    this.has = true;
    sessionStorage.setItem(HAD, "1");
    return new Promise(() => this.desk.take(kept)); // until the tab is closed or another takes the lock
  }
}
