// The player of one recording: stereo waveform from stored peaks, speed, seek. Audio comes by an authenticated URL.
import WaveSurfer from "wavesurfer.js";

const STEP_S = 5;
let playing = null; // one at a time is heard

const night = matchMedia("(prefers-color-scheme: dark)");

// A canvas knows no names of colours: what they are by day or by night is asked of the page.
function colours(box, channels) {
  const [patient, hospital] = ["patient", "hospital"].map((name) => {
    box.style.setProperty("outline-color", `var(--hcrm-${name})`);
    return getComputedStyle(box).outlineColor;
  });
  box.style.removeProperty("outline-color");
  const one = (colour) => ({ waveColor: colour.replace("rgb(", "rgba(").replace(")", ", 0.53)"), progressColor: colour });
  return { ...one(hospital), splitChannels: channels > 1 ? [patient, hospital].map((colour) => ({ ...one(colour), overlay: false })) : undefined };
}

// Notes stand below the waveform as a list and on it as flags. A new one belongs where its writer began to write.
function attachNotes(box, wave, duration, say) {
  const list = box.querySelector("[data-notes]");
  const flags = box.querySelector("[data-flags]");
  const draw = () =>
    flags.replaceChildren(
      ...[...list.querySelectorAll("[data-hear-from]")].map((button) => {
        const flag = document.createElement("i");
        flag.style.left = `${Math.min(100, Number(button.dataset.hearFrom) / (duration * 10))}%`;
        return flag;
      }),
    );
  const place = () => {
    const form = list.querySelector("[data-note]");
    if (!form || form.elements.text.value) return;
    const at = Math.min(wave.getCurrentTime(), duration);
    form.elements.at_ms.value = Math.floor(at * 1000);
    form.querySelector("[data-note-place]").textContent = say(at);
  };
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-hear-from]");
    if (!button) return;
    wave.setTime(Number(button.dataset.hearFrom) / 1000);
    wave.play();
  });
  list.addEventListener("htmx:afterSettle", () => {
    draw();
    place();
  });
  wave.on("timeupdate", place);
  wave.on("interaction", place);
  draw();
  place();
}

async function attach(box) {
  if (box.dataset.ready) return;
  box.dataset.ready = "yes";
  const { peaks, duration } = await (await fetch(box.dataset.peaks)).json();
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
    ...colours(box, peaks.length),
  });
  const repaint = () => wave.setOptions(colours(box, peaks.length));
  night.addEventListener("change", repaint);
  wave.on("destroy", () => night.removeEventListener("change", repaint));
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
  attachNotes(box, wave, duration, say);
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
