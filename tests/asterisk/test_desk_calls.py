"""What happens between desks and at a desk: a colleague is asked, a ring is missed. On a real Asterisk."""

from collections.abc import AsyncIterator

import pytest

from crm_core.calls import agents
from crm_core.calls.model import CallState
from tests.asterisk.hall import DESKS, Hall, hall, talk
from tests.asterisk.phone import Line, phone
from tests.asterisk.real_asterisk import RealAsterisk
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def busy_hall(asterisk: RealAsterisk, database_url: str) -> AsyncIterator[Hall]:
    async with hall(asterisk, database_url) as made:
        yield made


async def ask(busy_hall: Hall) -> tuple[Line, Line]:
    """The first agent asks the second, who answers: the two ends of their talk."""
    question = await busy_hall.desks[0].dial("desk-32")
    second = await busy_hall.desks[1].next_ring()
    await busy_hall.agent_is(1, "ringing")
    assert await busy_hall.asked_by(1) == "Desk-31"
    second.accept()
    await eventually(lambda: question.is_up, what="the two agents speak")
    await busy_hall.agent_is(1, "on_call")
    return question, second


async def test_a_patient_handed_on_after_a_word_between_colleagues(busy_hall: Hall) -> None:
    first, patients_line = await talk(busy_hall)
    question, _second = await ask(busy_hall)
    assert [call.agent_name for call in await busy_hall.calls()] == ["Desk-31"]
    await first.transfer("desk-32", question)
    await first.hang_up()
    await busy_hall.agent_is(0, "wrap_up")
    await busy_hall.agent_is(1, "on_call")
    assert patients_line.is_up
    assert [(call.agent_name, call.state) for call in await busy_hall.calls()] == [("Desk-32", CallState.TALKING)]
    assert await busy_hall.asked_by(1) == ""
    await patients_line.hang_up()
    await busy_hall.agent_is(1, "wrap_up")


@pytest.mark.parametrize("who", [0, 1])
async def test_a_question_that_comes_to_nothing_changes_nothing(busy_hall: Hall, who: int) -> None:
    await talk(busy_hall)
    ends = await ask(busy_hall)
    await ends[who].hang_up()
    await busy_hall.agent_is(1, "offline")
    assert await busy_hall.state(0) == "on_call"
    assert len(await busy_hall.calls()) == 1


async def test_a_colleague_who_loads_the_page_again_is_still_asked(busy_hall: Hall) -> None:
    await talk(busy_hall)
    question, second = await ask(busy_hall)
    async with phone(busy_hall.asterisk.sip_port, "desk-32", busy_hall.asterisk.desk_secret) as page:
        await page.register()
        again = await page.take_over(second)
        await eventually(second.is_over.is_set, what="the old page's leg is gone")
        await busy_hall.ami.action("Ping")  # whatever was said about the old leg has been heard
        assert (await busy_hall.state(1), await busy_hall.asked_by(1)) == ("on_call", "Desk-31")
        assert again.is_up
        await question.hang_up()
        await busy_hall.agent_is(1, "offline")


async def test_a_colleague_who_declines_a_question_is_as_before(busy_hall: Hall) -> None:
    busy_hall.desks[1].reject_with = 486
    await talk(busy_hall)
    await busy_hall.desks[0].call("desk-32")
    await busy_hall.agent_is(1, "offline")
    assert (await busy_hall.state(0), await busy_hall.asked_by(1)) == ("on_call", "")


async def test_who_declines_two_calls_running_is_set_not_ready_and_the_queue_knows(busy_hall: Hall) -> None:
    busy_hall.desks[0].reject_with = 486
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    await busy_hall.patient.call("4000")
    await busy_hall.agent_is(0, "break")
    await busy_hall.rings_for()
    async with busy_hall.db.connection() as conn:
        agent = await agents.by_desk(conn, DESKS[0])
    assert agent
    assert (agent.reason, agent.missed_rings) == ("missed", 2)


async def test_a_caller_who_gives_up_is_no_missed_ring(busy_hall: Hall) -> None:
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    patients_line = await busy_hall.patient.call("4000")
    await busy_hall.desks[0].next_ring()
    await busy_hall.agent_is(0, "ringing")
    await patients_line.hang_up()
    await busy_hall.agent_is(0, "available")
    async with busy_hall.db.connection() as conn:
        agent = await agents.by_desk(conn, DESKS[0])
    assert agent
    assert agent.missed_rings == 0
