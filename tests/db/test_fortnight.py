"""The demo's last two weeks: whoever looks first finds calls, texts and work, and all pages tell the same."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm_core.calls import store as call_log
from crm_core.consultations import service as consultations
from crm_core.consultations.model import Status
from crm_core.consultations.model import Wanted as Asked
from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.calendar import USUAL_HOURS, Opening, is_working_day, opening
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.ids import UserId
from crm_core.users.service import ensure_first_users
from demo.fortnight.calls import TO_SPEAK, ToSpeak, kept
from demo.fortnight.course import LEFT
from demo.seed import Telling, ensure_schedules, seed
from overview import board, calls, tasks
from sms.letterhead import Letterhead
from tests import databases

pytestmark = pytest.mark.db

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=SHANGHAI)  # a Wednesday afternoon
SUPERVISOR = Actor(ActorKind.SYSTEM, "test", Role.SUPERVISOR)
FLOWS = Path(__file__).parents[2] / "ivr" / "flows"
EVERYTHING = 10_000


def at_now() -> datetime:
    return NOW.astimezone(UTC)


def a_day_later() -> datetime:
    return at_now() + timedelta(days=1)


def telling(folder: Path) -> Telling:
    return Telling(Letterhead("示例医院", "Example Hospital", SHANGHAI), folder / TO_SPEAK)


@pytest.fixture(scope="module")
def told(
    postgres_url: str, migrated_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A database as after the first start, and the words that are to be spoken."""
    folder = tmp_path_factory.mktemp("told")
    with databases.created(postgres_url, template=migrated_database) as name:
        asyncio.run(fill(databases.named(postgres_url, name), folder))
        yield databases.named(postgres_url, name), folder


async def fill(url: str, folder: Path) -> None:
    async with open_database(url, clock=at_now) as database:
        await ensure_first_users(database, one_time=False)
        assert await seed(database, zone=SHANGHAI, telling=telling(folder))


@pytest.fixture
async def hospital(told: tuple[str, Path]) -> AsyncIterator[Database]:
    """As after the first start. Tests only look."""
    async with open_database(told[0], clock=at_now) as database:
        yield database


@pytest.fixture
def spoken(told: tuple[str, Path]) -> list[ToSpeak]:
    return kept(told[1] / TO_SPEAK)


async def counted(hospital: Database, sql: str) -> dict[str, int]:
    async with hospital.connection() as conn:
        return {row[0]: row[1] for row in await conn.fetch(sql)}


async def test_every_kind_of_call_is_there_on_each_working_day(hospital: Database) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT (started_at AT TIME ZONE 'Asia/Shanghai')::date AS day, * FROM call")
    by_day = Counter(row["day"] for row in rows)
    working = [NOW.date() - timedelta(days=back) for back in range(15) if is_working_day(NOW.date() - timedelta(back))]
    assert all(by_day[day] >= 6 for day in working), by_day
    assert 100 <= len(rows) <= 260
    missed = [row for row in rows if row["queued_at"] and not row["connected_at"]]
    by_keys = [row for row in rows if row["path"] and not row["queued_at"] and row["direction"] == "in"]
    reminders = [row for row in rows if row["attempt_id"]]
    english = [row for row in rows if row["language"] == "en" and row["agent_id"]]
    assert min(len(missed), len(by_keys), len(reminders)) >= 8
    assert len(english) >= 2
    assert {"busy", "no answer", "normal"} == {row["end_reason"] for row in rows}
    assert {row["disposition"] for row in rows} >= {
        *("appointment_booked", "appointment_confirmed", "appointment_cancelled", "question_answered"),
        *("nobody_there", "call_back", "wrong_number"),
    }


async def test_agents_speak_in_the_hospitals_hours_and_with_one_patient_at_a_time(hospital: Database) -> None:
    async with hospital.connection() as conn:
        legs = await conn.fetch("SELECT user_id, connected_at, left_at FROM call_leg ORDER BY user_id, connected_at")
        unknown = await conn.fetchval("SELECT count(*) FROM call WHERE ended_at > $1", NOW)
    assert unknown == 0
    assert len(legs) > 50
    for before, after in pairwise(legs):
        assert before["user_id"] != after["user_id"] or before["left_at"] <= after["connected_at"]
    days = {leg["connected_at"].astimezone(SHANGHAI) for leg in legs if is_working_day(leg["connected_at"].date())}
    assert {opening(USUAL_HOURS, day, SHANGHAI) for day in days} == {Opening.OPEN}


