"""Reminder calls of the past: each try, and the call where somebody or something answered."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import AttemptId
from crm_core.patients import timeline
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from demo.fortnight import course
from demo.fortnight.calls import PastCall
from demo.fortnight.cast import Person
from demo.fortnight.course import Course
from demo.fortnight.phoning import facts_of
from demo.fortnight.story import Story
from demo.seed_data.history import Reminder
from dialer.attempt import TIMELINE_CODES, Result, State

RINGS_S = 9.0
LOOK_WITHIN = timedelta(hours=2)


async def write(tx: Tx, story: Story, reminders: Iterable[Reminder]) -> None:
    """Attempts now, for calls name them; the calls are told with all the others."""
    people = {person.id: person for person in story.everybody}
    for reminder in sorted(reminders, key=lambda one: one.at):
        person = people.get(reminder.appointment.patient_id)
        if person is not None:
            await _write(tx, story, reminder, person)


async def _write(tx: Tx, story: Story, reminder: Reminder, person: Person) -> None:
    heard = _heard(story, reminder, person)
    lasts_s = RINGS_S + heard.over_s if heard else RINGS_S
    attempt_id = await _insert(tx, reminder, person, timedelta(seconds=lasts_s))
    if heard is not None:
        call = PastCall(
            at=reminder.at, direction="out", who=person, course=heard, ring_s=RINGS_S, attempt_id=attempt_id
        )
        if story.call(call):
            story.at(call.ended_at, SYSTEM, partial(_tie, attempt_id, call))
    code = TIMELINE_CODES.get(reminder.result)
    if code:
        at, ref = reminder.at, f"attempts/{attempt_id}"
        await timeline.add(tx, reminder.appointment.patient_id, at, code, {}, ref)
    if reminder.result is Result.UNKNOWN:
        story.at(reminder.at, SYSTEM, partial(_look_into_it, story, attempt_id, reminder, person))


def _heard(story: Story, reminder: Reminder, person: Person) -> Course | None:
    match reminder.result:
        case Result.HUMAN:
            facts = facts_of(reminder.appointment, person, story)
            return course.reminded(person.language, facts, "confirm")
        case Result.MACHINE:
            return course.met_a_mailbox()
        case _:
            return None


async def _insert(tx: Tx, reminder: Reminder, person: Person, lasts: timedelta) -> AttemptId:
    state = State.UNKNOWN if reminder.result is Result.UNKNOWN else State.DONE
    return AttemptId(
        await tx.conn.fetchval(
            """
            INSERT INTO dial_attempt (appointment_id, patient_id, msisdn, purpose, number, state, result, requested_by,
                                      planned_at, not_before, dialed_at, ended_at)
            SELECT $1, $2, $3, 'care', count(*) + 1, $4, $5, 'dialer', $6, $6, $6, $7
            FROM dial_attempt WHERE appointment_id = $1 RETURNING id
            """,
            reminder.appointment.id,
            reminder.appointment.patient_id,
            person.msisdn,
            state.value,
            reminder.result.value,
            reminder.at,
            reminder.at + lasts,
        )
    )


async def _tie(attempt_id: AttemptId, call: PastCall, tx: Tx) -> None:
    await tx.conn.execute(
        "UPDATE dial_attempt SET call_id = $2, linkedid = $3 WHERE id = $1", attempt_id, call.id, call.uniqueid
    )


async def _look_into_it(story: Story, attempt_id: AttemptId, reminder: Reminder, person: Person, tx: Tx) -> None:
    """Somebody has, unless it was a moment ago."""
    ref, due_at = f"attempts/{attempt_id}", tx.now + LOOK_WITHIN
    await tasks.open_in(tx, TaskKind.CHECK_OUTCOME, person.msisdn, ref, reminder.appointment.patient_id, due_at)
    if due_at < story.diary.now:
        then = replace(tx, now=due_at, actor=story.cast.nurse.actor)
        await tasks.done_about(then, TaskKind.CHECK_OUTCOME, person.msisdn, ref)
