// How the agent hears and sees that it rings: a tone made here (no file is needed), and a notice of the system for who works in
// another window. The notice says no more of the patient than the hospital's setting allows.
const BEATS_S = 60;

export class Ring {
  constructor(dock, sound) {
    this.words = dock.dataset;
    this.sound = sound;
    this.tone = null;
    this.notice = null;
  }

  set(call, number) {
    const on = call.state === "ringing";
    if (on && !this.tone) this.#begin(number);
    if (!on && this.tone) this.#end();
    document.title = `${on ? "☎ " : ""}${document.title.replace(/^☎ /, "")}`;
  }

  // To be heard while the volume is chosen.
  async sample() {
    if (this.tone) return;
    const tone = this.#play(1);
    setTimeout(() => tone.close(), 1_000);
  }

  #begin(number) {
    this.tone = this.#play(BEATS_S);
    this.notice = say(this.words.sayNotice, this.words.noticeShows === "number" ? number : "");
  }

  #end() {
    this.tone.close();
    this.notice?.close();
    this.tone = this.notice = null;
  }

  // Two soft tones, one second of three. Silent until the browser allows sound.
  #play(seconds) {
    const context = new AudioContext();
    context.setSinkId?.(this.sound.device("ring")).catch(() => {});
    const gain = context.createGain();
    gain.connect(context.destination);
    gain.gain.value = 0;
    for (const pitch of [425, 480]) {
      const tone = context.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(gain);
      tone.start();
    }
    for (let second = 0; second < seconds; second += 3) {
      gain.gain.setValueAtTime(0.2 * this.sound.volume ** 2, context.currentTime + second);
      gain.gain.setValueAtTime(0, context.currentTime + second + 1);
    }
    return context;
  }
}

// Only when this window is not the one that is worked in.
export function say(title, body = "") {
  if (!title || !("Notification" in window) || Notification.permission !== "granted") return null;
  if (document.visibilityState === "visible" && document.hasFocus()) return null;
  const notice = new Notification(title, { body, tag: "hcrm.ring", requireInteraction: true });
  notice.addEventListener("click", () => {
    window.focus();
    notice.close();
  });
  return notice;
}
