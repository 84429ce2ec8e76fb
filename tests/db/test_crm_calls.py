"""Calls as telephony reports them: in order, twice, late and at the same time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from crm_core import events
from crm_core.calls import service, store
from crm_core.calls.errors import CallNotFoundError, NotYourCallError
from crm_core.calls.model import CallState
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, Linkedid, Msisdn, PatientId, Uniqueid
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from tests.db.hotline import CALLER, LINK, NOON, Hotline, opened, register

pytestmark = pytest.mark.db


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url) as found:
        yield found


async def test_what_is_written_late_has_the_time_at_which_it_happened(hotline: Hotline) -> None:
    """The menu may speak of the call before the tracker's earlier report is in."""
    await hotline.available("chen")
    hotline.now += timedelta(seconds=60)
    await hotline.start()
    await service.start(
        hotline.db, linkedid=LINK, uniqueid=Uniqueid(LINK), direction="in", caller=CALLER, did="4000", at=NOON
    )
    await service.answered(hotline.db, LINK)
    seconds = [NOON + timedelta(seconds=n) for n in range(6)]
    await service.answered(hotline.db, LINK, at=seconds[1])
    await service.queued(hotline.db, LINK, "operators", at=seconds[2])
    await service.agent_rang(hotline.db, LINK, "desk-01", at=seconds[3])
    await service.connected(hotline.db, LINK, "desk-01", at=seconds[4])
    await service.ended(hotline.db, LINK, "normal", at=seconds[5])
    call = await hotline.call()
    assert [call.started_at, call.answered_at, call.queued_at, call.connected_at, call.ended_at] == [
        NOON,
        *(seconds[1], seconds[2], seconds[4], seconds[5]),
    ]
    async with hotline.db.connection() as conn:
        assert await conn.fetchval("SELECT since FROM agent_state WHERE state = 'wrap_up'") == seconds[5]
        assert await conn.fetchval("SELECT left_at - connected_at FROM call_leg") == timedelta(seconds=1)


