"""How a call ended: written during it, in wrap-up within its limit, later the same day, or by a supervisor."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import pytest

from crm_core.calls import agents, service, wrap_up
from crm_core.calls.errors import ResultClosedError
from crm_core.calls.model import Call
from crm_core.kernel.db import HOME
from crm_core.kernel.ids import Linkedid
from overview import calls as call_log
from overview import unwritten
from tests.db.hotline import LINK, NOON, Hotline, opened

pytestmark = pytest.mark.db

TOMORROW = datetime.combine(NOON.astimezone(HOME).date() + timedelta(days=1), time(), HOME)
LIMIT = timedelta(minutes=3)


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url) as found:
        yield found


async def talking(hotline: Hotline, linkedid: Linkedid = LINK, desk: str = "desk-01") -> Call:
    call = await hotline.start(linkedid)
    await service.connected(hotline.db, linkedid, desk)
    return call


async def write(hotline: Hotline, call: Call, login: str = "chen") -> None:
    await service.set_disposition(hotline.db, hotline.agents[login], call.id, "question_answered", login)


async def lacking(hotline: Hotline, login: str) -> list[str]:
    """Whose results are missing in what this person sees, newest first; the count says the same."""
    actor = hotline.agents[login]
    found = await unwritten.listed(hotline.db, actor, limit=50)
    assert await unwritten.count(hotline.db, actor) == len(found.items)
    return [one.agent_name for one in found.items]


async def test_who_wrote_it_down_while_they_spoke_is_ready_when_the_call_is_over(hotline: Hotline) -> None:
    await hotline.available("chen")
    call = await talking(hotline)
    await write(hotline, call)
    assert await hotline.state() == "on_call"
    await service.ended(hotline.db, LINK, "normal")
    assert await hotline.state() == "available"


async def test_the_same_when_they_hand_the_patient_over_and_on_a_break_they_chose(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await talking(hotline)
    await write(hotline, call)
    (chen,) = hotline.ids("chen")
    await agents.set_state(hotline.db, hotline.agents["chen"], chen, "break", "meal")
    await service.connected(hotline.db, LINK, "desk-02")
    assert (await hotline.state(), await hotline.state("desk-02")) == ("break", "on_call")


async def test_wrap_up_ends_at_its_limit_in_what_the_agent_chose_and_the_call_is_on_the_list(hotline: Hotline) -> None:
    await hotline.available("chen")
    await talking(hotline)
    await service.ended(hotline.db, LINK, "normal")
    hotline.now += LIMIT - timedelta(seconds=1)
    assert (await wrap_up.end_overdue(hotline.db, LIMIT), await lacking(hotline, "chen")) == (0, [])
    hotline.now += timedelta(seconds=1)
    assert await wrap_up.end_overdue(hotline.db, LIMIT) == 1
    assert (await hotline.state(), await lacking(hotline, "chen")) == ("available", ["Chen"])
    assert await wrap_up.end_overdue(hotline.db, LIMIT) == 0


async def test_what_was_left_without_a_result_is_written_later_that_day(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await talking(hotline)
    await service.ended(hotline.db, LINK, "normal")
    await hotline.available("chen")  # out of wrap-up, without a word
    assert (await lacking(hotline, "chen"), await lacking(hotline, "li")) == (["Chen"], [])
    assert await lacking(hotline, "boss") == ["Chen"]
    await write(hotline, call)
    assert (await lacking(hotline, "chen"), await lacking(hotline, "boss")) == ([], [])
    await write(hotline, call)  # and changed


async def test_a_call_of_an_earlier_day_is_a_supervisors_to_write_about(hotline: Hotline) -> None:
    await hotline.available("chen")
    call = await talking(hotline)
    await service.ended(hotline.db, LINK, "normal")
    hotline.now = TOMORROW
    await write(hotline, call)  # still at their desk
    for login, may_write in (("chen", False), ("boss", True), ("li", False)):
        shown = await call_log.show(hotline.db, hotline.agents[login], call.id)
        assert (login, shown.result is not None) == (login, may_write)
    with pytest.raises(ResultClosedError):
        await write(hotline, call)
    await write(hotline, call, "boss")
    assert (await hotline.call()).notes == "boss"


async def test_the_day_is_the_hospitals_and_lasts_until_its_midnight(hotline: Hotline) -> None:
    await hotline.available("chen")
    call = await talking(hotline)
    await service.ended(hotline.db, LINK, "normal")
    await hotline.available("chen")
    hotline.now = TOMORROW - timedelta(seconds=1)
    await write(hotline, call)
    hotline.now = TOMORROW
    with pytest.raises(ResultClosedError):
        await write(hotline, call)
    assert await lacking(hotline, "chen") == []


async def test_each_who_spoke_owes_a_word_and_a_supervisor_settles_it_for_all(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await talking(hotline)
    hotline.now += timedelta(seconds=40)
    await service.connected(hotline.db, LINK, "desk-02")
    await service.ended(hotline.db, LINK, "normal")
    await hotline.available("chen", "li")
    assert await lacking(hotline, "boss") == ["Li", "Chen"]
    await write(hotline, call, "boss")
    assert await lacking(hotline, "boss") == []


async def test_a_call_of_ours_that_nobody_answered_is_on_the_list_too_and_pages_turn(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start(LINK, direction="out")
    await service.agent_dialled(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "busy")
    await hotline.available("chen")
    hotline.now += timedelta(minutes=1)
    await talking(hotline, Linkedid("2.1"))
    await service.ended(hotline.db, Linkedid("2.1"), "normal")
    await hotline.available("chen")
    assert await lacking(hotline, "chen") == ["Chen", "Chen"]
    first = await unwritten.listed(hotline.db, hotline.agents["chen"], limit=1)
    second = await unwritten.listed(hotline.db, hotline.agents["chen"], limit=1, after=first.next)
    ways = [one.items[0].line.call.direction.value for one in (first, second)]
    assert (ways, second.next) == (["in", "out"], None)
