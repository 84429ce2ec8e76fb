"""A supervisor at a call, a colleague let in, a recording paused: who hears whom, on a real Asterisk."""

import array
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.calls import agents, pauses, supervision, supervision_store
from crm_core.calls.model import CallState, Mode
from crm_core.kernel.actor import Role
from server.supervising import Supervising
from telephony import names, silence
from telephony.ami_events import LinkUp
from telephony.ears import Ears
from tests.asterisk.hall import DESKS, Hall, hall, talk
from tests.asterisk.listening import actor, frames_later, heard_by, listen, nobody_hears, under_way
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

WINDOW = 800  # samples: a tenth of a second


@pytest.fixture
async def busy_hall(asterisk: RealAsterisk, database_url: str) -> AsyncIterator[Hall]:
    async with hall(asterisk, database_url) as made:
        await agents.set_lines(made.db, dict.fromkeys(DESKS, True))
        made.desks[1].picks_up = True
        yield made


def loud(path: Path) -> list[bool]:
    """Of each tenth of a second, whether anything was recorded."""
    with wave.open(str(path)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    return [max(map(abs, samples[n : n + WINDOW])) > 500 for n in range(0, len(samples) - WINDOW, WINDOW)]


async def audited(busy_hall: Hall) -> list[str]:
    async with busy_hall.db.connection() as conn:
        rows = await conn.fetch("SELECT action FROM audit WHERE subject = 'call' ORDER BY id")
    return [row["action"] for row in rows]


async def test_who_hears_whom_when_a_supervisor_listens_whispers_and_speaks_with_both(busy_hall: Hall) -> None:
    agent, patient = await talk(busy_hall)
    supervising, supervisor, ear = await listen(busy_hall)
    assert await under_way(busy_hall) == [("desk-31", Mode.LISTEN)]
    assert await heard_by(agent, patient=patient, ear=ear) == {"patient", "ear"}
    assert await heard_by(patient, agent=agent, ear=ear) == {"agent", "ear"}
    assert await heard_by(ear, agent=agent, patient=patient) == set()
    await supervising.change(supervisor, Mode.WHISPER)
    assert await heard_by(ear, agent=agent, patient=patient) == {"agent"}
    assert await heard_by(patient, agent=agent, ear=ear) == {"agent", "ear"}
    await supervising.change(supervisor, Mode.BARGE)
    assert await heard_by(agent, patient=patient, ear=ear) == {"patient", "ear"}
    assert await heard_by(patient, agent=agent, ear=ear) == {"agent", "ear"}
    await supervising.change(supervisor, Mode.LISTEN)
    assert await heard_by(ear, agent=agent, patient=patient) == set()
    assert await heard_by(agent, patient=patient, ear=ear) == {"patient", "ear"}
    await supervising.change(supervisor, Mode.BARGE)
    assert await heard_by(ear, agent=agent, patient=patient) == {"agent", "patient"}
    assert [await busy_hall.state(desk) for desk in (0, 1)] == ["on_call", "offline"]
    (call,) = await busy_hall.calls()
    assert (call.agent_name, call.state) == ("Desk-31", CallState.TALKING)
    await patient.hang_up()
    await nobody_hears(busy_hall)
    await busy_hall.agent_is(0, "wrap_up")
    await eventually(lambda: ear.is_over.is_set() and agent.is_over.is_set(), what="nobody is on the line")
    assert await audited(busy_hall) == ["come to call", *["change place at call"] * 4, "leave call"]
    hospital = loud(busy_hall.asterisk.monitor / f"{call.uniqueid}{names.SUFFIX_TX}")
    assert sum(hospital[-30:]) >= 6, "what a supervisor says to a patient is recorded"


async def test_a_supervisor_who_goes_or_loses_the_telephone_leaves_the_call_as_it_was(busy_hall: Hall) -> None:
    agent, patient = await talk(busy_hall)
    for mode in (Mode.LISTEN, Mode.BARGE):
        supervising, supervisor, ear = await listen(busy_hall)
        if mode is not Mode.LISTEN:
            await supervising.change(supervisor, mode)
            await heard_by(ear, agent=agent, patient=patient)
        await (supervising.stop(supervisor) if mode is Mode.LISTEN else ear.hang_up())
        await nobody_hears(busy_hall)
        assert await heard_by(agent, patient=patient) == {"patient"}
    assert await busy_hall.state(0) == "on_call"
    await agent.hang_up()
    await eventually(patient.is_over.is_set, what="the patient's call ends with the agent's goodbye")
    await busy_hall.agent_is(0, "wrap_up")


async def test_a_supervisor_takes_a_call_over(busy_hall: Hall) -> None:
    agent, patient = await talk(busy_hall)
    supervising, supervisor, ear = await listen(busy_hall)
    async with phone(busy_hall.asterisk.sip_port, "desk-32", busy_hall.asterisk.desk_secret) as page:
        await page.register()
        again = await page.take_over(ear)  # the page was loaded again
        await eventually(ear.is_over.is_set, what="the old page's leg is gone")
        assert await heard_by(patient, agent=agent, ear=again) == {"agent", "ear"}
        assert await under_way(busy_hall) == [("desk-31", Mode.LISTEN)]
        await supervising.change(supervisor, Mode.TAKE_OVER)
        await eventually(agent.is_over.is_set, what="the agent is out")
        await busy_hall.agent_is(1, "on_call")
        await busy_hall.agent_is(0, "wrap_up")
        await nobody_hears(busy_hall)
        assert await heard_by(again, patient=patient) == {"patient"}
        assert await heard_by(patient, ear=again) == {"ear"}
        (call,) = await busy_hall.calls()
        assert (call.agent_name, call.state) == ("Desk-32", CallState.TALKING)
        await again.hang_up()
        await eventually(patient.is_over.is_set, what="the patient's call ends")
        await busy_hall.agent_is(1, "wrap_up")


async def test_what_hears_without_being_seen_is_hung_up(busy_hall: Hall) -> None:
    await talk(busy_hall)
    _supervising, _supervisor, ear = await listen(busy_hall)
    async with busy_hall.db.connection() as conn:
        (one,) = await supervision_store.under_way(conn)
    await supervision.over(busy_hall.db, one.ear)  # as when the process died and nobody thought that it still rang
    await Ears(busy_hall.db, busy_hall.ami).handle(LinkUp())
    await eventually(ear.is_over.is_set, what="the ear is hung up")


async def test_a_colleague_is_let_in_and_each_may_go(busy_hall: Hall) -> None:
    agent, patient = await talk(busy_hall)
    question = await busy_hall.desks[0].call("desk-32")
    colleague = await busy_hall.desks[1].next_ring()
    await busy_hall.agent_is(1, "on_call")
    (call,) = await busy_hall.calls()
    await Supervising(busy_hall.db, busy_hall.ami).let_in(actor(busy_hall, 0, Role.AGENT), call.id)
    await eventually(question.is_over.is_set, what="the agent's second line is free")
    assert await heard_by(colleague, agent=agent, patient=patient) == {"agent", "patient"}
    assert await heard_by(patient, agent=agent, colleague=colleague) == {"agent", "colleague"}
    assert [await busy_hall.state(desk) for desk in (0, 1)] == ["on_call", "on_call"]
    assert await busy_hall.asked_by(1) == ""
    await agent.hang_up()
    await busy_hall.agent_is(0, "wrap_up")
    assert await heard_by(colleague, patient=patient) == {"patient"}
    (call,) = await busy_hall.calls()
    assert (call.agent_name, call.state) == ("Desk-32", CallState.TALKING)
    await colleague.hang_up()
    await busy_hall.agent_is(1, "wrap_up")
    await eventually(patient.is_over.is_set, what="the patient's call ends")


async def test_a_paused_recording_has_silence_where_words_were(busy_hall: Hall) -> None:
    _agent, patient = await talk(busy_hall)
    patient.speaks = True
    await frames_later(50, patient)
    (call,) = await busy_hall.calls()
    supervising, mine = Supervising(busy_hall.db, busy_hall.ami), actor(busy_hall, 0, Role.AGENT)
    await supervising.pause(mine, call.id)
    await frames_later(75, patient)
    await supervising.resume(mine, call.id)
    await frames_later(50, patient)
    await supervising.pause(mine, call.id)
    assert await pauses.overdue(busy_hall.db) == []
    await patient.hang_up()
    await busy_hall.call_in(CallState.ENDED)
    await silence.resume_overdue(busy_hall.db, busy_hall.ami)
    files = [busy_hall.asterisk.monitor / f"{call.uniqueid}{suffix}" for suffix in (names.SUFFIX_RX, names.SUFFIX_TX)]
    said = "".join("x" if one else "." for one in loud(files[0]))
    before, middle, after = said.find("xxxxx"), said.find("." * 10, said.find("xxxxx")), said.rfind("xxxxx")
    assert before < middle < after, said
    assert abs(len(loud(files[0])) - len(loud(files[1]))) <= 2
