"""The demo hospital is there after the first start, the same each time, and stays two weeks ahead."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from crm_core.directory import store as directory
from crm_core.kernel.calendar import is_working_day
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.ids import Msisdn
from crm_core.patients import store as patients
from crm_core.scheduling import service as scheduling
from crm_core.scheduling import store as slots
from crm_core.users import tokens
from demo.seed import DEMO, SEED, ensure_schedules, ensure_token, seed
from demo.seed_data import people
from tests import databases

pytestmark = pytest.mark.db

ROOT = Path(__file__).parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=SHANGHAI)  # a Wednesday afternoon


class Clock:
    """Set by the test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str, clock: Clock) -> AsyncIterator[Database]:
    """Nobody has started here."""
    async with open_database(database_url, clock=clock) as database:
        yield database


@pytest.fixture(scope="module")
def filled(postgres_url: str, migrated_database: str) -> Iterator[str]:
    """A database as after the first start, to be copied: filling it takes seconds."""
    with databases.created(postgres_url, template=migrated_database) as name:
        asyncio.run(fill(databases.named(postgres_url, name)))
        yield name


async def fill(url: str) -> None:
    async with open_database(url, clock=Clock()) as database:
        assert await seed(database, zone=SHANGHAI)


@pytest.fixture
async def hospital(postgres_url: str, filled: str, clock: Clock) -> AsyncIterator[Database]:
    """As after the first start."""
    with databases.created(postgres_url, template=filled) as name:
        async with open_database(databases.named(postgres_url, name), clock=clock) as database:
            yield database


async def test_the_hospital_is_as_large_as_promised(hospital: Database) -> None:
    async with hospital.connection() as conn:
        departments = await directory.departments(conn)
        staff = await directory.practitioners(conn)
        assert len(departments) >= 8
        assert departments[0].name == "内科"
        assert all(one.name_en and one.keywords for one in departments)
        assert len(staff) >= 20
        assert all(one.name_en and one.title_en for one in staff)
        assert await conn.fetchval("SELECT count(*) FROM patient") >= 200
        assert await conn.fetchval("SELECT count(*) FROM patient WHERE language = 'en'") >= 5
        shared = "SELECT count(*) FROM (SELECT FROM patient_phone GROUP BY msisdn HAVING count(*) > 1) AS families"
        assert await conn.fetchval(shared) >= 20


async def test_words_for_a_department_mean_one_department(hospital: Database) -> None:
    async with hospital.connection() as conn:
        departments = await directory.departments(conn)
    words = Counter(word for one in departments for word in (one.name, one.code, *one.keywords))
    assert [word for word, count in words.items() if count > 1] == []


async def test_zhang_sanfeng_is_alone_at_his_number_and_expected_nowhere(hospital: Database) -> None:
    async with hospital.connection() as conn:
        [patient] = await patients.find_by_msisdn(conn, Msisdn("+8613800138000"))
        assert (patient.name, patient.card_no, patient.birth_date) == ("张三丰", "10000001", date(1957, 4, 9))
        assert await slots.upcoming(conn, patient.id, NOW) == []
        assert await patients.find_by_card(conn, "10000001", date(1957, 4, 9)) == patient
        assert await slots.page(conn, patient_id=patient.id)


async def test_there_are_past_and_coming_appointments_of_every_kind(hospital: Database) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT status, count(*) AS count FROM appointment GROUP BY status")
        counts = {row["status"]: row["count"] for row in rows}
        wrong = """
            SELECT count(*) FROM appointment a JOIN slot s ON s.id = a.slot_id
            WHERE (a.status IN ('booked', 'confirmed')) <> (s.starts_at > $1) AND a.status <> 'cancelled'
               OR a.booked_at > s.starts_at
        """
        assert await conn.fetchval(wrong, NOW) == 0
        assert await conn.fetchval("SELECT count(*) FROM timeline_entry WHERE kind = 'encounter'") > 20
    assert set(counts) == {"booked", "confirmed", "fulfilled", "noshow", "cancelled"}
    assert all(count >= 5 for count in counts.values())


async def test_some_places_are_single(hospital: Database) -> None:
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT DISTINCT capacity FROM slot ORDER BY capacity")
    assert [row["capacity"] for row in rows] == [1, 2, 4]


