"""Places in slots: nobody gets one twice, nobody loses one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from crm_core.directory import store as directory
from crm_core.kernel.actor import IVR_CALLER, SYSTEM
from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import HcrmError, InvalidInputError
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, SlotId
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.scheduling import errors, lookup, service, store
from crm_core.scheduling.model import Status
from tests.databases import run_as_owner
from tests.db.slots import NOON, TOMORROW, Hospital, open_hospital, outcome

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    """One practitioner, four slots of half an hour tomorrow, one place each."""
    async with open_hospital(database_url) as hospital:
        yield hospital


async def test_a_schedule_is_cut_into_slots_once(hospital: Hospital) -> None:
    assert len(hospital.slots) == 4
    async with hospital.db.transaction(SYSTEM) as tx:
        end = TOMORROW + timedelta(hours=2)
        assert await service.open_schedule(tx, hospital.practitioner, TOMORROW, end, 30, 1) == []
        with pytest.raises(InvalidInputError):
            await service.open_schedule(tx, hospital.practitioner, end, TOMORROW, 30, 1)


async def test_slots_are_offered_in_order_by_department_and_only_free_ones(hospital: Hospital) -> None:
    await hospital.book(await hospital.patient(), slot=1)
    end = TOMORROW + timedelta(days=1)
    async with hospital.db.connection() as conn:
        free = await store.slots(conn, start=NOON, end=end, department_id=hospital.department, free_only=True, limit=2)
        rest = await store.slots(
            conn, start=NOON, end=end, free_only=True, limit=9, after=Cursor(free[-1].starts_at, str(free[-1].id))
        )
        every = await store.slots(conn, start=NOON, end=end, practitioner_id=hospital.practitioner)
        elsewhere = await store.slots(conn, start=NOON, end=end, department_id=DepartmentId(10**6))
    assert [slot.id for slot in (*free, *rest)] == [hospital.slots[n] for n in (0, 2, 3)]
    assert [(slot.free, slot.capacity) for slot in every] == [(1, 1), (0, 1), (1, 1), (1, 1)]
    assert (every[0].practitioner_name_en, every[0].department_name) == ("Lin Qiao", "妇科")
    assert elsewhere == []


async def test_nobody_is_offered_a_time_at_which_they_are_expected_already(hospital: Hospital) -> None:
    one, other = await hospital.patient(), await hospital.patient("李四")
    async with hospital.db.transaction(SYSTEM) as tx:
        colleague = await directory.put_practitioner(tx.conn, hospital.department, name="王琦", name_en="Wang Qi")
        middle = TOMORROW + timedelta(minutes=15)
        await service.open_schedule(tx, colleague, middle, middle + timedelta(minutes=30), 30, 1)
    await hospital.book(one)

    async def offered(patient: PatientId) -> int:
        async with hospital.db.connection() as conn:
            end = TOMORROW + timedelta(days=1)
            found = await lookup.offered(
                conn, patient, start=NOON, end=end, department_id=hospital.department, zone=hospital.db.zone, limit=9
            )
            return len(found)

    assert (await offered(one), await offered(other)) == (3, 4)  # neither the same slot nor the one that overlaps


async def test_an_appointment_is_booked_confirmed_and_seen_everywhere(hospital: Hospital) -> None:
    patient = await hospital.patient()
    appointment_id = await hospital.book(patient)
    confirmed = await service.confirm(hospital.db, IVR_CALLER, appointment_id, "call")
    again = await service.confirm(hospital.db, IVR_CALLER, appointment_id, "call")
    async with hospital.db.connection() as conn:
        entries = await timeline.page(conn, patient, limit=9)
        upcoming = await store.upcoming(conn, patient, NOON)
        of_day = await store.of_day(conn, TOMORROW, TOMORROW + timedelta(days=1), status="confirmed", limit=9)
        paged = await store.page(conn, patient_id=patient, status="confirmed")
        audits = [row["action"] for row in await conn.fetch("SELECT action FROM audit ORDER BY id")]
    assert confirmed == again == upcoming[0] == of_day[0] == paged[0]
    assert (confirmed.status, confirmed.confirmed_at, confirmed.booked_by) == (Status.CONFIRMED, NOON, "ivr")
    assert [entry.code for entry in entries] == ["appointment.confirmed", "appointment.booked"]
    assert [type(event).__name__ for event in hospital.happened] == ["AppointmentBooked", "AppointmentConfirmed"]
    assert audits == ["register patient", "book appointment", "confirm appointment"]


async def test_a_cancelled_place_is_free_for_somebody_else(hospital: Hospital) -> None:
    first = await hospital.book(await hospital.patient())
    other = await hospital.patient("李四")
    with pytest.raises(errors.SlotFullError):
        await hospital.book(other)
    cancelled = await service.cancel(hospital.db, IVR_CALLER, first, "ivr")
    assert (await service.cancel(hospital.db, IVR_CALLER, first, "ivr")) == cancelled
    assert cancelled.status is Status.CANCELLED
    assert cancelled.slot.free == 1
    await hospital.book(other)
    assert [type(event).__name__ for event in hospital.happened].count("AppointmentCancelled") == 1


async def test_a_cancelled_appointment_cannot_be_confirmed_or_moved(hospital: Hospital) -> None:
    appointment_id = await hospital.book(await hospital.patient())
    await service.cancel(hospital.db, IVR_CALLER, appointment_id, "ivr")
    with pytest.raises(errors.AppointmentNotOpenError):
        await service.confirm(hospital.db, IVR_CALLER, appointment_id, "ivr")
    with pytest.raises(errors.AppointmentNotOpenError):
        await service.reschedule(hospital.db, IVR_CALLER, appointment_id, hospital.slots[2], "ivr")


async def test_one_patient_has_one_place_in_a_slot(hospital: Hospital) -> None:
    patient = await hospital.patient()
    appointment_id = await hospital.book(patient)
    with pytest.raises(errors.AlreadyBookedError) as caught:
        await hospital.book(patient)
    assert caught.value.appointment_id == appointment_id


async def test_nobody_books_confirms_cancels_or_moves_the_past(hospital: Hospital) -> None:
    patient = await hospital.patient()
    appointment_id = await hospital.book(patient)
    hospital.now = TOMORROW
    with pytest.raises(errors.SlotOverError):
        await hospital.book(await hospital.patient("李四"))
    with pytest.raises(errors.AppointmentOverError):
        await service.confirm(hospital.db, IVR_CALLER, appointment_id, "ivr")
    with pytest.raises(errors.AppointmentOverError):
        await service.cancel(hospital.db, IVR_CALLER, appointment_id, "ivr")
    with pytest.raises(errors.AppointmentOverError):
        await service.reschedule(hospital.db, IVR_CALLER, appointment_id, hospital.slots[2], "ivr")


async def test_what_does_not_exist_is_said_so(hospital: Hospital) -> None:
    patient = await hospital.patient()
    with pytest.raises(errors.SlotNotFoundError):
        await service.book(hospital.db, SYSTEM, patient_id=patient, slot_id=SlotId(10**9), channel="api")
    with pytest.raises(PatientNotFoundError):
        await service.book(hospital.db, SYSTEM, patient_id=PatientId(10**9), slot_id=hospital.slots[0], channel="api")
    with pytest.raises(errors.AppointmentNotFoundError):
        await service.cancel(hospital.db, SYSTEM, AppointmentId(10**9), "api")
    with pytest.raises(InvalidInputError):
        await service.book(hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots[0], channel="pigeon")


async def test_a_move_gives_the_old_place_back_and_takes_the_new_one(hospital: Hospital) -> None:
    patient = await hospital.patient()
    old_id = await hospital.book(patient)
    moved = await service.reschedule(hospital.db, IVR_CALLER, old_id, hospital.slots[2], "sms")
    again = await service.reschedule(hospital.db, IVR_CALLER, old_id, hospital.slots[2], "sms")
    async with hospital.db.connection() as conn:
        old = await store.get(conn, old_id)
        assert [a.id for a in await store.upcoming(conn, patient, NOON)] == [moved.id]
    assert again == moved
    assert (moved.slot.id, moved.moved_from_id, moved.status) == (hospital.slots[2], old_id, Status.BOOKED)
    assert old is not None
    assert (old.status, old.slot.free) == (Status.CANCELLED, 1)
    assert [(type(e).__name__, getattr(e, "is_move", None)) for e in hospital.happened] == [
        ("AppointmentBooked", False),
        ("AppointmentCancelled", True),
        ("AppointmentBooked", True),
    ]


async def test_a_move_to_a_full_slot_keeps_the_old_place(hospital: Hospital) -> None:
    await hospital.book(await hospital.patient("李四"), slot=2)
    mine = await hospital.book(await hospital.patient())
    with pytest.raises(errors.SlotFullError):
        await service.reschedule(hospital.db, IVR_CALLER, mine, hospital.slots[2], "ivr")
    same = await service.reschedule(hospital.db, IVR_CALLER, mine, hospital.slots[0], "ivr")
    assert (same.id, same.status) == (mine, Status.BOOKED)


async def test_a_patient_may_move_back_to_where_they_were(hospital: Hospital) -> None:
    first = await hospital.book(await hospital.patient())
    second = await service.reschedule(hospital.db, IVR_CALLER, first, hospital.slots[1], "ivr")
    third = await service.reschedule(hospital.db, IVR_CALLER, second.id, hospital.slots[0], "ivr")
    assert third.slot.id == hospital.slots[0]


async def test_two_hundred_people_and_one_last_place(hospital: Hospital) -> None:
    people = [await hospital.patient(f"病人{n}") for n in range(200)]
    slot = hospital.slots[0]
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*(outcome(hospital, patient, slot) for patient in people))
    assert sorted(outcomes, key=len)[0] == "booked"
    assert (outcomes.count("booked"), outcomes.count("slot_full")) == (1, 199)
    async with hospital.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM appointment WHERE slot_id = $1", slot) == 1
    assert len(hospital.happened) == 1


async def test_two_who_swap_their_places_at_once_do_not_block_each_other(hospital: Hospital) -> None:
    mine = [await hospital.book(await hospital.patient(f"甲{n}"), slot=n) for n in (0, 1)]

    async def move(appointment: AppointmentId, slot: int) -> str:
        try:
            await service.reschedule(hospital.db, IVR_CALLER, appointment, hospital.slots[slot], "ivr")
        except HcrmError as error:
            return error.code
        return "moved"

    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(move(mine[0], 1), move(mine[1], 0))
    assert set(outcomes) == {"slot_full"}


async def test_the_database_itself_refuses_a_second_person_on_a_place(hospital: Hospital) -> None:
    await hospital.book(await hospital.patient())
    other = await hospital.patient("李四")
    async with hospital.db.connection() as conn:
        for place, error in ((1, asyncpg.UniqueViolationError), (2, asyncpg.CheckViolationError)):
            with pytest.raises(error):
                await conn.execute(
                    "INSERT INTO appointment (patient_id, slot_id, place, status, channel, booked_by, booked_at) "
                    "VALUES ($1, $2, $3, 'booked', 'api', 'x', now())",
                    other,
                    hospital.slots[0],
                    place,
                )


async def _whole_reads_of_slot(conn: Connection) -> int:
    await conn.execute("SELECT pg_stat_force_next_flush()")
    return int(await conn.fetchval("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'slot'"))


async def test_free_slots_are_found_without_reading_every_slot(hospital: Hospital, owner_url: str) -> None:
    async with hospital.db.connection() as conn:
        await conn.execute(
            """
            INSERT INTO slot (schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity)
            SELECT schedule_id, practitioner_id, department_id, starts_at + n * interval '31 minutes',
                   starts_at + (n + 1) * interval '31 minutes', 2
            FROM slot, generate_series(100, 6000) AS n ON CONFLICT DO NOTHING
            """
        )
        await run_as_owner(owner_url, "VACUUM ANALYZE slot")
        before = await _whole_reads_of_slot(conn)
        for _ in range(10):
            for which in ({"department_id": hospital.department}, {"practitioner_id": hospital.practitioner}, {}):
                await store.slots(conn, start=NOON, end=NOON + timedelta(days=14), free_only=True, limit=10, **which)
            await store.of_day(conn, TOMORROW, TOMORROW + timedelta(days=1), limit=100)
        assert await _whole_reads_of_slot(conn) == before