async def test_the_menus_path_is_one_the_published_flow_has(hospital: Database) -> None:
    nodes = {name: set(json.loads((FLOWS / f"{name}.json").read_text())["nodes"]) for name in ("hotline", "reminder")}
    async with hospital.connection() as conn:
        for row in await conn.fetch("SELECT path, flow_version FROM call WHERE path <> '{}'"):
            assert set(row["path"]) <= nodes[row["flow_version"].partition("/")[0]]


async def test_every_call_of_an_agent_is_on_the_agents_page_and_on_the_patients_timeline(hospital: Database) -> None:
    async with hospital.connection() as conn:
        log = (await call_log.page(conn, limit=EVERYTHING)).items
        entries = {(row["patient_id"], row["ref"]) for row in await conn.fetch("SELECT * FROM timeline_entry")}
    theirs = {call.agent_id for call in log if call.agent_id}
    assert len(theirs) >= 3
    for agent_id in theirs:
        wanted = calls.Wanted(agent_id=UserId(agent_id))
        listed = await calls.listed(hospital, SUPERVISOR, wanted, limit=EVERYTHING)
        on_page = {line.call.id for line in listed.items}
        assert on_page >= {call.id for call in log if call.agent_id == agent_id}
        assert all(agent_id in [leg.user_id for leg in line.legs] for line in listed.items)
    assert all((call.patient_id, call.ref) in entries for call in log if call.patient_id)


async def test_the_wallboard_counts_what_the_lists_show(hospital: Database) -> None:
    start = NOW.replace(hour=0)
    shown = await board.show(hospital, SUPERVISOR, start, start + timedelta(days=1), SHANGHAI)
    async with hospital.connection() as conn:
        today = (await call_log.page(conn, since=start, limit=EVERYTHING)).items
        unread = await conn.fetchval("SELECT sum(unread) FROM sms_thread")
        booked = await conn.fetchval("SELECT count(*) FROM appointment WHERE booked_at >= $1", start)
    assert shown.counts.incoming == sum(call.direction == "in" for call in today) > 0
    assert shown.counts.outgoing == sum(call.direction == "out" for call in today)
    assert shown.counts.missed == sum(call.queued_at is not None and call.connected_at is None for call in today) > 0
    assert shown.pending.unread == unread > 0
    assert sum(shown.booked.values()) == booked > 0
    listed = await tasks.listed(hospital, SUPERVISOR)
    assert shown.pending.open_tasks == listed.total == len(listed.tasks) > 0


async def test_tasks_are_open_overdue_and_done_by_name(hospital: Database) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT kind, status, due_at, done_at, done_by FROM task")
    waiting = [row for row in rows if row["status"] == "open"]
    assert {row["kind"] for row in waiting} >= {"call_back", "answer_sms", "hear_voicemail"}
    assert 5 <= len(waiting) <= 25
    assert any(row["due_at"] < NOW for row in waiting)
    assert any(row["due_at"] > NOW for row in waiting)
    done = [row for row in rows if row["status"] == "done"]
    assert {row["done_by"] for row in done} >= {"agent1", "agent2", "nurse"}
    assert all(row["done_at"] <= NOW for row in done)


async def test_texts_are_answered_by_robot_and_by_name_and_some_wait(hospital: Database) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT * FROM sms ORDER BY id")
    assert rows == sorted(rows, key=lambda row: row["created_at"])
    assert {row["created_by"] for row in rows} == {"modem", "sms", "agent1", "agent2", "nurse"}
    assert {row["state"] for row in rows} == {"received", "delivered", "failed"}
    assert sum(row["text"] == "预约" for row in rows) >= 3
    waiting = [row for row in rows if row["direction"] == "in" and row["read_at"] is None]
    assert len(waiting) == 2
    assert {row["created_at"].astimezone(SHANGHAI).date() for row in waiting} == {NOW.date()}
    assert all(row["created_at"] <= NOW for row in rows)


async def test_consultations_wait_or_were_closed_with_and_without_a_result(hospital: Database) -> None:
    found = (await consultations.find(hospital, SUPERVISOR, Asked(), limit=EVERYTHING)).consultations
    assert list(found) == sorted(found, key=lambda one: one.created_at, reverse=True)
    assert sum(one.status is Status.OPEN for one in found) >= 4
    closed = [one for one in found if one.status is Status.CLOSED]
    assert sum(bool(one.result) for one in closed) >= 5
    assert sum(not one.result for one in closed) >= 2
    assert any(one.call_id for one in found)
    assert {one.source.value for one in found} == {"phone", "sms", "web"}


