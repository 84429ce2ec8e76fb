"""The dialer at work on PostgreSQL: never twice, never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta

import pytest

from crm_core.calls import service as calls
from crm_core.calls import store as call_store
from crm_core.kernel.errors import OutcomeUnknownError, TemporarySendError
from crm_core.kernel.ids import AttemptId, Linkedid, Uniqueid
from dialer import outcomes
from dialer.attempt import Result, State
from dialer.worker import Worker
from telephony import names
from telephony.ami_events import Channel, LinkUp, UserEvent
from telephony.originate import CallResult
from tests.db.dialer_ward import MORNING, NOON, PHONE, RULE, SETTINGS, Ward, open_ward
from tests.eventually import eventually

pytestmark = pytest.mark.db


@pytest.fixture
async def ward(database_url: str) -> AsyncIterator[Ward]:
    """A fresh one for every test."""
    async with open_ward(database_url) as ward:
        yield ward


async def test_a_wish_is_dialled_at_once_and_its_end_is_written_down(ward: Ward) -> None:
    appointment = await ward.book()
    async with ward.working() as worker:
        attempt = await ward.remind(appointment)
        (ringing,) = await ward.until(appointment, (State.ANSWERED, ""))
        await ward.call_of(ringing)
        channel = Channel(name="PJSIP/carrier-1", uniqueid=Uniqueid(ringing.linkedid), linkedid=ringing.linkedid)
        fields = {"Attempt": str(attempt.id), "By": "human"}
        await worker.hear(UserEvent(names.EVENT_ANSWERED, channel, fields))
        await calls.ended(ward.db, ringing.linkedid, "normal clearing")
        await ward.until(appointment, (State.DONE, "human"))
    assert ward.line.numbers() == ["13800138000"]


async def test_whoever_answers_the_call_is_in_the_call_log(ward: Ward) -> None:
    """A machine never gets as far as the voice menu."""
    appointment = await ward.book()
    async with ward.working():
        attempt = await ward.remind(appointment)
        (answered,) = await ward.until(appointment, (State.ANSWERED, ""))
        async with ward.db.connection() as conn:
            call = await call_store.get_by_linkedid(conn, answered.linkedid)
    assert call
    assert (call.direction, call.caller, call.attempt_id) == ("out", PHONE, attempt.id)
    assert call.answered_at == ward.now


async def test_what_waits_for_its_hour_is_dialled_when_it_comes(ward: Ward) -> None:
    appointment = await ward.book()
    ward.now = MORNING - timedelta(milliseconds=300)
    async with ward.working():
        assert (await ward.remind(appointment)).not_before == MORNING
        ward.now = MORNING
        await ward.until(appointment, (State.ANSWERED, ""))


@pytest.mark.parametrize(
    ("verdict", "wanted"),
    [
        (TemporarySendError, [(State.DONE, "failed"), (State.PLANNED, "")]),
        (OutcomeUnknownError, [(State.UNKNOWN, "unknown")]),
        (CallResult.BUSY, [(State.DONE, "busy"), (State.PLANNED, "")]),
    ],
)
async def test_taken_refused_and_unknown_are_three_outcomes(
    ward: Ward, verdict: type[Exception], wanted: list[tuple[State, str]]
) -> None:
    ward.line.verdict = lambda order: verdict  # type: ignore[return-value,assignment]
    appointment = await ward.book()
    async with ward.working():
        await ward.remind(appointment)
        await ward.until(appointment, *wanted)
    assert len(ward.line.orders) == 1


async def test_without_a_link_nothing_is_tried_and_nothing_is_used_up(ward: Ward) -> None:
    ward.line.is_up = False
    appointment = await ward.book()
    async with ward.working() as worker:
        await ward.remind(appointment)
        await worker.hear(LinkUp())
        assert await ward.tries(appointment) == [(State.PLANNED, "")]
        ward.line.is_up = True
        await worker.hear(LinkUp())
        await ward.until(appointment, (State.ANSWERED, ""))
    assert len(ward.line.orders) == 1


async def test_a_restart_parks_calls_that_asterisk_no_longer_knows(ward: Ward) -> None:
    known, gone, answered = [
        await ward.dialled(await ward.book(slot=slot, name=f"张{slot}", phone=f"+861380013800{slot}"))
        for slot in (0, 1, 2)
    ]
    await ward.call_of(answered)
    await outcomes.somebody_answered(ward.db, answered.id, "human", Uniqueid(answered.linkedid))
    ward.line.alive = {known.linkedid}
    ward.now += timedelta(minutes=1)
    async with ward.working():
        await ward.until(gone.appointment_id, (State.UNKNOWN, "unknown"))
        await ward.until(answered.appointment_id, (State.DONE, "human"))
    assert await ward.tries(known.appointment_id) == [(State.DIALING, "")]
    assert await ward.open_tasks() == [("check_outcome", f"attempts/{gone.id}")]
    assert ward.line.orders == []


async def test_a_call_whose_answer_is_still_to_come_is_not_settled_by_looking(ward: Ward) -> None:
    """Its Originate will tell, however long Asterisk takes and whatever its list of channels says meanwhile."""
    slow, next_one = await ward.book(), await ward.book(slot=1, name="李四", phone="+8613800138001")
    ward.line.verdict = lambda order: None if order.interface.startswith("PJSIP/13800138000") else CallResult.BUSY
    async with ward.working():
        await ward.remind(slow)
        await eventually(lambda: ward.line.orders, what="it rings")
        ward.line.alive.clear()
        ward.now += timedelta(minutes=1)
        await ward.remind(next_one)  # the worker looks at what is left before it calls this one
        await ward.until(next_one, (State.DONE, "busy"), (State.PLANNED, ""))
        assert await ward.tries(slow) == [(State.DIALING, "")]
        ward.line.alive |= {order.uniqueid for order in ward.line.orders}
        ward.line.release.set()
        await ward.until(slow, (State.ANSWERED, ""))
    assert await ward.open_tasks() == []


async def test_two_processes_never_call_twice(ward: Ward) -> None:
    ward.settings = replace(SETTINGS, max_calls=3)
    appointments = [await ward.book(slot=slot, name=f"张{slot}", phone=f"+861380013800{slot}") for slot in range(6)]
    async with ward.working(), ward.working():
        await asyncio.gather(*(ward.remind(appointment) for appointment in appointments))
        await eventually(lambda: len(ward.line.orders) == 3, what="three lines taken")
        for order in list(ward.line.orders):
            attempt_id = AttemptId(int(order.variables[names.VAR_ATTEMPT_ID]))
            await outcomes.settle(ward.db, attempt_id, RULE)
        await eventually(lambda: len(ward.line.orders) == 6, what="the other three")
    assert len(set(ward.line.numbers())) == 6


async def test_reminders_come_by_themselves_from_the_settled_hour(ward: Ward) -> None:
    appointment = await ward.book()
    ward.settings = replace(SETTINGS, plan_from=time(13), after_booking=timedelta(0))
    async with ward.working() as worker:
        await worker.hear(LinkUp())
        assert await ward.tries(appointment) == []
        ward.now = NOON + timedelta(hours=1)
        await worker.hear(LinkUp())
        (attempt,) = await ward.until(appointment, (State.ANSWERED, ""))
    assert attempt.requested_by == "dialer"


async def test_nonsense_from_the_line_is_passed_over(ward: Ward) -> None:
    worker = Worker(ward.db, ward.line, ward.settings)
    channel = Channel(name="PJSIP/carrier-1", uniqueid=Uniqueid("1.1"), linkedid=Linkedid("1.1"))
    for fields in ({}, {"Attempt": "x", "By": "human"}, {"Attempt": "999999", "By": "human"}):
        await worker.hear(UserEvent(names.EVENT_ANSWERED, channel, fields))
    assert ward.happened == []


def test_a_telephone_rings_long_enough() -> None:
    with pytest.raises(ValueError, match="15 s"):
        replace(SETTINGS, ring_s=14)
    assert Result.UNKNOWN not in RULE.waits
