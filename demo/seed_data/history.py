"""What has happened in the demo hospital before its first day, and what is planned: through the real services."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random

from crm_core.kernel.actor import IVR_CALLER, SMS_SENDER
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import PatientId, SlotId
from crm_core.patients import timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import Appointment
from demo.fortnight.cast import Cast
from demo.fortnight.diary import Diary
from dialer.attempt import Result

PAST_PER_DAY = 14
FUTURE = 60
FUTURE_SLOTS = 900  # of the first days; later ones stay empty
CHANNELS = ("ivr", "sms", "web", "agent", "agent")
PAST_BOOKED = (1, 2, 3, 4)  # so many days before
FUTURE_BOOKED = (0, 1, 2, 3, 4, 5, 6, 7)
CONFIRMED_SHARE, MOVED_SHARE = 0.35, 0.08
LATER, THOUGHT_IT_OVER = timedelta(minutes=40), timedelta(hours=3)
REMINDED_SHARE = 0.5
REMINDING_S = 50 * 60
AGAIN, SETTLED, KEY_AFTER = timedelta(hours=2), timedelta(minutes=10), timedelta(seconds=30)
_SPOKE = Result.HUMAN
RESULTS = (  # in turn, so that a visitor finds one of each
    *(_SPOKE, Result.BUSY, _SPOKE, Result.MACHINE, _SPOKE, Result.NO_ANSWER, _SPOKE, _SPOKE),
    *(Result.FAILED, _SPOKE, Result.NO_ANSWER, _SPOKE, Result.UNKNOWN, _SPOKE, Result.BUSY, _SPOKE),
)
TEN = time(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that was done about an appointment, by a person or through a machine."""

    at: datetime
    what: str  # booked, confirmed, cancelled, moved
    channel: str
    appointment: Appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """The machine phoned about an appointment; `result` as an attempt's. `is_confirmed`: they pressed one."""

    at: datetime
    result: Result
    appointment: Appointment
    is_confirmed: bool = False


@dataclass(slots=True)
class Doing:
    """What is needed to do things in the past: who does them, when there is time for it, and what was done so far."""

    tx: Tx
    rng: Random
    diary: Diary
    cast: Cast | None
    deeds: list[Deed] = field(default_factory=list)
    reminders: list[Reminder] = field(default_factory=list)

    def then(self, at: datetime, channel: str) -> Tx:
        """The transaction as of that moment, in the hands of who does it by this channel."""
        by = {"ivr": IVR_CALLER, "sms": SMS_SENDER, "call": IVR_CALLER}.get(channel, self.tx.actor)
        if channel == "agent" and self.cast:
            by = self.cast.agent(self.rng).actor
        return replace(self.tx, now=at, actor=by)

    def moment(self, day: date, back: Sequence[int]) -> datetime:
        """On one of the days before it, when there is time; at ten o'clock when there is none."""
        for days in back:
            found = self.diary.take(day - timedelta(days=days))
            if found is not None:
                return found
        return datetime.combine(day - timedelta(days=back[-1]), TEN, self.diary.zone)

    def did(self, tx: Tx, what: str, channel: str, appointment: Appointment) -> None:
        """Note it."""
        self.deeds.append(Deed(at=tx.now, what=what, channel=channel, appointment=appointment))


async def _book(doing: Doing, patient_id: PatientId, slot_id: SlotId, day: date, back: Sequence[int]) -> Appointment:
    channel = doing.rng.choice(CHANNELS)
    then = doing.then(doing.moment(day, doing.rng.sample(back, len(back))), channel)
    appointment = await scheduling.book_in(then, patient_id=patient_id, slot_id=slot_id, channel=channel)
    doing.did(then, "booked", channel, appointment)
    return appointment


async def _cancel(doing: Doing, appointment: Appointment, day: date) -> None:
    at = doing.diary.take(day - timedelta(days=1), after=appointment.booked_at) or appointment.booked_at + LATER
    then = doing.then(at, appointment.channel)
    cancelled = await scheduling.cancel_in(then, appointment.id, appointment.channel)
    doing.did(then, "cancelled", appointment.channel, cancelled)


async def _confirm(doing: Doing, appointment: Appointment, day: date) -> None:
    at = doing.diary.take(day, after=appointment.booked_at)
    if at is not None and at < appointment.slot.starts_at:
        then = doing.then(at, appointment.channel)
        confirmed = await scheduling.confirm_in(then, appointment.id, appointment.channel)
        doing.did(then, "confirmed", appointment.channel, confirmed)