async def test_reminder_calls_have_every_result(hospital: Database) -> None:
    results = await counted(hospital, "SELECT result, count(*) FROM dial_attempt GROUP BY result")
    assert set(results) >= {"human", "no_answer", "busy", "machine"}
    async with hospital.connection() as conn:
        heard = await conn.fetch("SELECT a.result, c.attempt_id FROM dial_attempt a LEFT JOIN call c ON c.id = call_id")
    assert all((row["result"] in ("human", "machine")) == (row["attempt_id"] is not None) for row in heard)


async def test_the_audit_has_looks_and_a_refusal(hospital: Database) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT * FROM audit WHERE actor_user_id IS NOT NULL AND at < $1 ORDER BY id", NOW)
    looks = [row for row in rows if row["address"]]
    assert {"log in", "log out", "set disposition", "search recordings"} <= {row["action"] for row in looks}
    assert [row["at"] for row in looks] == sorted(row["at"] for row in looks)
    assert "refused" in {row["outcome"] for row in looks}


async def test_what_is_to_be_spoken_is_as_long_as_the_call_and_on_the_right_side(
    hospital: Database, spoken: list[ToSpeak]
) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT * FROM call WHERE answered_at IS NOT NULL")
    log = {str(row["id"]): row for row in rows}
    assert {one.call_id for one in spoken} == set(log)
    for one in spoken:
        call = log[one.call_id]
        assert all(said.at_s < one.lasts_s and said.channel < one.channels for said in one.said)
        if one.kind == "call" and "voicemail" not in call["path"]:
            assert one.lasts_s == pytest.approx((call["ended_at"] - call["answered_at"]).total_seconds())
        if call["agent_id"]:
            assert {said.channel for said in one.said} == {0, 1}
    assert [one.kind for one in spoken].count("voicemail") == 1
    assert next(one for one in spoken if one.kind == "voicemail").said[0].channel == LEFT


async def test_no_text_of_a_call_has_a_gap_left(spoken: list[ToSpeak]) -> None:
    assert not [said.text for one in spoken for said in one.said if "{" in said.text or "  " in said.text]


async def test_a_second_start_adds_nothing_nor_does_one_the_next_day(told: tuple[str, Path]) -> None:
    tables = (
        "call",
        "call_leg",
        "sms",
        "task",
        "consultation",
        "appointment",
        "dial_attempt",
        "timeline_entry",
        "audit",
    )
    sql = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)  # noqa: S608
    for clock in (at_now, a_day_later):
        async with open_database(told[0], clock=clock) as database:
            before = await counted(database, sql)
            assert not await seed(database, zone=SHANGHAI, telling=telling(told[1]))
            await ensure_schedules(database, zone=SHANGHAI)
            assert await counted(database, sql) == before


async def test_the_same_day_tells_the_same(
    postgres_url: str, migrated_database: str, spoken: list[ToSpeak], tmp_path: Path
) -> None:
    with databases.created(postgres_url, template=migrated_database) as name:
        await fill(databases.named(postgres_url, name), tmp_path)
    assert kept(tmp_path / TO_SPEAK) == spoken


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 2, 0, 20, tzinfo=SHANGHAI),  # a Monday before anybody works
        datetime(2026, 2, 17, 10, 0, tzinfo=SHANGHAI),  # the new year's holiday
        datetime(2026, 3, 7, 23, 50, tzinfo=SHANGHAI),
    ],
)
async def test_it_can_be_started_at_any_hour(owner_url: str, tmp_path: Path, now: datetime) -> None:
    async with open_database(owner_url, clock=lambda: now.astimezone(UTC)) as database:
        await ensure_first_users(database, one_time=False)
        assert await seed(database, zone=SHANGHAI, telling=telling(tmp_path))
        async with database.connection() as conn:
            assert await conn.fetchval("SELECT count(*) FROM call WHERE ended_at > $1", now) == 0
            assert await conn.fetchval("SELECT count(*) FROM sms WHERE created_at > $1", now) == 0
            assert await conn.fetchval("SELECT count(*) FROM sms WHERE direction = 'in' AND read_at IS NULL") == 2
            assert await conn.fetchval("SELECT count(*) FROM call") > 40


async def test_without_history_nobody_phoned_or_wrote(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, clock=at_now) as database:
        await ensure_first_users(database, one_time=False)
        assert await seed(database, zone=SHANGHAI)
        rows = await counted(database, "SELECT 'call', count(*) FROM call UNION ALL SELECT 'sms', count(*) FROM sms")
    assert rows == {"call": 0, "sms": 0}
    assert kept(tmp_path / TO_SPEAK) == []