@pytest.mark.parametrize(
    "now", [NOW, datetime(2026, 2, 13, 23, 59, tzinfo=SHANGHAI), datetime(2026, 10, 1, 6, 0, tzinfo=SHANGHAI)]
)
async def test_every_department_has_free_places_soon_on_holidays_too(
    database: Database, clock: Clock, now: datetime
) -> None:
    clock.now = now
    await seed(database, zone=SHANGHAI)
    async with database.connection() as conn:
        for department in await directory.departments(conn):
            free = await slots.slots(
                conn, department_id=department.id, start=now, end=now + timedelta(days=2), free_only=True
            )
            assert len(free) >= 3, department.name
        last = await conn.fetchval("SELECT max(starts_at) FROM slot")
    assert last.astimezone(SHANGHAI).date() == now.date() + timedelta(days=14)


async def test_a_second_start_adds_nobody_and_the_next_day_adds_a_day(hospital: Database, clock: Clock) -> None:
    assert not await seed(hospital, zone=SHANGHAI)
    assert await ensure_schedules(hospital, zone=SHANGHAI) == 0
    clock.now += timedelta(days=1)
    assert await ensure_schedules(hospital, zone=SHANGHAI) > 0
    clock.now += timedelta(days=100)  # the machine was off for a while
    assert await ensure_schedules(hospital, zone=SHANGHAI) > 1000
    async with hospital.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM patient") == 216


async def test_a_hospital_with_its_own_people_is_left_alone(database: Database, clock: Clock) -> None:
    async with database.transaction(DEMO) as tx:
        department_id = await directory.put_department(tx.conn, code="OWN", name="本院科室", name_en="Own")
        await directory.put_practitioner(tx.conn, department_id, name="本院医生", name_en="Own Doctor")
    assert not await seed(database, zone=SHANGHAI)
    assert await ensure_schedules(database, zone=SHANGHAI) == 0
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM patient") == 0


async def test_two_starts_at_once_fill_it_once(database: Database, clock: Clock) -> None:
    assert sorted(await asyncio.gather(*(seed(database, zone=SHANGHAI) for _ in range(2)))) == [False, True]


async def test_the_same_seed_gives_the_same_people(hospital: Database) -> None:
    drawn = people.patients(Random(SEED), NOW.date())
    assert drawn == people.patients(Random(SEED), NOW.date())
    assert drawn != people.patients(Random(SEED + 1), NOW.date())
    async with hospital.connection() as conn:
        rows = await conn.fetch("SELECT name, birth_date FROM patient ORDER BY id")
    assert [(row["name"], row["birth_date"]) for row in rows] == [(one.name, one.birth_date) for one in drawn]


async def test_a_known_caller_can_book_the_first_free_place(hospital: Database) -> None:
    async with hospital.connection() as conn:
        [patient] = await patients.find_by_msisdn(conn, Msisdn("+8613800138000"))
        first = (await directory.departments(conn))[0]
        [slot] = await slots.slots(
            conn,
            department_id=first.id,
            start=NOW + timedelta(seconds=1),
            end=NOW + timedelta(days=3),
            free_only=True,
            limit=1,
        )
    booked = await scheduling.book(hospital, DEMO, patient_id=patient.id, slot_id=slot.id, channel="ivr")
    assert booked.slot.department_name == "内科"


async def test_the_token_opens_the_api_and_only_its_owner_can_read_it(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "api-token.txt"
    await ensure_token(database, path)
    kept = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    await ensure_token(database, path)
    assert path.read_text() == kept
    path.write_text("hcrm_of_another_database\n")
    await ensure_token(database, path)
    async with database.transaction(DEMO) as tx:
        actor = await tokens.actor_of(tx.conn, path.read_text().strip(), tx.now)
    assert actor is not None
    assert actor.role == "api"


async def test_it_starts_as_a_program(database_url: str, tmp_path: Path) -> None:
    environment = os.environ | {"HCRM_DATABASE_URL": database_url, "HCRM_HOME": str(tmp_path)}
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "demo.seed", cwd=ROOT, env=environment)
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    assert (tmp_path / "api-token.txt").read_text().startswith("hcrm_")


def test_the_tested_days_are_what_they_are_said_to_be() -> None:
    assert is_working_day(NOW.date())
    assert not is_working_day(date(2026, 10, 1))
