"""A supervisor's buttons, what the desks show of it, and who gets neither."""

import pytest

from crm_core.calls import agents, pauses, supervision
from crm_core.calls import service as calls
from crm_core.calls.model import Call, Mode
from crm_core.kernel.ids import Linkedid, Uniqueid, UserId
from tests.web.house import Browser, House, Supervising

pytestmark = pytest.mark.web


async def talking(house: House, agent: Browser) -> tuple[Call, UserId]:
    await agent.post("/desk/state", {"state": "available"})
    call = await house.call("1.1")
    await calls.connected(house.db, Linkedid("1.1"), "desk-01")
    async with house.db.connection() as conn:
        one = await agents.by_desk(conn, "desk-01")
    assert one is not None
    return call, one.user_id


async def test_a_supervisor_comes_to_a_call_and_everybody_can_see_it(house: House) -> None:
    async with (
        await house.browser("chen", "agent", desk=True) as chen,
        await house.browser("boss", "supervisor", desk=True) as boss,
    ):
        _, chen_id = await talking(house, chen)
        hear = f"/wallboard/agents/{chen_id}/hear"
        assert hear in (await boss.get("/wallboard"))[1]
        assert hear not in (await chen.get("/wallboard"))[1]
        assert (await chen.post(hear, {"mode": "listen"}))[0] == 403
        assert (await boss.post(hear, {"mode": "shout"}))[0] == 422
        assert (await boss.post(hear, {"mode": "whisper"}))[0] == 200
        await agents.set_lines(house.db, {"desk-02": True})
        actor = house.users["boss"].actor
        await supervision.begin(house.db, actor, chen_id, Mode.LISTEN, Uniqueid("hcrm-ear-1"))
        for text in ((await boss.get("/wallboard/board"))[1], (await chen.get("/wallboard/board"))[1]):
            assert "Listening" in text
        assert "/supervision/stop" in (await boss.get("/desk/state"))[1]
        assert "/supervision/stop" not in (await chen.get("/desk/state"))[1]
        assert (await boss.post("/supervision", {"mode": "barge"}))[0] == 204
        assert (await boss.post("/supervision/stop"))[0] == 204
        assert (await chen.post("/supervision", {"mode": "barge"}))[0] == 403
    assert isinstance(house.deps.supervising, Supervising)
    assert house.deps.supervising.asked == [("begin", str(chen_id), "whisper"), ("change", "barge"), ("stop",)]


async def test_the_desk_says_that_it_is_recorded_and_when_not(house: House) -> None:
    async with await house.browser("chen", "agent", desk=True) as chen:
        assert "Being recorded" not in (await chen.get("/desk/state"))[1]
        call, _ = await talking(house, chen)
        pause, resume = f"/desk/calls/{call.id}/recording/pause", f"/desk/calls/{call.id}/recording/resume"
        text = (await chen.get("/desk/state"))[1]
        assert (pause in text, "Being recorded" in text) == (True, True)
        assert (await chen.post(pause, {}))[0] == 200
        await pauses.begin(house.db, house.users["chen"].actor, call.id)
        text = (await chen.get("/desk/state"))[1]
        assert ("Not recorded" in text, resume in text, pause in text) == (True, True, False)
        assert (await chen.post(resume, {}))[0] == 200
    async with await house.browser("boss", "supervisor") as boss:
        assert "Not recorded, as Chen wished" in (await boss.get(f"/calls/{call.id}"))[1]


async def test_a_colleague_is_let_in_by_who_has_the_call(house: House) -> None:
    async with await house.browser("chen", "agent", desk=True) as chen:
        call, _ = await talking(house, chen)
        assert (await chen.post(f"/desk/calls/{call.id}/let-in", {}))[0] == 204
    async with await house.browser("mark", "marketer") as marketer:
        assert (await marketer.post(f"/desk/calls/{call.id}/let-in", {}))[0] == 403
    assert isinstance(house.deps.supervising, Supervising)
    assert house.deps.supervising.asked == [("let in", str(call.id))]
