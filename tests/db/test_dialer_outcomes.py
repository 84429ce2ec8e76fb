"""What became of a reminder call: told twice, late or never."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core import events
from crm_core.calls import service as calls
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Uniqueid
from crm_core.patients import timeline
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from dialer import outcomes, service
from dialer.attempt import State
from dialer.placing import claim
from telephony import names
from telephony.originate import CallResult
from tests.db.dialer_ward import NOON, NURSE, RULE, SETTINGS, STARTS, Ward, open_ward

pytestmark = pytest.mark.db


@pytest.fixture
async def ward(database_url: str) -> AsyncIterator[Ward]:
    """A fresh one for every test."""
    async with open_ward(database_url) as ward:
        yield ward


@pytest.mark.parametrize(
    ("verdict", "result", "wait"),
    [
        (CallResult.BUSY, "busy", timedelta(minutes=10)),
        (CallResult.NO_ANSWER, "no_answer", timedelta(hours=2)),
        (CallResult.FAILED, "failed", timedelta(minutes=30)),
    ],
)
async def test_who_was_not_reached_is_tried_again_by_rule(
    ward: Ward, verdict: CallResult, result: str, wait: timedelta
) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await outcomes.network_said(ward.db, attempt.id, verdict, RULE)
    await outcomes.network_said(ward.db, attempt.id, verdict, RULE)  # told twice
    assert await ward.tries(appointment) == [(State.DONE, result), (State.PLANNED, "")]
    first, again = await ward.attempts(appointment)
    assert (again.not_before, again.number, again.requested_by) == (NOON + wait, 2, "wang")
    async with ward.db.connection() as conn:
        entries = await timeline.page(conn, first.patient_id, limit=9, kind="call")
    assert [entry.ref for entry in entries] == [f"attempts/{first.id}"]


async def test_the_third_try_is_the_last_and_leaves_a_message(ward: Ward) -> None:
    appointment = await ward.book()
    await ward.remind(appointment)
    messages = []
    for _ in range(3):
        order = await claim(ward.db, ward.settings)
        assert order
        messages.append(order.originate.variables[names.VAR_ON_MACHINE])
        await outcomes.network_said(ward.db, order.attempt_id, CallResult.BUSY, RULE)
        ward.now += timedelta(minutes=11)
    assert messages == ["hangup", "hangup", "message"]
    assert await ward.tries(appointment) == [(State.DONE, "busy")] * 3


async def test_a_person_who_answered_is_not_called_again(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await ward.call_of(attempt)
    await outcomes.network_said(ward.db, attempt.id, CallResult.ANSWERED, RULE)
    await outcomes.somebody_answered(ward.db, attempt.id, "human", Uniqueid(attempt.linkedid))
    await outcomes.somebody_answered(ward.db, attempt.id, "human", Uniqueid(attempt.linkedid))
    call = await calls.ended(ward.db, attempt.linkedid, "normal clearing")
    assert call
    assert await ward.tries(appointment) == [(State.DONE, "human")]
    assert ward.happened[1:] == [
        events.AttemptAnswered(
            attempt_id=attempt.id, by="human", call_id=call.id, patient_id=attempt.patient_id, starts_at=STARTS
        ),
        events.AttemptEnded(
            attempt_id=attempt.id,
            appointment_id=appointment,
            result="human",
            patient_id=attempt.patient_id,
            starts_at=STARTS,
        ),
    ]


@pytest.mark.parametrize(
    ("by", "uniqueid"),
    [("human", "1795302063.7"), ("human", ""), ("human", "hcrm-other"), ("", None), ("HUMAN", None), ("patient", None)],
)
async def test_only_the_calls_own_channel_may_say_that_somebody_answered(
    ward: Ward, by: str, uniqueid: str | None
) -> None:
    """Who can write one event into the manager link would end every reminder of the hospital by counting the ids."""
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await outcomes.somebody_answered(
        ward.db, attempt.id, by, Uniqueid(attempt.linkedid if uniqueid is None else uniqueid)
    )
    assert await ward.tries(appointment) == [(State.DIALING, "")]
    await outcomes.network_said(ward.db, attempt.id, CallResult.BUSY, RULE)
    assert await ward.tries(appointment) == [(State.DONE, "busy"), (State.PLANNED, "")]


async def test_a_machine_is_tried_again_later(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await ward.call_of(attempt)
    await outcomes.somebody_answered(ward.db, attempt.id, "machine", Uniqueid(attempt.linkedid))
    await calls.ended(ward.db, attempt.linkedid, "normal clearing")
    assert await ward.tries(appointment) == [(State.DONE, "machine"), (State.PLANNED, "")]


async def test_who_hangs_up_at_once_is_tried_again_and_who_heard_something_is_not(ward: Ward) -> None:
    for slot, nodes, expected in ((0, [], "hung_up"), (1, ["greet"], "human")):
        appointment = await ward.book(slot=slot, name=f"张{slot}")
        attempt = await ward.dialled(appointment)
        call = await ward.call_of(attempt)
        await outcomes.network_said(ward.db, attempt.id, CallResult.ANSWERED, RULE)
        await calls.visit(ward.db, call.id, nodes, "reminder/1")
        await calls.ended(ward.db, attempt.linkedid, "normal clearing")
        assert (await ward.tries(appointment))[0] == (State.DONE, expected)
        assert len(await ward.attempts(appointment)) == (2 if expected == "hung_up" else 1)


async def test_the_end_may_be_told_before_the_answer(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    call = await ward.call_of(attempt)
    await calls.visit(ward.db, call.id, ["greet"], "reminder/1")
    await calls.ended(ward.db, attempt.linkedid, "normal clearing")
    await outcomes.network_said(ward.db, attempt.id, CallResult.ANSWERED, RULE)
    await outcomes.somebody_answered(ward.db, attempt.id, "human", Uniqueid(attempt.linkedid))
    assert (await ward.tries(appointment))[0] == (State.DONE, "human")


async def test_a_call_that_only_rang_is_judged_by_the_network(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await ward.call_of(attempt, answered=False)
    await calls.ended(ward.db, attempt.linkedid, "user busy")
    assert await ward.tries(appointment) == [(State.DIALING, "")]
    await outcomes.network_said(ward.db, attempt.id, CallResult.BUSY, RULE)
    assert (await ward.tries(appointment))[0] == (State.DONE, "busy")


async def test_an_unknown_outcome_waits_for_a_person_and_is_never_dialled_by_machine(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await outcomes.outcome_lost(ward.db, attempt.id)
    await outcomes.outcome_lost(ward.db, attempt.id)
    assert await ward.tries(appointment) == [(State.UNKNOWN, "unknown")]
    assert await ward.open_tasks() == [("check_outcome", f"attempts/{attempt.id}")]
    await outcomes.network_said(ward.db, attempt.id, CallResult.BUSY, RULE)  # too late to be believed
    assert await ward.tries(appointment) == [(State.UNKNOWN, "unknown")]
    assert await service.plan_reminders(ward.db, NOON, timezone=SETTINGS.timezone, after_booking=timedelta(0)) == 0
    assert await ward.refused_rule(appointment) == "outcome_unknown"
    async with ward.db.connection() as conn:
        (task,) = await tasks.open_tasks(conn, limit=5)
    await tasks.done(ward.db, NURSE, task.id)  # a person has asked the patient
    assert (await ward.remind(appointment)).number == 2


async def test_a_cancelled_or_confirmed_appointment_is_not_called_for(ward: Ward) -> None:
    cancelled, confirmed, moved = [await ward.book(slot=slot, name=f"张{slot}") for slot in (0, 1, 2)]
    for appointment in (cancelled, confirmed, moved):
        await ward.remind(appointment)
    await scheduling.cancel(ward.db, SYSTEM, cancelled, "agent")
    await scheduling.confirm(ward.db, SYSTEM, confirmed, "agent")
    await scheduling.reschedule(ward.db, SYSTEM, moved, ward.slots[4], channel="agent")
    assert await ward.tries(cancelled) == [(State.SUPPRESSED, "appointment_cancelled")]
    assert await ward.tries(confirmed) == [(State.SUPPRESSED, "appointment_confirmed")]
    assert await ward.tries(moved) == [(State.SUPPRESSED, "appointment_cancelled")]
    assert await claim(ward.db, ward.settings) is None


async def test_who_confirmed_during_the_call_is_not_tried_again(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.dialled(appointment)
    await scheduling.confirm(ward.db, SYSTEM, appointment, "call")
    await outcomes.network_said(ward.db, attempt.id, CallResult.BUSY, RULE)
    assert await ward.tries(appointment) == [(State.DONE, "busy")]