async def test_a_call_from_the_menu_to_an_agent_to_the_end(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", "13800138000", "en")
    await hotline.available("chen")
    call = await hotline.start()
    await service.answered(hotline.db, LINK)
    await service.visit(hotline.db, call.id, ["greet", "main"], "hotline/3")
    await service.visit(hotline.db, call.id, ["greet", "main", "operators"], "hotline/3")
    await service.visit(hotline.db, call.id, ["greet"], "hotline/3")  # late
    await service.queued(hotline.db, call.id, "operators")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "ringing"
    hotline.now += timedelta(seconds=9)
    await service.connected(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "on_call"
    hotline.now += timedelta(seconds=60)
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    over = await hotline.call()
    assert (over.patient_id, over.language, over.state) == (patient.id, "en", CallState.ENDED)
    assert (over.path, over.flow_version, over.queue) == (("greet", "main", "operators"), "hotline/3", "operators")
    assert (over.connected_at, over.ended_at) == (NOON + timedelta(seconds=9), NOON + timedelta(seconds=69))
    assert (over.agent_name, over.end_reason) == ("Chen", "Normal Clearing")
    assert hotline.names() == ["CallStarted", "CallQueued", "AgentRang", "CallConnected", "CallEnded"]
    assert await hotline.state() == "wrap_up"
    async with hotline.db.connection() as conn:
        entry = (await timeline.page(conn, patient.id, limit=1))[0]
        assert await store.open_calls(conn) == []
    assert (entry.code, entry.args["agent"], entry.ref) == (
        "call.in_answered",
        "Chen",
        f"calls/{call.id}",
    )


async def test_every_report_may_come_twice(hotline: Hotline) -> None:
    await hotline.available("chen")
    first = await hotline.start()
    assert (await hotline.start()).id == first.id
    for _ in range(2):
        await service.answered(hotline.db, LINK)
    for _ in range(2):
        await service.queued(hotline.db, LINK, "operators")
    for _ in range(2):
        await service.agent_rang(hotline.db, LINK, "desk-01")
    for _ in range(2):
        await service.connected(hotline.db, LINK, "desk-01")
    await service.queued(hotline.db, LINK, "operators")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    for _ in range(2):
        await service.agent_left(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-01")
    for _ in range(2):
        await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.ended(hotline.db, LINK, "lost")
    assert (await hotline.call()).end_reason == "Normal Clearing"
    assert await hotline.state() == "wrap_up"
    assert [name for name in hotline.names() if name != "CallQueued"] == [
        "CallStarted",
        "AgentRang",
        "CallConnected",
        "CallEnded",
    ]


async def test_reports_in_the_wrong_order_lead_to_the_same_call(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.queued(hotline.db, LINK, "operators")
    await service.answered(hotline.db, LINK)
    call = await hotline.call()
    assert (call.state, call.queue, call.answered_at) == (CallState.TALKING, "operators", NOON)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.queued(hotline.db, LINK, "operators")
    await service.connected(hotline.db, LINK, "desk-02")
    await service.agent_rang(hotline.db, LINK, "desk-02")
    call = await hotline.call()
    assert (call.state, call.agent_name) == (CallState.ENDED, "Chen")
    assert (await hotline.state("desk-01"), await hotline.state("desk-02")) == ("wrap_up", "offline")
    assert "CallMissed" not in hotline.names()


async def test_two_reports_of_the_end_at_once_end_it_once(hotline: Hotline) -> None:
    await hotline.start()
    await asyncio.gather(*(service.ended(hotline.db, LINK, reason) for reason in ("a", "b", "c", "d")))
    assert hotline.names() == ["CallStarted", "CallEnded"]


async def test_reports_about_a_call_nobody_knows_do_nothing(hotline: Hotline) -> None:
    await hotline.available("chen")
    unknown = Linkedid("9.9")
    assert await service.answered(hotline.db, unknown) is None
    assert await service.queued(hotline.db, unknown, "operators") is None
    await service.agent_rang(hotline.db, unknown, "desk-01")
    assert await service.connected(hotline.db, unknown, "desk-01") is None
    assert await service.ended(hotline.db, unknown, "lost") is None
    assert hotline.names() == []
    with pytest.raises(CallNotFoundError):
        await service.set_patient(hotline.db, CallId(uuid4()), None)


async def test_a_patient_nobody_answered_is_missed(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", "13800138000")
    await hotline.available("chen")
    call = await hotline.start()
    await service.queued(hotline.db, LINK, "operators")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    hotline.now += timedelta(seconds=42)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    assert hotline.happened[-1] == events.CallMissed(
        call_id=call.id, caller=CALLER, patient_id=patient.id, waited_s=42, queue="operators"
    )
    assert await hotline.state() == "available"
    async with hotline.db.connection() as conn:
        assert (await timeline.page(conn, patient.id, limit=1))[0].code == "call.in_missed"


async def test_who_hangs_up_in_the_menu_is_not_missed(hotline: Hotline) -> None:
    await hotline.start()
    await service.answered(hotline.db, LINK)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    assert hotline.names() == ["CallStarted", "CallEnded"]


async def test_a_patient_transferred_to_the_queue_and_left_there_is_missed(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await service.queued(hotline.db, LINK, "operators")
    await service.connected(hotline.db, LINK, "desk-01")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.queued(hotline.db, LINK, "operators")
    assert (await hotline.call()).state is CallState.QUEUED
    await service.ended(hotline.db, LINK, "Normal Clearing")
    assert hotline.names()[-1] == "CallMissed"
    assert await hotline.state() == "wrap_up"


async def test_a_transfer_puts_the_first_agent_in_wrap_up_and_the_second_on_the_call(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-02")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-01")  # late
    assert (await hotline.state("desk-01"), await hotline.state("desk-02")) == ("wrap_up", "on_call")
    call = await hotline.call()
    assert (call.state, call.agent_name) == (CallState.TALKING, "Li")


async def test_a_shared_number_names_nobody_until_the_agent_says_who_it_is(hotline: Hotline) -> None:
    father = await register(hotline, "王建国", "13800138000")
    mother = await register(hotline, "李秀英", "13800138000")
    call = await hotline.start()
    assert call.patient_id is None
    with pytest.raises(NotYourCallError):
        await service.set_patient(hotline.db, call.id, father.id, hotline.agents["li"])
    await hotline.available("chen")
    await service.connected(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    with pytest.raises(PatientNotFoundError):
        await service.set_patient(hotline.db, call.id, PatientId(10**9), hotline.agents["chen"])

    async def seen_by(patient: Patient) -> int:
        async with hotline.db.connection() as conn:
            return len(await timeline.page(conn, patient.id, limit=9))

    await service.set_patient(hotline.db, call.id, father.id, hotline.agents["chen"])
    assert (await seen_by(father), await seen_by(mother)) == (1, 0)
    changed = await service.set_patient(hotline.db, call.id, mother.id, hotline.agents["chen"])
    assert (await seen_by(father), await seen_by(mother)) == (0, 1)
    assert changed.patient_id == mother.id


async def test_calls_are_listed_newest_first_by_number_direction_and_time(hotline: Hotline) -> None:
    other = Msisdn("+8613911112222")
    for number in range(4):
        hotline.now = NOON + timedelta(minutes=number)
        await hotline.start(Linkedid(f"{number}.1"), CALLER if number % 2 else other, "out" if number == 3 else "in")
    async with hotline.db.connection() as conn:
        first = await store.page(conn, limit=3)
        rest = await store.page(conn, limit=3, after=first.next)
        mine = await store.page(conn, caller=CALLER, direction="in")
        late = await store.page(conn, since=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=3))
    assert [call.linkedid for call in (*first.items, *rest.items)] == ["3.1", "2.1", "1.1", "0.1"]
    assert [call.linkedid for call in mine.items] == ["1.1"]
    assert [call.linkedid for call in late.items] == ["2.1"]


async def test_the_language_a_caller_chose_is_kept(hotline: Hotline) -> None:
    call = await hotline.start(caller=None)
    await service.set_language(hotline.db, call.id, "en")
    with pytest.raises(InvalidInputError):
        await service.set_language(hotline.db, call.id, "fr")
    found = await hotline.call()
    assert (found.language, found.caller) == ("en", None)
