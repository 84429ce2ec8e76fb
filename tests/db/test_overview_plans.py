"""Screens of a hospital with a long memory read a page of it, not all of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, open_database
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.tasks.model import Order, View
from overview import board, cards, desk, tasks
from overview import calls as call_log
from overview.calls import Wanted
from recordings import service as recordings
from recordings.model import Wanted as WantedRecordings
from tests import databases
from tests.db.hotline import NOON, Hotline, opened, register
from tests.statements import logged, rows_read

pytestmark = pytest.mark.db

MANY = 50_000
OPEN_TASKS = MANY // 10  # the wallboard counts them, so they are read
ZONE = ZoneInfo("Asia/Shanghai")
TODAY = (NOON - timedelta(hours=4), NOON + timedelta(hours=20))
RARE = Msisdn("+8613911114321")


async def remember(conn: Connection, busy: int, now: datetime) -> None:
    """Five years: 50,000 calls with one agent, each recorded; as many appointments; nobody else ever spoke."""
    await conn.execute("SET session_replication_role = replica")
    await conn.execute(
        """
        INSERT INTO call (id, linkedid, uniqueid, direction, caller, patient_id, state, started_at, answered_at,
                          connected_at, ended_at, agent_id)
        SELECT gen_random_uuid(), 'old.' || n, 'old.' || n, 'in', '+86138' || lpad(n::text, 8, '0'), n % 900 + 1000,
               'ended', at, at, at, at + interval '2 min', $2
        FROM generate_series(1, $1) AS n, LATERAL (SELECT $3::timestamptz - n * interval '50 min' AS at) AS t
        """,
        MANY,
        busy,
        now,
    )
    await conn.execute(
        "INSERT INTO call_leg (call_id, user_id, connected_at, left_at) "
        "SELECT id, agent_id, connected_at, ended_at FROM call ORDER BY started_at"
    )
    await conn.execute(
        "INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, "
        "created_at) SELECT gen_random_uuid(), id, 'call', linkedid, linkedid, '', '', 9, 9, 2, ended_at FROM call"
    )
    await conn.execute(
        "INSERT INTO patient (id, name, search, created_by, created_at, updated_at) OVERRIDING SYSTEM VALUE "
        "SELECT n, '王' || n, ' 王' || n || ' wang' || n, 'test', $1, $1 FROM generate_series(1000, 1899) AS n",
        now,
    )
    await conn.execute(
        "INSERT INTO appointment (patient_id, slot_id, place, status, channel, booked_by, booked_at, starts_at) "
        "SELECT n % 900 + 1000, n, 1, 'booked', 'web', 'test', $2::timestamptz - n * interval '50 min', $2 "
        "FROM generate_series(1, $1) AS n",
        MANY,
        now,
    )
    await conn.execute(
        "INSERT INTO audit (at, actor_kind, actor, actor_user_id, action, subject, subject_id, outcome) "
        "SELECT clock_timestamp() - n * interval '50 min', 'user', 'chen', $2, 'view patient', 'patient', '1000', "
        "'done' FROM generate_series(1, $1) AS n",
        MANY,
        busy,
    )
    await conn.execute(
        "INSERT INTO task (kind, msisdn, ref, status, due_at, created_at) "
        "SELECT 'answer_sms', '+86139' || lpad(n::text, 8, '0'), n::text, "
        "CASE n % 10 WHEN 0 THEN 'open' ELSE 'done' END, $2::timestamptz + n * interval '1 min', $2 "
        "FROM generate_series(1, $1) AS n",
        MANY,
        now,
    )
    await conn.execute("SET session_replication_role = origin")
    for table in ("audit", "task", "call", "call_leg", "recording", "appointment", "patient", "app_user"):
        await conn.execute(f"ANALYZE {table}")


async def somebody_rare(hotline: Hotline) -> None:
    """Who called once, years ago."""
    patient = await register(hotline, "欧阳修", RARE)
    call_id = uuid4()
    async with hotline.db.connection() as conn:
        await conn.execute(
            "INSERT INTO call (id, linkedid, uniqueid, direction, caller, patient_id, state, started_at) "
            "VALUES ($1, 'rare', 'rare', 'in', $2, $3, 'ended', $4)",
            call_id,
            RARE,
            patient.id,
            NOON - timedelta(days=900),
        )
        await conn.execute(
            "INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, "
            "created_at) VALUES (gen_random_uuid(), $1, 'call', 'rare', 'rare', '', '', 9, 9, 2, $2)",
            call_id,
            NOON,
        )


async def grow_old(url: str) -> dict[str, Actor]:
    async with opened(url) as hotline:
        (busy,) = hotline.ids("chen")
        async with hotline.db.connection() as conn:
            await remember(conn, busy, NOON - timedelta(hours=1))
        await somebody_rare(hotline)
        return hotline.agents


@pytest.fixture(scope="module")
def memory(postgres_url: str) -> Iterator[tuple[str, dict[str, Actor]]]:
    """One such hospital for all of these tests; they only look."""
    with databases.created(postgres_url, template=os.environ["HCRM_TEST_TEMPLATE"]) as name:
        url = databases.named(postgres_url, name)
        yield url, asyncio.run(grow_old(url))


@pytest.fixture
async def old(memory: tuple[str, dict[str, Actor]]) -> AsyncIterator[Hotline]:
    url, agents = memory
    async with open_database(url, clock=lambda: NOON, max_size=1) as db:
        yield Hotline(db, [], agents)


@pytest.mark.parametrize("login", ["chen", "li"])  # who had every call, and who had none
async def test_a_desk_reads_its_own_last_calls_only(old: Hotline, login: str) -> None:
    async with logged(old.db) as asked:
        shown = await desk.show(old.db, old.agents[login])
    assert len(shown.recent.items) == (desk.RECENT if login == "chen" else 0)
    assert await rows_read(old.db, asked) < 200


@pytest.mark.parametrize("login", ["chen", "li"])
async def test_the_calls_of_an_agent_are_read_a_page_at_a_time(old: Hotline, login: str) -> None:
    (agent_id,) = old.ids(login)
    boss = old.agents["boss"]
    async with logged(old.db) as asked:
        first = await call_log.listed(old.db, boss, Wanted(agent_id=agent_id), limit=40)
        second = await call_log.listed(old.db, boss, Wanted(agent_id=agent_id), limit=40, after=first.next)
        some_day = Wanted(agent_id=agent_id, since=NOON - timedelta(days=700), until=NOON - timedelta(days=699))
        await call_log.listed(old.db, boss, some_day, limit=40)
    shown = [line.call.started_at for line in (*first.items, *second.items)]
    assert (len(shown), shown) == (80 if login == "chen" else 0, sorted(shown, reverse=True)) or not first.next
    assert await rows_read(old.db, asked) < 2_000


async def test_a_wallboard_reads_its_day(old: Hotline) -> None:
    async with logged(old.db) as asked:
        shown = await board.show(old.db, old.agents["boss"], *TODAY, ZONE)
    assert (shown.counts.incoming, sum(shown.booked.values())) == (3, 3)
    assert await rows_read(old.db, asked) < OPEN_TASKS + 200


@pytest.mark.parametrize("text", ["欧阳修", "ouyang", "4321", "13911114321"])
async def test_a_rare_name_or_number_is_found_among_all_recordings(old: Hotline, text: str) -> None:
    async with logged(old.db) as asked:
        found = await recordings.search(old.db, old.agents["boss"], WantedRecordings(text=text))
    assert RARE in [one.caller for one in found.items]
    assert await rows_read(old.db, asked) < 5_000  # of 50,000: a search by name walks 2,000 people first


@pytest.mark.parametrize("text", ["欧阳修", "ouyang", RARE[-6:], RARE[3:]])
async def test_a_rare_caller_is_found_by_name_and_either_end_of_the_number(old: Hotline, text: str) -> None:
    async with logged(old.db) as asked:
        found = await call_log.listed(old.db, old.agents["boss"], Wanted(text=text), limit=40)
    assert "欧阳修" in [one.patient_name for one in found.items]
    assert await rows_read(old.db, asked) < 5_000


async def test_a_name_that_many_have_is_met_on_the_way(old: Hotline) -> None:
    async with logged(old.db) as asked:
        found = await recordings.search(old.db, old.agents["boss"], WantedRecordings(text="王"), limit=40)
    assert (len(found.items), found.next is None) == (40, False)
    assert await rows_read(old.db, asked) < 5_000


async def test_a_refresh_looks_at_the_last_minutes_of_the_audit_only(old: Hotline) -> None:
    async with logged(old.db) as asked:
        for _ in range(2):
            await cards.refreshed(old.db, old.agents["chen"], PatientId(1000))
    assert await rows_read(old.db, asked) < 200
    async with old.db.connection() as conn:
        assert (
            await conn.fetchval(
                "SELECT count(*) FROM audit WHERE at > now() - interval '5 min' AND action = 'view patient'"
            )
            == 1
        )


@pytest.mark.parametrize("order", Order)
async def test_of_five_thousand_open_tasks_a_page_is_read_and_a_thousand_counted(old: Hotline, order: Order) -> None:
    async with logged(old.db) as asked:
        found = await tasks.listed(old.db, old.agents["chen"], order)
    assert (found.total, len(found.tasks)) == (tasks.COUNTED + 1, tasks.LISTED)
    assert await rows_read(old.db, asked) < tasks.COUNTED + 300


@pytest.mark.parametrize("view", [View.MINE, View.OVERDUE, View.LATER, View.DONE])
async def test_each_view_of_the_tasks_reads_what_it_shows(old: Hotline, view: View) -> None:
    async with logged(old.db) as asked:
        await tasks.listed(old.db, old.agents["chen"], view=view)
    assert await rows_read(old.db, asked) < tasks.COUNTED + 300


async def test_of_an_agent_without_recordings_nothing_is_read(old: Hotline) -> None:
    (idle,) = old.ids("li")
    async with logged(old.db) as asked:
        assert (await recordings.search(old.db, old.agents["boss"], WantedRecordings(agent_id=idle))).items == []
    assert await rows_read(old.db, asked) < 50
