"""Live messages: to whom they go, and what happens when the line to the database breaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from crm_core.calls import service as calls
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.ids import Linkedid, UserId
from crm_core.kernel.status import StatusBoard
from tests.eventually import eventually
from tests.web.house import Browser, House
from web.live import BACKLOG, PROBE_EVERY_S, RESYNC, LiveHub

pytestmark = pytest.mark.web


@asynccontextmanager
async def hub_of(house: House) -> AsyncIterator[None]:
    """The hub runs as in a server."""
    running = asyncio.ensure_future(house.deps.live.run())
    await eventually(lambda: house.deps.status.parts().get("live") == "ok")
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def page(browser: Browser) -> AsyncIterator[Callable[[], Any]]:
    """An open page; each call waits for the next message."""
    async with browser.http.get(browser.base + "/live") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"

        async def following() -> dict[str, object]:
            async with asyncio.timeout(60):
                async for line in answer.content:
                    if line.startswith(b"data: "):
                        message: dict[str, object] = json.loads(line[6:])
                        return message
            raise AssertionError("the stream ended")

        yield following


async def test_only_the_ringing_desk_hears_that_it_rings(house: House) -> None:
    async with (
        hub_of(house),
        await house.browser("agent1", "agent", desk=True) as one,
        await house.browser("agent2", "agent", desk=True) as other,
        page(one) as first,
        page(other) as second,
    ):
        await one.post("/desk/state", {"state": "available"})
        call = await house.call("1.1")
        await calls.agent_rang(house.db, Linkedid("1.1"), "desk-01")
        await calls.ended(house.db, Linkedid("1.1"), "normal")
        mine: list[dict[str, object]] = []
        theirs: list[dict[str, object]] = []
        while not mine or mine[-1]["type"] != "CallEnded":
            mine.append(await first())
        while not theirs or theirs[-1]["type"] != "CallEnded":
            theirs.append(await second())
    rang = [message for message in mine if message["type"] == "AgentRang"]
    assert [message["call_id"] for message in rang] == [str(call.id)]
    assert "AgentRang" not in {message["type"] for message in theirs}


async def test_nobody_hears_what_their_role_may_not_see(house: House) -> None:
    async with (
        hub_of(house),
        await house.browser("marketer") as marketer,
        page(marketer) as following,
    ):
        await house.patient()
        await house.call("1.1")
        heard = await following()
        assert heard["type"] == "CallStarted"  # the patient's registration was not for them


async def test_messages_carry_no_number_and_no_name(house: House) -> None:
    async with hub_of(house), await house.browser("supervisor") as supervisor, page(supervisor) as following:
        await house.patient()
        await house.call("1.1")
        heard = [await following() for _ in range(3)]
    assert all("138" not in json.dumps(message, ensure_ascii=False) for message in heard)
    assert all("张" not in json.dumps(message, ensure_ascii=False) for message in heard)


async def test_after_the_database_was_away_pages_look_again_at_everything(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent, page(agent) as following:
        running = asyncio.ensure_future(house.deps.live.run())
        assert (await following())["type"] == "Resync"
        async with house.db.connection() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'hcrm live' AND datname = current_database()"
            )
        with pytest.raises(DatabaseUnavailableError):
            await asyncio.wait_for(running, PROBE_EVERY_S / 2)
        async with hub_of(house):
            assert (await following())["type"] == "Resync"


async def test_a_stranger_hears_nothing(house: House) -> None:
    async with house.nobody() as stranger:
        assert (await stranger.get("/live"))[0] == 401


async def test_a_page_that_reads_too_slowly_is_told_to_look_again() -> None:
    hub = LiveHub("postgresql://nowhere", StatusBoard())
    with hub.listen(UserId(1), frozenset({"TaskOpened"})) as listener:
        for number in range(BACKLOG + 1):
            listener.offer(f'{{"type":"TaskOpened","task_id":{number}}}')
        assert listener.messages.get_nowait() == RESYNC
        assert listener.messages.empty()