async def add_past(doing: Doing, known: list[PatientId], slot_ids: list[SlotId], day: date) -> None:
    """Most came, some did not, a few had cancelled."""
    rng = doing.rng
    if not slot_ids:
        return
    chosen = rng.sample(slot_ids, min(PAST_PER_DAY, len(slot_ids)))
    who = [known[0], *rng.sample(known[1:], PAST_PER_DAY)]
    for patient_id, slot_id in zip(who, chosen, strict=False):
        appointment = await _book(doing, patient_id, slot_id, day, PAST_BOOKED)
        fate = rng.choices(("fulfilled", "noshow", "cancelled"), (75, 15, 10))[0]
        if fate == "cancelled" and patient_id != known[0]:
            await _cancel(doing, appointment, day)
        else:
            await _remind(doing, appointment, day - timedelta(days=1))
            await _close(doing.tx, appointment, "fulfilled" if fate == "cancelled" else fate)


async def _close(tx: Tx, appointment: Appointment, status: str) -> None:
    await tx.conn.execute("UPDATE appointment SET status = $2 WHERE id = $1", appointment.id, status)
    code = TimelineCode.VISIT if status == "fulfilled" else TimelineCode.NOSHOW
    slot = appointment.slot
    args = {
        "department": slot.department_name,
        "department_en": slot.department_name_en,
        "practitioner": slot.practitioner_name,
        "practitioner_en": slot.practitioner_name_en,
        "starts_at": slot.starts_at.isoformat(),
    }
    await timeline.add(tx, appointment.patient_id, slot.ends_at, code, args, f"appointments/{appointment.id}")


async def add_future(doing: Doing, known: list[PatientId], slot_ids: list[SlotId]) -> None:
    """Places in the days to come, some confirmed. The first patient has none: visitors of the demo book as him."""
    rng, today = doing.rng, doing.diary.today
    ahead = await _ahead(doing.tx, slot_ids)
    chosen = rng.sample(ahead, min(2 * FUTURE, len(ahead)))
    spare = iter(chosen[FUTURE:])
    for patient_id, slot_id in zip([known[1], *rng.sample(known[2:], FUTURE - 1)], chosen[:FUTURE], strict=False):
        appointment = await _book(doing, patient_id, slot_id, today, FUTURE_BOOKED)
        luck = rng.random()
        if luck < CONFIRMED_SHARE:
            await _confirm(doing, appointment, today - timedelta(days=rng.choice((0, 1))))
        elif luck > 1 - MOVED_SHARE:
            await _move(doing, appointment, next(spare, None))
        else:
            starts_on = appointment.slot.starts_at.astimezone(doing.diary.zone).date()
            await _remind(doing, appointment, starts_on - timedelta(days=1))


async def _remind(doing: Doing, appointment: Appointment, day: date) -> None:
    """Some, the day before, and who was not reached two hours later again."""
    rng, diary = doing.rng, doing.diary
    at = datetime.combine(day, TEN, diary.zone) + timedelta(seconds=rng.randrange(REMINDING_S))
    is_chosen, result = rng.random() < REMINDED_SHARE, RESULTS[len(doing.reminders) % len(RESULTS)]
    if not is_chosen or day not in diary.days or appointment.booked_at.astimezone(diary.zone).date() >= day:
        return
    for one in (Result.NO_ANSWER, Result.HUMAN) if result is Result.NO_ANSWER else (result,):
        if at + SETTLED < diary.now:
            doing.reminders.append(await _reminded(doing, appointment, at, one))
        at += AGAIN


async def _reminded(doing: Doing, appointment: Appointment, at: datetime, result: Result) -> Reminder:
    is_confirmed = result is Result.HUMAN
    if is_confirmed:
        await scheduling.confirm_in(doing.then(at + KEY_AFTER, "call"), appointment.id, "call")
    return Reminder(at=at, result=result, appointment=appointment, is_confirmed=is_confirmed)


async def _move(doing: Doing, appointment: Appointment, slot_id: SlotId | None) -> None:
    day = doing.diary.today - timedelta(days=doing.rng.choice((0, 1, 2, 3)))
    at = doing.diary.take(day, after=appointment.booked_at + THOUGHT_IT_OVER)
    if at is not None and slot_id is not None:
        then = doing.then(at, "agent")
        moved = await scheduling.reschedule_in(then, appointment.id, slot_id, "agent")
        doing.did(then, "moved", "agent", moved)


async def _ahead(tx: Tx, slot_ids: list[SlotId]) -> list[SlotId]:
    rows = await tx.conn.fetch(
        "SELECT id FROM slot WHERE id = ANY ($1::bigint[]) AND starts_at > $2 ORDER BY starts_at, id LIMIT $3",
        slot_ids,
        tx.now,
        FUTURE_SLOTS,
    )
    return [SlotId(row["id"]) for row in rows]
