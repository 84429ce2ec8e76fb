// What a key means. Alt with a letter means the same everywhere, also while somebody types; a sign alone only outside of
// fields. What an input method takes (Chinese is being written) is none of ours. Pure. docs/keyboard.md
export const BY_ALT = {
  KeyA: "answer", KeyH: "hangup", KeyM: "mute", KeyP: "hold", KeyT: "transfer", KeyO: "ready", KeyN: "number",
  KeyR: "result", KeyB: "booking", KeyU: "who",
  KeyW: "today", KeyG: "desk", KeyS: "texts", KeyK: "tasks", KeyZ: "undo",
};
const BY_SIGN = { "/": "search", "?": "help" };

export function isComposing({ isComposing: composes, keyCode }) {
  return Boolean(composes) || keyCode === 229;
}

export function meant(event, isTyping) {
  if (isComposing(event) || event.ctrlKey || event.metaKey) return "";
  if (event.altKey) return event.repeat || event.shiftKey ? "" : (BY_ALT[event.code] ?? "");
  return isTyping ? "" : (BY_SIGN[event.key] ?? "");
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// Where a key leads from `at` in lines of so many things: [line, place], or null where it means nothing. One line of things
// that stand below each other, or beside each other, is walked by all four arrows.
export function moved({ key, ctrlKey = false }, [line, place], lengths) {
  const isOne = lengths.length === 1;
  const ends = [lengths.length - 1, lengths.at(-1) - 1];
  if (key === "Home") return ctrlKey ? [0, 0] : [line, 0];
  if (key === "End") return ctrlKey ? ends : [line, lengths[line] - 1];
  if (ctrlKey || !(key in STEPS)) return null;
  const [down, right] = isOne ? [0, STEPS[key][0] + STEPS[key][1]] : STEPS[key];
  return down ? below([line + down, place], lengths) : beside([line, place + right], lengths);
}

function below([line, place], lengths) {
  return line in lengths ? [line, Math.min(place, lengths[line] - 1)] : null;
}

function beside([line, place], lengths) {
  if (place in [...Array(lengths[line]).keys()]) return [line, place];
  const next = line + (place < 0 ? -1 : 1);
  return next in lengths ? [next, place < 0 ? lengths[next] - 1 : 0] : null;
}

// Of places that a key goes to in turn: the one behind where the person is, the first when they are at none.
export function inTurn(places, isHere) {
  const at = places.findIndex(isHere);
  return places[(at + 1) % places.length];
}
