"""The day of appointments: nothing of it is kept back, no more of it is read than is shown, and who saw it is known."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM, Actor, Role
from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection, open_database
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import DepartmentId, PractitionerId
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import Appointment, Channel, Status
from overview import day
from overview.day import LISTED, Day, Stretch, Wanted
from tests import databases
from tests.db.hotline import NOON, Hotline, opened
from tests.statements import logged, rows_read

pytestmark = pytest.mark.db

DAYS = 40
DOCTORS = 24
SLOTS = 36  # of a doctor on a day, four places each: 3,456 appointments
PLACES = 4
MANY = DOCTORS * SLOTS * PLACES
START = NOON + timedelta(hours=21)
BUSY = Wanted(day=date(2026, 3, 3), start=START, end=START + timedelta(days=1))


async def fill(conn: Connection) -> None:
    """Two departments, forty days, of which the first is BUSY; every sixth appointment is cancelled."""
    for code, name in (("im", "内科"), ("gyn", "妇科")):
        department = await directory.put_department(conn, code=code, name=name, name_en=code)
        for number in range(DOCTORS // 2):
            await directory.put_practitioner(conn, department, name=f"{name}{number}", name_en=f"{code} {number}")
    await conn.execute(
        "INSERT INTO patient (id, name, search, created_by, created_at, updated_at) OVERRIDING SYSTEM VALUE "
        "SELECT n, '王' || n, ' 王' || n, 'test', $1, $1 FROM generate_series(1000, 1899) AS n",
        NOON,
    )
    await conn.execute(
        """
        INSERT INTO schedule (practitioner_id, department_id, starts_at, ends_at)
        SELECT p.id, p.department_id, $1::timestamptz + d * interval '1 day',
               $1::timestamptz + d * interval '1 day' + interval '6 hours'
        FROM practitioner p, generate_series(0, $2 - 1) AS d
        """,
        START,
        DAYS,
    )
    await conn.execute(
        """
        INSERT INTO slot (schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity)
        SELECT id, practitioner_id, department_id, starts_at + n * interval '10 min',
               starts_at + (n + 1) * interval '10 min', $2
        FROM schedule, generate_series(0, $1 - 1) AS n
        """,
        SLOTS,
        PLACES,
    )
    await conn.execute("SET session_replication_role = replica")
    await conn.execute(
        """
        INSERT INTO appointment (patient_id, slot_id, place, status, channel, booked_by, booked_at, starts_at)
        SELECT 1000 + (s.id * 4 + place) % 900, s.id, place,
               CASE (s.id * 4 + place) % 6 WHEN 0 THEN 'cancelled' WHEN 1 THEN 'confirmed' ELSE 'booked' END,
               'web', 'test', $1, s.starts_at
        FROM slot s, generate_series(1, $2) AS place
        """,
        NOON,
        PLACES,
    )
    await conn.execute("SET session_replication_role = origin")
    for table in ("slot", "appointment", "patient"):
        await conn.execute(f"ANALYZE {table}")


async def grow(url: str) -> dict[str, Actor]:
    async with opened(url) as hotline:
        async with hotline.db.connection() as conn:
            await fill(conn)
        return hotline.agents


@pytest.fixture(scope="module")
def hospital(postgres_url: str) -> Iterator[tuple[str, dict[str, Actor]]]:
    """One for all of these tests."""
    with databases.created(postgres_url, template=os.environ["HCRM_TEST_TEMPLATE"]) as name:
        url = databases.named(postgres_url, name)
        yield url, asyncio.run(grow(url))


@pytest.fixture
async def busy(hospital: tuple[str, dict[str, Actor]]) -> AsyncIterator[Hotline]:
    url, agents = hospital
    async with open_database(url, clock=lambda: NOON - timedelta(days=1), max_size=1) as db:
        yield Hotline(db, [], agents)


def shown(found: Day) -> list[Appointment]:
    every = [one for column in found.columns for one in column.appointments]
    return sorted(every, key=lambda one: (one.slot.starts_at, one.id))


async def walked(hotline: Hotline, wanted: Wanted) -> list[Appointment]:
    """Every stretch of the list, as somebody sees it who asks for more until there is no more."""
    found = await day.listed(hotline.db, hotline.agents["boss"], wanted)
    everything = shown(found)
    while found.next:
        found = await day.listed(hotline.db, hotline.agents["boss"], wanted, found.next)
        everything += shown(found)
    return everything


async def test_every_appointment_of_a_busy_day_is_counted_and_can_be_reached(busy: Hotline) -> None:
    first = await day.listed(busy.db, busy.agents["boss"], BUSY)
    everything = await walked(busy, BUSY)
    assert sum(first.counts.values()) == MANY == len({one.id for one in everything})
    assert everything == sorted(everything, key=lambda one: (one.slot.starts_at, one.id))
    assert {column.department.code: column.total for column in first.columns} == {"im": MANY // 2, "gyn": MANY // 2}
    assert first.counts == {each: sum(one.status is each for one in everything) for each in Status}
    assert set(first.names) == {one.patient_id for one in shown(first)}


async def test_a_day_can_be_narrowed_by_department_practitioner_and_status(busy: Hotline) -> None:
    everything = await walked(busy, BUSY)
    slot = everything[0].slot
    for wanted, count in (
        (replace(BUSY, department_id=slot.department_id), MANY // 2),
        (replace(BUSY, practitioner_id=slot.practitioner_id), SLOTS * PLACES),
        (replace(BUSY, department_id=slot.department_id, practitioner_id=slot.practitioner_id), SLOTS * PLACES),
    ):
        first = await day.listed(busy.db, busy.agents["boss"], wanted)
        assert sum(first.counts.values()) == count == len(await walked(busy, wanted))
        assert {one.practitioner_id for one in [appointment.slot for appointment in shown(first)]} <= {
            one.id for one in first.practitioners
        }
    cancelled = replace(BUSY, status=Status.CANCELLED)
    first = await day.listed(busy.db, busy.agents["boss"], cancelled)
    found = await walked(busy, cancelled)
    assert {one.status for one in found} == {Status.CANCELLED}
    assert sum(column.total for column in first.columns) == len(found) == first.counts[Status.CANCELLED]


async def test_who_chooses_another_department_sees_all_its_practitioners(busy: Hotline) -> None:
    slot = (await walked(busy, BUSY))[0].slot
    async with busy.db.connection() as conn:
        (other,) = [one.id for one in await directory.departments(conn) if one.id != slot.department_id]
    found = await day.listed(
        busy.db, busy.agents["boss"], replace(BUSY, department_id=other, practitioner_id=slot.practitioner_id)
    )
    assert (found.wanted.practitioner_id, sum(found.counts.values())) == (None, MANY // 2)


async def test_a_stretch_of_a_busy_day_reads_what_it_shows_and_counts_the_day(busy: Hotline) -> None:
    boss = busy.agents["boss"]
    first = await day.listed(busy.db, boss, BUSY)
    assert first.next is not None
    second = await day.listed(busy.db, boss, BUSY, first.next)
    for asked, most in ((Stretch(), LISTED), (first.stretch, LISTED), (second.stretch, LISTED)):
        async with logged(busy.db) as statements:
            found = await day.listed(busy.db, boss, BUSY, asked, again=True)
        assert len(shown(found)) == most
        listing = [one for one in statements if "LIMIT $10" in one.query]
        counting = [one for one in statements if "GROUP BY s.department_id" in one.query]
        assert (len(listing), len(counting)) == (1, 1)
        assert await rows_read(busy.db, listing) < 5 * LISTED
        assert await rows_read(busy.db, counting) < 4 * MANY  # of forty times as many
        rest = [one for one in statements if one not in (*listing, *counting)]
        assert await rows_read(busy.db, rest) < 20 * LISTED


async def test_a_stretch_that_is_looked_at_again_is_the_same_stretch(busy: Hotline) -> None:
    boss = busy.agents["boss"]
    first = await day.listed(busy.db, boss, BUSY)
    again = await day.listed(busy.db, boss, BUSY, first.stretch, again=True)
    assert (shown(again), again.stretch, again.next) == (shown(first), first.stretch, None)
    assert day.cut(shown(first), Stretch()) == (shown(first), Stretch(), None)  # what fits is not cut


async def test_a_stretch_that_has_grown_too_long_is_cut_and_its_rest_offered(busy: Hotline) -> None:
    boss = busy.agents["boss"]
    everything = await walked(busy, BUSY)
    last = everything[day.GROWN + 9]
    long = Stretch(until=Cursor(last.slot.starts_at, str(last.id)))
    found = await day.listed(busy.db, boss, BUSY, long, again=True)
    assert found.next is not None
    rest = await day.listed(busy.db, boss, BUSY, found.next)
    assert shown(found) + shown(rest) == everything[: day.GROWN + 10]
    assert rest.next is None


@pytest.fixture
async def quiet(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url, connections=2) as found:
        yield found


async def looks(hotline: Hotline) -> list[tuple[str, str, object]]:
    async with hotline.db.connection() as conn:
        rows = await conn.fetch(
            "SELECT actor, subject_id, detail FROM audit WHERE action = 'list appointments' ORDER BY id"
        )
    return [tuple(row) for row in rows]


async def book_one(hotline: Hotline) -> tuple[DepartmentId, PractitionerId]:
    async with hotline.db.transaction(SYSTEM) as tx:
        department = await directory.put_department(tx.conn, code="im", name="内科", name_en="Internal medicine")
        doctor = await directory.put_practitioner(tx.conn, department, name="王医生", name_en="Dr Wang")
        start = NOON + timedelta(hours=20)
        slots = await scheduling.open_schedule(tx, doctor, start, start + timedelta(hours=1), 30, 1)
        patient_id = await tx.conn.fetchval(
            "INSERT INTO patient (name, search, created_by, created_at, updated_at) "
            "VALUES ('张三丰', '张三丰', 'test', $1, $1) RETURNING id",
            NOON,
        )
        await scheduling.book_in(tx, patient_id=patient_id, slot_id=slots[0], channel=Channel.WEB)
    return department, doctor


async def test_a_days_list_leaves_one_row_and_its_refreshes_none(quiet: Hotline) -> None:
    await book_one(quiet)
    chen, li = quiet.agents["chen"], quiet.agents["li"]
    tomorrow = Wanted(day=date(2026, 3, 3), start=NOON, end=NOON + timedelta(days=1))
    empty = Wanted(day=date(2026, 3, 9), start=NOON + timedelta(days=6), end=NOON + timedelta(days=7))
    await day.listed(quiet.db, chen, replace(tomorrow, status=Status.BOOKED))
    for _ in range(3):
        await day.listed(quiet.db, chen, tomorrow, again=True)
    await day.listed(quiet.db, chen, empty)
    await day.listed(quiet.db, li, tomorrow, again=True)
    assert await looks(quiet) == [
        ("chen", "2026-03-03", {"by": ["status"], "count": 1, "patient_ids": [1]}),
        ("li", "2026-03-03", {"by": [], "count": 1, "patient_ids": [1]}),
    ]


async def test_who_may_not_see_patients_sees_no_day(quiet: Hotline) -> None:
    marketer = replace(quiet.agents["chen"], role=Role.MARKETER)
    with pytest.raises(ForbiddenError):
        await day.listed(quiet.db, marketer, BUSY)
