"""Calls that move while a supervisor is there: outgoing ones, reloads, a crash in a room."""

from collections.abc import AsyncIterator

import pytest

from crm_core.calls import agents
from crm_core.calls.model import CallState, Mode
from crm_core.kernel.ids import Msisdn
from telephony.ami_events import LinkUp
from telephony.control import click_to_dial
from telephony.ears import Ears
from tests.asterisk.hall import DESKS, Hall, hall, talk
from tests.asterisk.listening import heard_by, listen, nobody_hears, under_way
from tests.asterisk.phone import Line, phone
from tests.asterisk.real_asterisk import RealAsterisk
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def busy_hall(asterisk: RealAsterisk, database_url: str) -> AsyncIterator[Hall]:
    async with hall(asterisk, database_url) as made:
        await agents.set_lines(made.db, dict.fromkeys(DESKS, True))
        made.desks[1].picks_up = True
        yield made


async def in_a_room(busy_hall: Hall) -> tuple[Line, Line, Line]:
    """Agent, patient and a supervisor who speaks with both."""
    agent, patient = await talk(busy_hall)
    supervising, supervisor, ear = await listen(busy_hall)
    await supervising.change(supervisor, Mode.BARGE)
    assert await heard_by(ear, agent=agent, patient=patient) == {"agent", "patient"}
    return agent, patient, ear


async def test_an_outgoing_call_becomes_one_of_three_and_stays_one_call(busy_hall: Hall) -> None:
    busy_hall.desks[0].picks_up = busy_hall.carrier.picks_up = True
    await click_to_dial(busy_hall.ami, DESKS[0], Msisdn("+8613900139000"))
    agent, patient = await busy_hall.desks[0].next_ring(), await busy_hall.carrier.next_ring()
    await busy_hall.call_in(CallState.TALKING)
    supervising, supervisor, ear = await listen(busy_hall)
    assert await heard_by(patient, agent=agent, ear=ear) == {"agent", "ear"}
    await supervising.change(supervisor, Mode.BARGE)
    assert await heard_by(ear, agent=agent, patient=patient) == {"agent", "patient"}
    assert await heard_by(patient, agent=agent, ear=ear) == {"agent", "ear"}
    (call,) = await busy_hall.calls()
    assert (call.direction, call.agent_name, call.state) == ("out", "Desk-31", CallState.TALKING)
    await ear.hang_up()
    await nobody_hears(busy_hall)
    assert await heard_by(agent, patient=patient) == {"patient"}
    await patient.hang_up()
    await busy_hall.call_in(CallState.ENDED)
    await busy_hall.agent_is(0, "wrap_up")
    await eventually(agent.is_over.is_set, what="nobody is on the line")


async def test_an_agent_who_loads_the_page_again_is_listened_to_no_more_and_keeps_the_patient(busy_hall: Hall) -> None:
    agent, patient = await talk(busy_hall)
    _supervising, _supervisor, ear = await listen(busy_hall)
    async with phone(busy_hall.asterisk.sip_port, DESKS[0], busy_hall.asterisk.desk_secret) as page:
        await page.register()
        again = await page.take_over(agent)
        await eventually(lambda: agent.is_over.is_set() and ear.is_over.is_set(), what="the old legs are gone")
        await nobody_hears(busy_hall)
        assert await heard_by(again, patient=patient) == {"patient"}
        assert await heard_by(patient, again=again) == {"again"}
        assert await busy_hall.state(0) == "on_call"
        _, _, ear = await listen(busy_hall)
        assert await heard_by(patient, again=again, ear=ear) == {"again", "ear"}
        assert await under_way(busy_hall) == [(DESKS[0], Mode.LISTEN)]


async def test_an_agent_who_loads_the_page_again_in_a_room_stays_in_it(busy_hall: Hall) -> None:
    agent, patient, ear = await in_a_room(busy_hall)
    async with phone(busy_hall.asterisk.sip_port, DESKS[0], busy_hall.asterisk.desk_secret) as page:
        await page.register()
        again = await page.take_over(agent)
        await eventually(agent.is_over.is_set, what="the old leg is gone")
        assert await heard_by(again, patient=patient, ear=ear) == {"patient", "ear"}
        assert await heard_by(patient, again=again, ear=ear) == {"again", "ear"}
        assert await under_way(busy_hall) == [(DESKS[0], Mode.BARGE)]
        (call,) = await busy_hall.calls()
        assert (call.agent_name, call.state) == ("Desk-31", CallState.TALKING)


async def test_after_a_crash_the_board_says_again_who_is_in_the_room(busy_hall: Hall) -> None:
    agent, patient, ear = await in_a_room(busy_hall)
    await Ears(busy_hall.db, busy_hall.ami).handle(LinkUp())  # another process, which knows nothing, compares
    assert await under_way(busy_hall) == [(DESKS[0], Mode.BARGE)]
    assert await heard_by(patient, agent=agent, ear=ear) == {"agent", "ear"}
    async with busy_hall.db.connection() as conn:  # it died between "written" and "done"
        await conn.execute("UPDATE supervision SET mode = 'listen' WHERE ended_at IS NULL")
    await Ears(busy_hall.db, busy_hall.ami).handle(LinkUp())
    assert await under_way(busy_hall) == [(DESKS[0], Mode.BARGE)]
    await ear.hang_up()
    await nobody_hears(busy_hall)
    assert await heard_by(agent, patient=patient) == {"patient"}
