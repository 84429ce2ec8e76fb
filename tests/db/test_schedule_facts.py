"""What later facts stand on: an appointment knows its time, a session can be stopped, two of one name are two."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from crm_core.directory import store as directory
from crm_core.kernel.actor import IVR_CALLER, SYSTEM
from crm_core.scheduling import errors, schedule_store, service, store
from tests.db.slots import NOON, TOMORROW, Hospital, open_hospital, outcome

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    """One practitioner, four slots of half an hour tomorrow, one place each."""
    async with open_hospital(database_url) as hospital:
        yield hospital


async def times(hospital: Hospital) -> list[tuple[object, object]]:
    async with hospital.db.connection() as conn:
        rows = await conn.fetch(
            "SELECT a.starts_at, s.starts_at AS of_slot FROM appointment a JOIN slot s ON s.id = slot_id ORDER BY a.id"
        )
    return [(row["starts_at"], row["of_slot"]) for row in rows]


async def test_an_appointment_knows_its_time_when_it_is_booked_moved_and_when_its_slot_is(hospital: Hospital) -> None:
    patient = await hospital.patient()
    booked = await hospital.book(patient)
    await service.reschedule(hospital.db, IVR_CALLER, booked, hospital.slots[2], "ivr")
    half_an_hour = timedelta(minutes=30)
    assert await times(hospital) == [(TOMORROW, TOMORROW), (TOMORROW + 2 * half_an_hour,) * 2]
    async with hospital.db.connection() as conn:
        await conn.execute("UPDATE slot SET starts_at = starts_at + interval '5 min' WHERE id = $1", hospital.slots[2])
        upcoming = await store.upcoming(conn, patient, TOMORROW + 2 * half_an_hour)
    assert [ours == theirs for ours, theirs in await times(hospital)] == [True, True]
    assert len(upcoming) == 1


async def stop(hospital: Hospital, table: str, number: int) -> None:
    async with hospital.db.connection() as conn:
        await conn.execute(f"UPDATE {table} SET status = 'stopped' WHERE id = $1", number)  # noqa: S608


async def offered(hospital: Hospital) -> tuple[int, int, int]:
    """How many times a patient is offered, places a day has, places a calendar shows."""
    day = (TOMORROW, TOMORROW + timedelta(days=1))
    async with hospital.db.connection() as conn:
        slots = await store.slots(conn, start=day[0], end=day[1], free_only=True)
        (free,) = await schedule_store.free_in(conn, [day], department_id=hospital.department)
        tallies = await schedule_store.tallies(conn, [day], now=NOON)
    return len(slots), free, tallies[0, hospital.department].free


async def test_in_a_stopped_slot_or_session_nothing_is_booked_and_what_was_stays(hospital: Hospital) -> None:
    one, other = await hospital.patient(), await hospital.patient("李四")
    booked = await hospital.book(one)
    assert await offered(hospital) == (3, 3, 3)
    await stop(hospital, "slot", hospital.slots[1])
    assert await offered(hospital) == (2, 2, 2)
    assert await outcome(hospital, other, hospital.slots[1]) == errors.SlotNotFoundError.code
    async with hospital.db.connection() as conn:
        schedule = await conn.fetchval("SELECT schedule_id FROM slot WHERE id = $1", hospital.slots[0])
    await stop(hospital, "schedule", schedule)
    assert await offered(hospital) == (0, 0, 0)
    cancelled = await service.cancel(hospital.db, IVR_CALLER, booked, "ivr")
    assert cancelled.slot.is_stopped
    assert not cancelled.may_return(NOON)
    with pytest.raises(errors.SlotNotFoundError):
        await service.rebook(hospital.db, IVR_CALLER, booked, "ivr")


async def test_two_of_one_name_in_a_department_are_told_apart_by_their_codes(hospital: Hospital) -> None:
    async with hospital.db.transaction(SYSTEM) as tx:
        put = [
            await directory.put_practitioner(
                tx.conn, hospital.department, name="王芳", name_en="Wang Fang", title=title, code=code
            )
            for title, code in (("主任医师", None), ("医师", "1021"), ("主治医师", "1021"))
        ]
        doctors = await directory.practitioners(tx.conn, hospital.department)
    assert (put[0] != put[1], put[1] == put[2]) == (True, True)
    assert [(one.title, one.code) for one in doctors if one.name == "王芳"] == [
        ("主任医师", None),
        ("主治医师", "1021"),
    ]
    with pytest.raises(asyncpg.UniqueViolationError):
        async with hospital.db.transaction(SYSTEM) as tx:
            await directory.put_practitioner(
                tx.conn, hospital.department, name="王方", name_en="Wang Fang", code="1021"
            )
