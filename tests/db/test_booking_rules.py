"""One patient, one practitioner and one place, each in one place at a time: also when two ask at once."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from crm_core.kernel.actor import IVR_CALLER, SYSTEM
from crm_core.kernel.ids import AppointmentId, SlotId
from crm_core.scheduling import errors, lookup, service, store
from tests.db.slots import NOON, TOMORROW, Hospital, colleague, open_hospital, outcome
from tests.db.waits import waiting
from tests.eventually import eventually

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    """One practitioner, four slots of half an hour tomorrow, one place each."""
    async with open_hospital(database_url) as hospital:
        yield hospital


async def test_nobody_is_in_two_places_at_once_but_may_go_from_one_to_the_next(hospital: Hospital) -> None:
    patient = await hospital.patient()
    others = await colleague(hospital, TOMORROW + timedelta(minutes=15))
    await hospital.book(patient)
    assert await outcome(hospital, patient, others[0]) == "appointments_overlap"
    assert await outcome(hospital, await hospital.patient("李四"), others[0]) == "booked"
    assert await outcome(hospital, patient, hospital.slots[1]) == "booked"  # begins when the other ends


async def test_a_move_gives_up_what_it_would_lie_over(hospital: Hospital) -> None:
    patient = await hospital.patient()
    others = await colleague(hospital, TOMORROW + timedelta(minutes=15))
    first = await hospital.book(patient)
    moved = await service.reschedule(hospital.db, IVR_CALLER, first, others[0], "sms")
    await hospital.book(patient, slot=3)
    with pytest.raises(errors.OverlapsError):
        await service.reschedule(hospital.db, IVR_CALLER, moved.id, others[3], "sms")
    async with hospital.db.connection() as conn:
        kept = await store.upcoming(conn, patient, NOON)
    assert kept[0].id == moved.id


async def test_one_patient_does_not_fill_a_day(hospital: Hospital) -> None:
    patient = await hospital.patient()
    for slot in range(3):
        await hospital.book(patient, slot=slot)
    assert await outcome(hospital, patient, hospital.slots[3]) == "too_many_that_day"
    (next_day, *_) = await colleague(hospital, TOMORROW + timedelta(days=1))
    assert await outcome(hospital, patient, next_day) == "booked"
    async with hospital.db.connection() as conn:
        first = (await store.upcoming(conn, patient, NOON))[0]
    await service.reschedule(
        hospital.db, IVR_CALLER, first.id, hospital.slots[3], "ivr"
    )  # the day has no more than before
    assert await outcome(hospital, patient, hospital.slots[0]) == "too_many_that_day"
    async with hospital.db.connection() as conn:
        await conn.execute("UPDATE booking_rule SET most_a_day = 4")
    assert await outcome(hospital, patient, hospital.slots[0]) == "booked"


async def test_what_is_offered_is_never_refused(hospital: Hospital) -> None:
    patient = await hospital.patient()
    for slot in range(3):
        await hospital.book(patient, slot=slot)
    later = await colleague(hospital, TOMORROW + timedelta(days=1))
    end = TOMORROW + timedelta(days=3)

    async def offered(moving: AppointmentId | None = None) -> list[SlotId]:
        async with hospital.db.connection() as conn:
            found = await lookup.offered(
                conn,
                patient,
                start=NOON,
                end=end,
                department_id=hospital.department,
                zone=hospital.db.zone,
                limit=99,
                moving=moving,
            )
        return [slot.id for slot in found]

    assert await offered() == later
    async with hospital.db.connection() as conn:
        mine = (await store.upcoming(conn, patient, NOON))[0]
    assert await offered(mine.id) == [hospital.slots[3], *later]


async def test_of_two_bookings_of_one_patient_at_the_same_moment_one_wins(hospital: Hospital) -> None:
    others = await colleague(hospital, TOMORROW)
    people = [await hospital.patient(f"病人{n}") for n in range(4)]
    async with asyncio.timeout(60):
        pairs = await asyncio.gather(
            *(
                asyncio.gather(*(outcome(hospital, patient, slots[n]) for slots in (hospital.slots, others)))
                for n, patient in enumerate(people)
            )
        )
    assert [sorted(pair) for pair in pairs] == [["appointments_overlap", "booked"]] * 4


async def test_of_many_bookings_at_once_only_so_many_win_on_a_day(hospital: Hospital) -> None:
    patient = await hospital.patient()
    later = await colleague(hospital, TOMORROW + timedelta(hours=3))
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*(outcome(hospital, patient, slot) for slot in (*hospital.slots, *later)))
    assert (outcomes.count("booked"), outcomes.count("too_many_that_day")) == (3, 5)


async def _open_in_between(hospital: Hospital) -> None:
    async with hospital.db.transaction(SYSTEM) as tx:
        start = TOMORROW + timedelta(minutes=5)
        await service.open_schedule(tx, hospital.practitioner, start, start + timedelta(hours=1), 30, 1)


async def test_a_practitioner_is_not_at_work_twice_at_a_time(hospital: Hospital) -> None:
    async with hospital.db.transaction(SYSTEM) as tx:
        end = TOMORROW + timedelta(hours=2, minutes=20)
        await service.open_schedule(tx, hospital.practitioner, end, end + timedelta(hours=1), 30, 1)
    with pytest.raises(errors.ScheduleOverlapsError):
        await _open_in_between(hospital)
    async with hospital.db.connection() as conn:
        for longer in (
            "UPDATE schedule SET ends_at = ends_at + interval '5 min' WHERE id = 1",
            "UPDATE slot SET ends_at = ends_at + interval '5 min' WHERE id = 1",
        ):
            with pytest.raises(asyncpg.ExclusionViolationError):
                await conn.execute(longer)


async def test_a_place_that_somebody_has_is_not_taken_away(hospital: Hospital) -> None:
    slot = hospital.slots[0]
    async with hospital.db.connection() as conn:
        await conn.execute("UPDATE slot SET capacity = 3 WHERE id = $1", slot)
    people = [await hospital.patient(f"病人{n}") for n in range(2)]
    booked = [await hospital.book(patient) for patient in people]
    async with hospital.db.connection() as conn:
        await conn.execute("UPDATE slot SET capacity = 2 WHERE id = $1", slot)
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute("UPDATE slot SET capacity = 1 WHERE id = $1", slot)
    await service.cancel(hospital.db, IVR_CALLER, booked[1], "ivr")
    async with hospital.db.connection() as conn:
        await conn.execute("UPDATE slot SET capacity = 1 WHERE id = $1", slot)


async def test_a_booking_and_a_cut_at_the_same_moment_do_not_miss_each_other(hospital: Hospital) -> None:
    slot = hospital.slots[0]
    first, second = await hospital.patient(), await hospital.patient("李四")
    async with hospital.db.connection() as conn:
        await conn.execute("UPDATE slot SET capacity = 2 WHERE id = $1", slot)
    await hospital.book(first)

    async def cut() -> str:
        try:
            async with hospital.db.connection() as conn:
                await conn.execute("UPDATE slot SET capacity = 1 WHERE id = $1", slot)
        except asyncpg.CheckViolationError:
            return "refused"
        return "cut"

    async with asyncio.timeout(30), hospital.db.transaction(SYSTEM) as tx:
        await service.book_in(tx, patient_id=second, slot_id=slot, channel="web")
        cutting = asyncio.create_task(cut(), context=contextvars.Context())
        await eventually(lambda: waiting(tx.conn))
    assert await cutting == "refused"
