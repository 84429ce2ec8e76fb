// An appointment is dragged onto a free place: its department's places of that day open while it is dragged, the arrows above
// them turn to other days. Without a mouse there is "Move" on every appointment. docs/appointments.md
const TURN_MS = 500;
let moved = null; // data of the appointment that is being dragged
let turning = null;

const at = (event, selector) => (moved ? event.target.closest?.(selector) : null);

document.addEventListener("dragstart", (event) => {
  const visit = event.target.closest?.(".visit[data-moves]");
  const places = document.querySelector(".day-free");
  if (!visit || !places) return;
  moved = { ...visit.dataset };
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", moved.moves);
  document.body.classList.add("is-dragging");
  window.htmx.ajax("GET", moved.places, { target: places, swap: "innerHTML" });
});

document.addEventListener("dragend", () => {
  moved = null;
  document.body.classList.remove("is-dragging");
});

document.addEventListener("dragover", (event) => at(event, "[data-slot]") && event.preventDefault());

document.addEventListener("dragenter", (event) => {
  clearTimeout(turning);
  mark(at(event, "[data-slot]"));
  const arrow = at(event, "[data-turns]");
  if (arrow) turning = setTimeout(() => arrow.click(), TURN_MS);
});

document.addEventListener("drop", (event) => {
  const place = at(event, "[data-slot]");
  if (!place) return;
  event.preventDefault();
  const values = { patient_id: moved.patient, slot_id: place.dataset.slot, move: moved.moves };
  window.htmx.ajax("POST", "/appointments", { target: "#booking", swap: "innerHTML", values });
});

function mark(place) {
  for (const one of document.querySelectorAll(".slot.is-over")) one.classList.remove("is-over");
  place?.classList.add("is-over");
}
