// The wallboard on a big screen: nothing else on it, and a tone when somebody waits too long. Sound is asked for each time
// the page is opened: a browser plays none before somebody has pressed something.
const TONE_HZ = 880;
const TONE_S = 0.35;
const AGAIN_MS = 15_000;
let sound = null;
let soundedAt = -Infinity;

export function startBoard() {
  document.addEventListener("click", ({ target }) => {
    const alarm = target.closest("[data-alarm-sound]");
    if (alarm) toggleSound(alarm);
    if (target.closest("[data-full-screen]")) document.documentElement.requestFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    document.body.classList.toggle("is-board-only", Boolean(document.fullscreenElement));
  });
}

function toggleSound(button) {
  if (sound) sound.close();
  sound = sound ? null : new AudioContext();
  soundedAt = -Infinity;
  button.setAttribute("aria-pressed", String(Boolean(sound)));
  if (sound) tone();
}

export function soundAlarms() {
  if (!sound || performance.now() - soundedAt < AGAIN_MS) return;
  if (document.querySelector("[data-alarm].is-long")) tone();
}

function tone() {
  soundedAt = performance.now();
  const [voice, loudness] = [sound.createOscillator(), sound.createGain()];
  voice.frequency.value = TONE_HZ;
  loudness.gain.setValueAtTime(0.2, sound.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + TONE_S);
  voice.connect(loudness).connect(sound.destination);
  voice.start();
  voice.stop(sound.currentTime + TONE_S);
}
