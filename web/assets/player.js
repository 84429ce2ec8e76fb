// The player of one recording: stereo waveform from stored peaks, speed, seek. Audio comes by an authenticated URL.
import WaveSurfer from "wavesurfer.js";

const STEP_S = 5;
let playing = null; // one at a time is heard

async function attach(box) {
  if (box.dataset.ready) return;
  box.dataset.ready = "yes";
  const { peaks, duration } = await (await fetch(box.dataset.peaks)).json();
  const colours = getComputedStyle(document.documentElement);
  const patient = colours.getPropertyValue("--hcrm-patient").trim();
  const hospital = colours.getPropertyValue("--hcrm-hospital").trim();
  const channel = (color) => ({ waveColor: `${color}88`, progressColor: color, overlay: false });
  const media = new Audio();
  media.preload = "none"; // nothing is fetched, and no play written down, before somebody plays
  const wave = WaveSurfer.create({
    media,
    container: box.querySelector("[data-wave]"),
    url: box.dataset.audio,
    peaks,
    duration,
    height: 56,
    barWidth: 2,
    barGap: 1,
    barRadius: 1,
    normalize: false,
    cursorWidth: 2,
    cspNonce: document.querySelector('meta[name="csp-nonce"]').content,
    splitChannels: peaks.length > 1 ? [channel(patient), channel(hospital)] : undefined,
    waveColor: `${hospital}88`,
    progressColor: hospital,
  });
  const play = box.querySelector("[data-play]");
  const clock = box.querySelector("[data-clock]");
  const say = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
  const show = () => (clock.textContent = `${say(wave.getCurrentTime())} / ${say(wave.getDuration() || duration)}`);
  play.addEventListener("click", () => wave.playPause());
  wave.on("play", () => {
    if (playing !== wave) playing?.pause();
    playing = wave;
    box.classList.add("is-playing");
  });
  wave.on("pause", () => box.classList.remove("is-playing"));
  wave.on("timeupdate", show);
  wave.on("error", () => window.hcrmToast({ text: box.dataset.sayFailed, kind: "problem" }));
  box.querySelector("[data-speed]").addEventListener("change", (e) => wave.setPlaybackRate(Number(e.target.value), true));
  for (const skip of box.querySelectorAll("[data-skip]")) {
    skip.addEventListener("click", () => wave.skip(Number(skip.dataset.skip) * STEP_S));
  }
  show();
  window.htmx.on("htmx:beforeCleanupElement", ({ target }) => target.contains(box) && wave.destroy());
  if (box.closest(".player-row")) wave.once("ready", () => wave.play()); // in a list somebody has asked to hear it
}

// The button of a list opens and plays; pressed again it closes.
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest("button[data-opens-player]");
    const place = button && document.querySelector(button.getAttribute("hx-target"));
    if (!place?.firstElementChild) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.htmx.swap(place, "", { swapStyle: "innerHTML" });
  },
  true,
);

window.htmx.onLoad((element) => {
  const root = element.parentElement ?? element;
  for (const box of root.querySelectorAll("[data-player]")) attach(box);
});
for (const box of document.querySelectorAll("[data-player]")) attach(box);
