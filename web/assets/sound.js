// What this browser's telephone sounds like: ring device and volume, microphone, loudspeaker. Chosen in the dock, kept in a
// cookie of the pages (the browser's storage is emptied at each log-out). Devices are known by name when their id has changed.
const COOKIE = "hcrm_sound";
const KEEP_S = 365 * 24 * 3600;
const KINDS = { ring: "audiooutput", speaker: "audiooutput", microphone: "audioinput" };

export class Sound {
  constructor(form, audio) {
    this.form = form;
    this.audio = audio;
    this.chosen = read();
    this.devices = [];
    form.elements.volume.value = this.chosen.volume ?? 60;
    form.addEventListener("change", () => this.#choose());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.list());
  }

  // The browser names devices only once it may use the microphone.
  async list() {
    this.devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    for (const [use, kind] of Object.entries(KINDS)) this.#offer(this.form.elements[use], kind, this.chosen[use]);
    this.#apply();
  }

  get volume() {
    return Number(this.form.elements.volume.value) / 100;
  }

  // "" for the browser's own choice.
  device(use) {
    const { id, label } = this.chosen[use] ?? {};
    const alike = this.devices.filter((one) => one.kind === KINDS[use]);
    return (alike.find((one) => one.deviceId === id) ?? alike.find((one) => label && one.label === label))?.deviceId ?? "";
  }

  #offer(select, kind, chosen) {
    const [standard] = select.options;
    const named = this.devices.filter((one) => one.kind === kind && one.label && one.deviceId !== "default");
    select.replaceChildren(standard, ...named.map((one) => new Option(one.label, one.deviceId)));
    select.value = (named.find((one) => one.deviceId === chosen?.id) ?? named.find((one) => one.label === chosen?.label))?.deviceId ?? "";
  }

  #choose() {
    const { elements } = this.form;
    this.chosen = { volume: Number(elements.volume.value) };
    for (const use of Object.keys(KINDS)) {
      const [option] = elements[use].selectedOptions;
      if (option?.value) this.chosen[use] = { id: option.value, label: option.textContent };
    }
    document.cookie = `${COOKIE}=${encodeURIComponent(JSON.stringify(this.chosen))}; path=/; max-age=${KEEP_S}; samesite=strict`;
    this.#apply();
  }

  #apply() {
    this.audio.setSinkId?.(this.device("speaker")).catch(() => {});
  }
}

function read() {
  const kept = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
  try {
    return kept ? JSON.parse(decodeURIComponent(kept.slice(COOKIE.length + 1))) : {};
  } catch {
    return {};
  }
}
