"""Live messages: to whom they go, and what happens when the line to the database breaks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from crm_core.calls import service as calls
from crm_core.events import PatientChanged
from crm_core.kernel import notices
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Linkedid, Msisdn, UserId
from crm_core.kernel.notices import CONNECTION
from crm_core.patients import service as patients
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from tests.hearing import hearing
from tests.web.house import ZONE, Browser, House
from web.live import BACKLOG, RESYNC, LiveHub

pytestmark = pytest.mark.web

CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database()
"""


@asynccontextmanager
async def hub_of(house: House) -> AsyncIterator[None]:
    """The hub runs as in a server."""
    async with hearing(house.db, house.deps.live.hear):
        yield


@asynccontextmanager
async def page(browser: Browser, topics: str, *, ago_ms: int | None = 0) -> AsyncIterator[Callable[[], Any]]:
    """An open page that shows this; each call waits for the next message."""
    query = {"topics": topics} | ({} if ago_ms is None else {"ago": str(ago_ms)})
    async with browser.http.get(browser.base + "/live", params=query) as answer:
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
        page(one, "me,board") as first,
        page(other, "me,board") as second,
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
        page(marketer, "board") as following,
    ):
        await house.patient()
        await house.call("1.1")
        heard = await following()
        assert heard["type"] == "CallStarted"  # the patient's registration was not for them


async def test_messages_carry_no_number_and_no_name(house: House) -> None:
    async with (
        hub_of(house),
        await house.browser("supervisor") as supervisor,
        page(supervisor, "board,queue") as following,
    ):
        await house.patient()
        await house.call("1.1")
        heard = [await following() for _ in range(2)]
    assert all("138" not in json.dumps(message, ensure_ascii=False) for message in heard)
    assert all("张" not in json.dumps(message, ensure_ascii=False) for message in heard)


async def test_after_the_database_was_away_pages_look_again_at_everything(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent, page(agent, "", ago_ms=None) as following:
        assert (await following())["type"] == "Resync"  # nobody has listened so far
        async with hub_of(house):
            assert (await following())["type"] == "Resync"
            url, house.db.url = house.db.url, "postgresql://127.0.0.1:1/nowhere"
            async with house.db.connection() as conn:
                await conn.execute(CUT, CONNECTION)
            await asyncio.sleep(notices.AGAIN_S * 1.5)  # in which it tries in vain
            house.db.url = url
            assert (await following())["type"] == "Resync"


async def test_after_a_short_break_pages_hear_what_they_missed_and_nothing_else(house: House) -> None:
    patient = await house.patient()
    async with (
        hub_of(house),
        await house.browser("agent1", "agent") as agent,
        page(agent, f"patient:{patient.id}") as following,
    ):
        async with house.db.transaction(SYSTEM) as tx:
            await tx.emit(PatientChanged(patient_id=patient.id))
            await tx.conn.execute(CUT, CONNECTION)
        assert (await following())["type"] == "PatientChanged"


async def test_a_stranger_hears_nothing(house: House) -> None:
    async with house.nobody() as stranger:
        assert (await stranger.get("/live"))[0] == 401


async def test_a_page_that_reads_too_slowly_is_told_to_look_again() -> None:
    hub = LiveHub(ZONE)
    with hub.listen(UserId(1), frozenset({"TaskOpened"}), frozenset({"tasks"})) as listener:
        assert listener.messages.get_nowait() == RESYNC  # nobody has listened so far
        for number in range(BACKLOG + 1):
            listener.offer(f'{{"type":"TaskOpened","task_id":{number}}}')
        assert listener.messages.get_nowait() == RESYNC
        assert listener.messages.empty()


async def test_a_page_hears_of_what_it_shows_and_of_nothing_else(house: House) -> None:
    await house.sessions(capacity=3)
    patient, other = await house.patient(), await house.patient("李四", "13900139000")
    async with (
        hub_of(house),
        await house.browser("agent1", "agent") as agent,
        page(agent, f"patient:{patient.id}") as shows_patient,
        page(agent, "day:2026-03-03") as shows_day,
        page(agent, "day:2026-03-04,tasks") as shows_other_day,
    ):
        for who in (other, patient):
            await scheduling.book(house.db, SYSTEM, patient_id=who.id, slot_id=house.slots[0], channel="agent")
        async with house.db.transaction(SYSTEM) as tx:
            await tasks.open_in(tx, "call_back", Msisdn("+8613900139000"), "calls/x")
        assert (await shows_patient())["patient_id"] == patient.id
        assert [(await shows_day())["patient_id"] for _ in range(2)] == [other.id, patient.id]
        assert (await shows_other_day())["type"] == "TaskOpened"


async def test_what_happened_since_the_page_was_fetched_is_told_when_it_subscribes(house: House) -> None:
    patient = await house.patient()
    shown = f"patient:{patient.id}"
    async with hub_of(house), await house.browser("agent1", "agent") as agent, page(agent, shown) as witness:
        begun = time.monotonic()
        await asyncio.sleep(0.1)  # the page is fetched after the server began to listen
        await patients.set_language(house.db, SYSTEM, patient.id, "en")
        assert (await witness())["type"] == "PatientChanged"
        since_ms = int((time.monotonic() - begun) * 1000)
        async with page(agent, shown, ago_ms=since_ms) as late, page(agent, "tasks", ago_ms=since_ms) as other:
            assert (await late())["type"] == "PatientChanged"
            async with house.db.transaction(SYSTEM) as tx:
                await tasks.open_in(tx, "call_back", Msisdn("+8613900139000"), "calls/x")
            assert (await other())["type"] == "TaskOpened"
        async with page(agent, shown, ago_ms=29_999) as from_before_the_server_listened:
            assert (await from_before_the_server_listened())["type"] == "Resync"


@pytest.mark.parametrize(
    ("topics", "status"),
    [
        ("patient:1,day:2026-11-25,thread:3,sms,tasks,queue,board,me,patient:*", 200),
        ("", 200),
        ("patients", 422),
        ("patient", 422),
        ("patient:13800138000x", 422),
        ("sms:1", 422),
        ("day:tomorrow", 422),
        (",".join(f"patient:{n}" for n in range(101)), 422),
    ],
)
async def test_topics_are_known_few_and_well_formed(house: House, topics: str, status: int) -> None:
    async with (
        await house.browser("agent1", "agent") as agent,
        agent.http.get(agent.base + "/live", params={"topics": topics}) as answer,
    ):
        assert answer.status == status


@pytest.mark.parametrize("topic", ["patient:1", "day:2026-03-03", "thread:1", "sms", "tasks", "queue", "me"])
async def test_a_topic_that_is_not_for_the_role_is_refused(house: House, topic: str) -> None:
    async with (
        await house.browser("marketer") as marketer,
        marketer.http.get(marketer.base + "/live", params={"topics": topic}) as answer,
    ):
        assert answer.status == 403


async def test_an_imports_patients_are_no_news_to_pages(house: House) -> None:
    async with hub_of(house), await house.browser("agent1", "agent") as agent, page(agent, "patient:*,tasks") as every:
        for number in range(20):
            await house.patient(f"张{number}", f"138{number:08d}")
        async with house.db.transaction(SYSTEM) as tx:
            await tasks.open_in(tx, "call_back", Msisdn("+8613900139000"), "calls/x")
        assert (await every())["type"] == "TaskOpened"
