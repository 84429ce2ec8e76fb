"""Calls on a real Asterisk as the call log, the queue and the agents' states see them."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from crm_core import events
from crm_core.calls.model import Call, CallState
from crm_core.kernel.clock import utc_now
from crm_core.kernel.db import open_database
from crm_core.kernel.ids import Msisdn
from telephony.control import bring_to_desk, click_to_dial
from telephony.originate import CallResult
from tests.asterisk.hall import LITTLE, ZHANG, Hall, hall
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk, running_asterisk
from tests.contracts.cable import cable
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def busy_hall(asterisk: RealAsterisk, database_url: str) -> AsyncIterator[Hall]:
    async with hall(asterisk, database_url) as made:
        yield made


async def test_a_call_is_known_from_the_first_ring_to_the_end(busy_hall: Hall) -> None:
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    line = await busy_hall.patient.call("4000")
    desks_line = await busy_hall.desks[0].next_ring()
    rang_at = time.monotonic()
    await eventually(lambda: any(isinstance(e, events.AgentRang) for e, _ in busy_hall.happened), what="screen pop")
    assert (
        busy_hall.at(events.AgentRang) - rang_at < 0.5
    )  # measured: 10 ms before the telephone itself rings, or 5 after
    await busy_hall.agent_is(0, "ringing")
    desks_line.accept()
    call = await busy_hall.call_in(CallState.TALKING)
    assert (call.caller, call.did, call.queue, call.direction) == ("+8613800138000", "4000", "operators", "in")
    assert (call.agent_name, call.answered_at is not None) == ("Desk-31", True)
    await busy_hall.agent_is(0, "on_call")
    await line.hang_up()
    call = await busy_hall.call_in(CallState.ENDED)
    assert call.end_reason == "normal"
    await busy_hall.agent_is(0, "wrap_up")
    await busy_hall.rings_for()


async def test_the_queue_follows_what_agents_choose(busy_hall: Hall) -> None:
    for states, ringing in (
        (("available", "offline"), (0,)),
        (("available", "available"), (0, 1)),
        (("break", "available"), (1,)),
        (("offline", "offline"), ()),
    ):
        await busy_hall.set_state(0, states[0])
        await busy_hall.set_state(1, states[1])
        await busy_hall.rings_for(*ringing)


async def test_a_caller_who_gives_up_is_a_missed_call(busy_hall: Hall) -> None:
    line = await busy_hall.patient.call("4000")
    await busy_hall.call_in(CallState.QUEUED)
    await line.hang_up()
    await busy_hall.call_in(CallState.ENDED)
    assert busy_hall.at(events.CallMissed)


async def test_a_desk_that_does_not_answer_is_free_again(busy_hall: Hall) -> None:
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    line = await busy_hall.patient.call("4000")
    await busy_hall.desks[0].next_ring()
    await busy_hall.agent_is(0, "ringing")
    await line.hang_up()
    await busy_hall.agent_is(0, "available")


async def test_a_patient_handed_on_is_the_next_agents_call(busy_hall: Hall) -> None:
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    await busy_hall.patient.call("4000")
    first = await busy_hall.desks[0].next_ring()
    first.accept()
    await busy_hall.call_in(CallState.TALKING)
    await first.transfer("desk-32")
    second = await busy_hall.desks[1].next_ring()
    await busy_hall.agent_is(0, "wrap_up")
    second.accept()
    await busy_hall.agent_is(1, "on_call")
    assert [call.agent_name for call in await busy_hall.calls()] == ["Desk-32"]
    await second.hang_up()
    await busy_hall.call_in(CallState.ENDED)


async def test_an_agent_calls_a_patient_by_a_click(busy_hall: Hall) -> None:
    busy_hall.desks[0].picks_up = busy_hall.carrier.picks_up = True
    taken = await click_to_dial(busy_hall.ami, "desk-31", Msisdn("+8613900139000"))
    assert taken.result is CallResult.ANSWERED
    call = await busy_hall.call_in(CallState.TALKING)
    assert (call.direction, call.caller, call.agent_name) == ("out", "+8613900139000", "Desk-31")
    assert str(call.linkedid) == str(taken.uniqueid)
    patients_line = await busy_hall.carrier.next_ring()
    await patients_line.hang_up()
    assert (await busy_hall.call_in(CallState.ENDED)).end_reason == "normal"
    await busy_hall.agent_is(0, "wrap_up")


async def test_a_patient_who_is_busy_is_in_the_call_log_too(busy_hall: Hall) -> None:
    busy_hall.carrier.reject_with = 486
    await busy_hall.desks[0].call("13900139000")
    call = await busy_hall.call_in(CallState.ENDED)
    assert (call.end_reason, call.answered_at, call.direction) == ("busy", None, "out")
    assert call.agent_name == "Desk-31"
    await busy_hall.agent_is(0, "wrap_up")


async def test_a_desk_that_reloads_its_page_keeps_its_call(busy_hall: Hall) -> None:
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    patients_line = await busy_hall.patient.call("4000")
    old = await busy_hall.desks[0].next_ring()
    old.accept()
    await busy_hall.agent_is(0, "on_call")
    async with phone(busy_hall.asterisk.sip_port, "desk-31", busy_hall.asterisk.desk_secret) as page:
        await page.register()
        new = await page.take_over(old)
        assert new.is_up
        new.speaks = True
        heard = patients_line.ear.loud
        await eventually(lambda: patients_line.ear.loud > heard + 25, what="the patient hears the new page")
        await eventually(old.is_over.is_set, what="the old page's leg is gone")
        assert (await busy_hall.calls())[0].state is CallState.TALKING
        await busy_hall.ami.action("Ping")  # whatever was said about the old leg has been heard
        assert await busy_hall.state(0) == "on_call"
        await new.hang_up()
        await busy_hall.agent_is(0, "wrap_up")


async def test_a_patient_is_brought_back_to_a_desk(busy_hall: Hall) -> None:
    patients_line = await busy_hall.patient.call("4000")
    call = await busy_hall.call_in(CallState.QUEUED)
    await bring_to_desk(busy_hall.ami, call.uniqueid, "desk-32")
    line = await busy_hall.desks[1].next_ring()
    line.accept()
    await busy_hall.call_in(CallState.TALKING)
    assert patients_line.is_up


async def test_what_happened_while_the_link_was_down_is_made_good(asterisk: RealAsterisk, database_url: str) -> None:
    async with hall(asterisk, database_url) as first:
        ending = await first.patient.call("4000")
        await first.call_in(CallState.QUEUED)
        async with open_database(database_url) as db, phone(asterisk.sip_port, "13700137000") as other:
            first.ami._link.cut()  # type: ignore[union-attr]
            await ending.hang_up()
            await other.call("4000")
            await eventually(lambda: first.ami.is_up, what="the link is back")

            async def states() -> bool:
                async with db.connection() as conn:
                    rows = await conn.fetch("SELECT caller, state FROM call ORDER BY started_at")
                return [(row["caller"], row["state"]) for row in rows] == [
                    ("+8613800138000", "ended"),
                    ("+8613700137000", "queued"),
                ]

            await eventually(states, what="both calls are as they are")


async def test_the_end_of_a_call_is_not_lost_while_the_database_is_away(
    asterisk: RealAsterisk, database_url: str
) -> None:
    port = urlsplit(database_url).port or 5432
    async with cable(port) as wire:
        through = database_url.replace(f":{port}/", f":{wire.port}/")
        async with hall(asterisk, database_url, db_url=through) as busy:
            line = await busy.patient.call("4000")
            await busy.call_in(CallState.QUEUED)
            wire.to, there = 1, wire.to
            wire.pull()
            await line.hang_up()
            over_at = utc_now()
            again = await busy.patient.call("4000")  # of this call the database hears nothing before it is over
            await again.hang_up()
            again_over_at = utc_now()
            await asyncio.sleep(2)  # the outage itself, not a wait for something
            assert [call.state for call in await busy.calls()] == [CallState.QUEUED]
            wire.to = there

            async def written() -> list[Call]:
                over = [call for call in await busy.calls() if call.state is CallState.ENDED]
                return over if len(over) == 2 else []

            first, second = await eventually(written, what="both calls are over")
            assert (first.end_reason, second.end_reason) == ("normal", "normal")
            assert second.caller == f"+86{ZHANG}"
            assert first.ended_at
            assert second.answered_at
            assert second.ended_at
            assert over_at - LITTLE < first.ended_at < over_at + LITTLE
            assert over_at - LITTLE < second.started_at <= second.answered_at < second.ended_at < again_over_at + LITTLE


async def test_after_a_restart_of_asterisk_calls_work_again(database_url: str) -> None:
    with running_asterisk() as own:
        async with hall(own, database_url) as busy:
            await busy.set_state(0, "available")
            await busy.rings_for(0)
            await busy.patient.call("4000")
            await busy.desks[0].next_ring()
            await busy.call_in(CallState.QUEUED)
            await asyncio.to_thread(own.stop, kill=True)
            await eventually(lambda: not busy.ami.is_up, what="the link is lost")
            await asyncio.to_thread(own.start)
            await eventually(lambda: busy.ami.is_up, what="the link is back by itself")
            assert (await busy.call_in(CallState.ENDED)).end_reason == "lost"
            await busy.desks[0].register()
            await busy.agent_is(0, "available")
            await busy.rings_for(0)
            async with phone(own.sip_port, "13700137000") as other:
                await other.call("4000")
                line = await busy.desks[0].next_ring()
                line.accept()
                call = await busy.call_in(CallState.TALKING)
            assert call.caller == "+8613700137000"
