"""Agents at their desks: whose call it is, what each writes down, who can be reached."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core import events
from crm_core.calls import agents, asking, own, rules, service, store
from crm_core.calls.errors import InCallError, NoDeskError, NotYourCallError, NotYourStateError
from crm_core.calls.model import AgentState, Call, CallState, Leg
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Linkedid, UserId
from tests.db.hotline import LINK, Hotline, opened

pytestmark = pytest.mark.db


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url) as found:
        yield found


async def legs_of(conn: Connection, call: Call) -> tuple[Leg, ...]:
    standing = await store.standing(conn, call.id, None)
    assert standing is not None
    return standing.legs


async def test_a_desk_that_lost_its_page_gets_its_call_back(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "on_call"
    assert (await hotline.call()).state is CallState.TALKING


async def test_the_desk_that_did_not_answer_is_free_again_and_rings_again(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    await hotline.start()
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.agent_stopped_ringing(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "available"
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.agent_rang(hotline.db, LINK, "desk-02")
    await service.connected(hotline.db, LINK, "desk-02")
    assert (await hotline.state("desk-01"), await hotline.state("desk-02")) == ("available", "on_call")
    assert hotline.names().count("AgentRang") == 3


async def test_a_desk_without_a_person_still_connects_the_patient(hotline: Hotline) -> None:
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-40")
    call = await hotline.call()
    assert (call.state, call.agent_id) == (CallState.TALKING, None)


async def test_writing_the_disposition_ends_the_wrap_up(hotline: Hotline) -> None:
    await hotline.available("chen")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    with pytest.raises(NotYourCallError):
        await service.set_disposition(hotline.db, hotline.agents["li"], call.id, "booked", "")
    written = await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked", "周三上午")
    assert (written.disposition, written.notes) == ("booked", "周三上午")
    assert await hotline.state() == "available"
    await service.set_disposition(hotline.db, hotline.agents["boss"], call.id, "corrected", "")
    assert hotline.names().count("DispositionSet") == 2


async def test_a_call_without_an_agent_is_written_about_by_whom_it_rings_and_by_nobody_else(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await hotline.start()
    await service.agent_rang(hotline.db, LINK, "desk-01")
    with pytest.raises(NotYourCallError):
        await service.set_disposition(hotline.db, hotline.agents["li"], call.id, "complaint", "")
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked", "")
    assert (await hotline.call()).disposition == "booked"


async def test_each_agent_of_a_transferred_call_writes_down_their_own_leg(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    hotline.now += timedelta(seconds=40)
    await service.connected(hotline.db, LINK, "desk-02")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "transferred", "问医保")
    assert await hotline.state("desk-01") == "available"
    assert (await hotline.call()).disposition == ""  # it is not over yet
    hotline.now += timedelta(seconds=20)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.set_disposition(hotline.db, hotline.agents["li"], call.id, "booked", "周三上午")
    async with hotline.db.connection() as conn:
        legs = await legs_of(conn, call)
        found = [await store.of_agent(conn, user_id) for user_id in hotline.ids("chen", "li", "boss")]
    assert [(leg.agent_name, leg.disposition, leg.notes) for leg in legs] == [
        ("Chen", "transferred", "问医保"),
        ("Li", "booked", "周三上午"),
    ]
    assert [(leg.left_at - leg.connected_at).total_seconds() for leg in legs if leg.left_at] == [40, 20]
    assert ((await hotline.call()).disposition, [len(some.items) for some in found]) == ("booked", [1, 1, 0])


async def test_a_reload_goes_on_in_the_same_leg_and_a_way_back_is_a_new_one(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await hotline.start()
    for desk in ("desk-01", "desk-01", "desk-02", "desk-01"):
        await service.agent_rang(hotline.db, LINK, desk)
        await service.connected(hotline.db, LINK, desk)
        await service.agent_left(hotline.db, LINK, desk)
    async with hotline.db.connection() as conn:
        legs = await legs_of(conn, call)
    assert [leg.agent_name for leg in legs] == ["Chen", "Li", "Chen"]
    assert all(leg.left_at for leg in legs)


async def test_an_agent_who_chose_a_break_during_the_call_has_it_afterwards(hotline: Hotline) -> None:
    await hotline.available("chen")
    chen = hotline.agents["chen"]
    assert chen.user_id is not None
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    state = await agents.set_state(hotline.db, chen, chen.user_id, "break", "午饭")
    assert (state.state, state.after_call, state.reason) == (AgentState.ON_CALL, AgentState.BREAK, "午饭")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.set_disposition(hotline.db, chen, call.id, "booked")
    assert await hotline.state() == "break"


async def test_who_closes_the_page_is_not_reachable_and_after_seconds_offline(hotline: Hotline) -> None:
    await agents.set_lines(hotline.db, {"desk-01": True, "desk-02": True, "desk-03": False})
    await hotline.available("chen", "li")
    chen, li = (hotline.agents[login].user_id for login in ("chen", "li"))
    assert chen is not None
    assert li is not None
    await agents.set_lines(hotline.db, {"desk-01": False, "desk-02": True})
    lines = [event.user_id for event in hotline.happened if isinstance(event, events.DeskLineChanged)]
    assert lines == [chen, li, chen]
    async with hotline.db.connection() as conn:
        assert [(agent.name, agent.has_line) for agent in await agents.states(conn)] == [("Chen", False), ("Li", True)]
    hotline.now += agents.AWAY_AFTER - timedelta(seconds=1)  # a page that is loaded again takes less
    assert not await agents.leave_without_line(hotline.db, chen)
    hotline.now += timedelta(seconds=1)
    assert (await agents.leave_without_line(hotline.db, chen), await hotline.state()) == (True, "offline")
    assert (await agents.leave_without_line(hotline.db, li), await hotline.state("desk-02")) == (False, "available")


async def test_who_comes_back_in_time_or_is_on_a_break_stays_what_they_were(hotline: Hotline) -> None:
    chen = hotline.agents["chen"]
    assert chen.user_id is not None
    await hotline.available("chen")
    for is_up in (True, False, True, False):
        hotline.now += agents.AWAY_AFTER - timedelta(seconds=5)
        await agents.set_lines(hotline.db, {"desk-01": is_up})
    hotline.now += timedelta(seconds=8)
    assert not await agents.leave_without_line(hotline.db, chen.user_id)
    await agents.set_state(hotline.db, chen, chen.user_id, "break", "午饭")
    hotline.now += timedelta(minutes=60)
    assert not await agents.leave_without_line(hotline.db, chen.user_id)
    assert await hotline.state() == "break"


async def test_agents_choose_only_for_themselves_and_only_what_can_be_chosen(hotline: Hotline) -> None:
    chen, li, boss = (hotline.agents[login] for login in ("chen", "li", "boss"))
    assert chen.user_id is not None
    assert boss.user_id is not None
    with pytest.raises(NotYourStateError):
        await agents.set_state(hotline.db, li, chen.user_id, "offline")
    with pytest.raises(InvalidInputError):
        await agents.set_state(hotline.db, chen, chen.user_id, "on_call")
    with pytest.raises(NoDeskError):
        await agents.set_state(hotline.db, boss, boss.user_id, "available")
    with pytest.raises(NoDeskError):
        await agents.set_state(hotline.db, boss, UserId(10**9), "available")
    await hotline.available("chen")
    await agents.set_state(hotline.db, boss, chen.user_id, "break", "meeting")
    async with hotline.db.connection() as conn:
        states = await agents.states(conn)
        assert await conn.fetchval("SELECT count(*) FROM audit WHERE action = 'change agent''s state'") == 1
    assert [(agent.login, str(agent.state)) for agent in states] == [("chen", "break"), ("li", "offline")]


@pytest.mark.parametrize(
    ("away_for", "state"), [(timedelta(minutes=4), "available"), (timedelta(minutes=6), "offline")]
)
async def test_who_was_set_offline_by_a_crash_goes_on_when_the_telephone_is_back_soon(
    hotline: Hotline, away_for: timedelta, state: str
) -> None:
    (chen,) = hotline.ids("chen")
    await hotline.available("chen")
    await agents.set_lines(hotline.db, {"desk-01": True})
    await agents.set_lines(hotline.db, {"desk-01": False})
    hotline.now += agents.AWAY_AFTER
    assert await agents.leave_without_line(hotline.db, chen)
    hotline.now += away_for
    await agents.set_lines(hotline.db, {"desk-01": True})
    assert await hotline.state() == state


async def test_who_chose_to_be_offline_stays_so_when_their_telephone_comes(hotline: Hotline) -> None:
    (chen,) = hotline.ids("chen")
    await agents.set_state(hotline.db, hotline.agents["chen"], chen, "offline")
    for is_up in (True, False, True):
        await agents.set_lines(hotline.db, {"desk-01": is_up})
    assert await hotline.state() == "offline"


async def test_nobody_logs_out_in_a_call_and_who_does_takes_no_calls_any_more(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    for report in (service.agent_rang, service.connected):
        await report(hotline.db, LINK, "desk-01")
        with pytest.raises(InCallError):
            await agents.leave(hotline.db, hotline.agents["chen"])
    await service.ended(hotline.db, LINK, "normal")
    await agents.leave(hotline.db, hotline.agents["chen"])
    assert await hotline.state() == "offline"
    await agents.leave(hotline.db, hotline.agents["boss"])  # without a desk: nothing to leave


async def missed(hotline: Hotline, *, most: int = 2) -> None:
    """The first desk rings in vain."""
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.agent_missed_ring(hotline.db, LINK, "desk-01", most=most)


async def test_who_misses_two_rings_running_is_set_not_ready_and_told_why(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await missed(hotline)
    assert await hotline.state() == "available"
    await missed(hotline)
    agent = await agents.mine(hotline.db, hotline.agents["chen"])
    assert agent is not None
    assert (agent.state, agent.reason, agent.missed_rings) == (AgentState.BREAK, rules.MISSED, 2)
    await hotline.available("chen")
    await missed(hotline)
    assert await hotline.state() == "available"  # counted anew


async def test_an_answer_a_caller_who_gives_up_and_a_wish_are_no_missed_rings(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await missed(hotline)
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.agent_stopped_ringing(hotline.db, LINK, "desk-01")  # gave up
    assert await hotline.state() == "available"
    await service.connected(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "normal")
    await hotline.available("chen")
    await hotline.start(Linkedid("2.1"))
    for most in (2, 0, 0):  # the first after an answer; 0: never
        await service.agent_rang(hotline.db, Linkedid("2.1"), "desk-01")
        await service.agent_missed_ring(hotline.db, Linkedid("2.1"), "desk-01", most=most)
    assert await hotline.state() == "available"


@pytest.mark.parametrize("before", ["available", "break", "offline"])
async def test_who_calls_a_patient_in_vain_writes_it_down_and_is_as_before(hotline: Hotline, before: str) -> None:
    (chen,) = hotline.ids("chen")
    await agents.set_state(hotline.db, hotline.agents["chen"], chen, before)
    call = await hotline.start(direction="out")
    for _ in range(2):  # every report may come twice
        await service.agent_dialled(hotline.db, LINK, "desk-01")
        assert await hotline.state() == "calling"
    assert hotline.names().count("AgentRang") == 1
    await service.ended(hotline.db, LINK, "busy")
    await service.agent_dialled(hotline.db, LINK, "desk-01")
    over = await hotline.call()
    assert (await hotline.state(), over.agent_name, over.connected_at) == ("wrap_up", "Chen", None)
    assert rules.suggested(over) == "nobody_there"
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "nobody_there")
    assert await hotline.state() == before


async def asked_about(hotline: Hotline) -> Call:
    """Chen speaks with a patient and rings Li."""
    await hotline.available("chen")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await asking.asked(hotline.db, "desk-01", "desk-02")
    return call


async def standing(hotline: Hotline, login: str, call: Call) -> tuple[str, bool]:
    """Who asks them, and whether they write down how the call ended."""
    async with hotline.db.connection() as conn:
        found = await own.ensure(conn, hotline.agents[login], call.id)
    return found.asked_by, rules.writes_down(found, hotline.agents[login].user_id)


@pytest.mark.parametrize("before", ["available", "break", "offline"])
async def test_a_colleague_who_is_asked_sees_the_call_until_the_question_is_over(hotline: Hotline, before: str) -> None:
    (li,) = hotline.ids("li")
    await agents.set_state(hotline.db, hotline.agents["li"], li, before)
    call = await asked_about(hotline)
    assert (await hotline.state("desk-02"), await standing(hotline, "li", call)) == ("ringing", ("Chen", False))
    await asking.answered(hotline.db, "desk-02")
    assert (await hotline.state("desk-02"), await standing(hotline, "li", call)) == ("on_call", ("Chen", False))
    assert (await hotline.state(), await standing(hotline, "chen", call)) == ("on_call", ("", True))
    for _ in range(2):
        await asking.over(hotline.db, "desk-02")
    assert await hotline.state("desk-02") == before
    with pytest.raises(NotYourCallError):
        await standing(hotline, "li", call)


async def test_joined_with_the_patient_the_colleague_has_the_call(hotline: Hotline) -> None:
    await hotline.available("li")
    call = await asked_about(hotline)
    await asking.answered(hotline.db, "desk-02")
    await service.agent_rang(hotline.db, LINK, "desk-02")
    await service.connected(hotline.db, LINK, "desk-02")
    await asking.over(hotline.db, "desk-02")  # late: it is not about a question any more
    assert (await hotline.state("desk-02"), await hotline.state()) == ("on_call", "wrap_up")
    assert await standing(hotline, "li", call) == ("", True)
    assert (await hotline.call()).agent_name == "Li"
    await service.ended(hotline.db, LINK, "normal")
    assert await hotline.state("desk-02") == "wrap_up"


async def test_a_patient_who_hangs_up_does_not_end_what_colleagues_say(hotline: Hotline) -> None:
    await hotline.available("li")
    await asked_about(hotline)
    await asking.answered(hotline.db, "desk-02")
    await service.ended(hotline.db, LINK, "normal")
    assert (await hotline.state(), await hotline.state("desk-02")) == ("wrap_up", "on_call")
    await asking.over_but(hotline.db, {"desk-02"})
    assert await hotline.state("desk-02") == "on_call"
    await asking.over_but(hotline.db, set())  # nobody told us
    assert await hotline.state("desk-02") == "available"


async def test_a_call_between_colleagues_without_a_patient_is_nobodys_business(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    await asking.asked(hotline.db, "desk-01", "desk-02")
    await asking.answered(hotline.db, "desk-02")
    assert (await hotline.state(), await hotline.state("desk-02"), hotline.names()) == ("available", "available", [])
