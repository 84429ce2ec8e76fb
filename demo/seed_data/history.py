"""What has happened in the demo hospital before its first day, and what is planned: through the real services."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from crm_core.consultations import service as consultations
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import Msisdn, PatientId, SlotId
from crm_core.patients import timeline
from crm_core.patients.model import TimelineKind
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import Appointment
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind

PAST_PER_DAY = 14
FUTURE = 60
FUTURE_SLOTS = 900  # of the first days; later ones stay empty
CHANNELS = ("ivr", "sms", "web", "agent", "agent")
VISIT = "Visit: {department}, {practitioner}, {starts_at}"
MISSED = "Appointment missed: {department}, {practitioner}, {starts_at}"
QUESTIONS = (
    ("+8619900020001", "sms", "请问白内障手术大概多少钱？需要住院吗"),
    ("+8619900020002", "sms", "你们医院周末看骨科吗"),
    ("+8619900020003", "web", "孩子反复咳嗽两周了，应该挂儿科还是耳鼻喉科？"),
    ("+8619900020004", "phone", "询问无痛胃镜的预约流程，希望周五上午"),
    ("+8619900020005", "web", "Do you have English-speaking doctors in dermatology?"),
)


async def add_past(tx: Tx, rng: Random, known: list[PatientId], slot_ids: list[SlotId]) -> None:
    """Most came, some did not, a few had cancelled. `tx.now` lies before the slots."""
    if not slot_ids:
        return
    chosen = rng.sample(slot_ids, min(PAST_PER_DAY, len(slot_ids)))
    who = [known[0], *rng.sample(known[1:], PAST_PER_DAY)]
    for patient_id, slot_id in zip(who, chosen, strict=False):
        appointment = await scheduling.book_in(tx, patient_id=patient_id, slot_id=slot_id, channel=rng.choice(CHANNELS))
        fate = rng.choices(("fulfilled", "noshow", "cancelled"), (75, 15, 10))[0]
        if fate == "cancelled" and patient_id != known[0]:
            await scheduling.cancel_in(tx, appointment.id, appointment.channel)
        else:
            await _close(tx, appointment, "fulfilled" if fate == "cancelled" else fate)


async def _close(tx: Tx, appointment: Appointment, status: str) -> None:
    await tx.conn.execute("UPDATE appointment SET status = $2 WHERE id = $1", appointment.id, status)
    kind, code = (TimelineKind.ENCOUNTER, VISIT) if status == "fulfilled" else (TimelineKind.APPOINTMENT, MISSED)
    slot = appointment.slot
    args = {
        "department": slot.department_name,
        "department_en": slot.department_name_en,
        "practitioner": slot.practitioner_name,
        "practitioner_en": slot.practitioner_name_en,
        "starts_at": slot.starts_at.isoformat(),
    }
    await timeline.add(tx, appointment.patient_id, kind, slot.ends_at, code, args, f"appointments/{appointment.id}")


async def add_future(tx: Tx, rng: Random, known: list[PatientId], slot_ids: list[SlotId]) -> None:
    """Places in the days to come, some confirmed. The first patient has none: visitors of the demo book as him."""
    ahead = await _ahead(tx, slot_ids)
    chosen = rng.sample(ahead, min(FUTURE, len(ahead)))
    for patient_id, slot_id in zip([known[1], *rng.sample(known[2:], FUTURE - 1)], chosen, strict=False):
        appointment = await scheduling.book_in(tx, patient_id=patient_id, slot_id=slot_id, channel=rng.choice(CHANNELS))
        if rng.random() < 0.3:
            await scheduling.confirm_in(tx, appointment.id, appointment.channel)


async def _ahead(tx: Tx, slot_ids: list[SlotId]) -> list[SlotId]:
    rows = await tx.conn.fetch(
        "SELECT id FROM slot WHERE id = ANY ($1::bigint[]) AND starts_at > $2 ORDER BY starts_at, id LIMIT $3",
        slot_ids,
        tx.now,
        FUTURE_SLOTS,
    )
    return [SlotId(row["id"]) for row in rows]


async def add_questions(tx: Tx, known: list[PatientId]) -> None:
    """People who asked and wait for an answer, and work that is due."""
    for days, (number, source, text) in enumerate(QUESTIONS):
        then = replace(tx, now=tx.now - timedelta(days=days, hours=2))
        consultation_id = await consultations.open_in(then, Msisdn(number), source, text)
        if source == "sms":
            await tasks.open_in(then, TaskKind.ANSWER_SMS, Msisdn(number), f"consultations/{consultation_id}")
    earlier = replace(tx, now=tx.now - timedelta(hours=5))
    await tasks.open_in(earlier, TaskKind.CALL_BACK, Msisdn("+8619900000002"), f"patients/{known[1]}", known[1])
    await tasks.open_in(
        tx,
        TaskKind.CALL_BACK,
        Msisdn("+8619900000004"),
        f"patients/{known[5]}",
        known[5],
        due_at=tx.now + timedelta(days=1),
    )
