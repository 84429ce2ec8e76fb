"""Who came and who did not; what may come back after it was cancelled; what a session is and costs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
import pytest

from crm_core import migrations
from crm_core.events import AppointmentSettled
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Tx, open_database
from crm_core.kernel.errors import InvalidInputError
from crm_core.scheduling import errors, service, store
from crm_core.scheduling.model import Appointment, SessionKind, Status
from tests.db.slots import NOON, TOMORROW, Hospital, open_hospital

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with open_hospital(database_url) as hospital:
        yield hospital


async def settle(hospital: Hospital, appointment: Appointment, status: Status) -> Status:
    return (await service.settle(hospital.db, SYSTEM, appointment.id, status)).status


async def booked(hospital: Hospital, slot: int = 0) -> Appointment:
    patient = await hospital.patient()
    return await service.book(hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots[slot], channel="agent")


async def test_who_comes_early_has_come_and_nobody_misses_what_has_not_begun(hospital: Hospital) -> None:
    one = await booked(hospital)
    with pytest.raises(errors.AppointmentAheadError):
        await settle(hospital, one, Status.ARRIVED)  # the day before
    hospital.now = TOMORROW - timedelta(hours=2)
    with pytest.raises(errors.AppointmentAheadError):
        await settle(hospital, one, Status.NOSHOW)
    assert await settle(hospital, one, Status.ARRIVED) is Status.ARRIVED


async def test_what_was_said_by_mistake_is_said_otherwise_or_taken_back(hospital: Hospital) -> None:
    one = await booked(hospital)
    await service.confirm(hospital.db, SYSTEM, one.id, "agent")
    hospital.now = TOMORROW + timedelta(days=1)
    steps = (Status.NOSHOW, Status.NOSHOW, Status.ARRIVED, Status.BOOKED)
    assert [await settle(hospital, one, each) for each in steps] == [
        Status.NOSHOW,
        Status.NOSHOW,
        Status.ARRIVED,
        Status.CONFIRMED,  # as it was
    ]
    async with hospital.db.connection() as conn:
        rows = await conn.fetch("SELECT detail->>'status' FROM audit WHERE action = 'settle appointment' ORDER BY id")
        said = await conn.fetch("SELECT code FROM timeline_entry WHERE patient_id = $1 ORDER BY id", one.patient_id)
    assert [row[0] for row in rows] == ["noshow", "arrived", "confirmed"]
    assert [row[0] for row in said[-3:]] == [
        "appointment.noshow",
        "appointment.arrived",
        "appointment.expected",
    ]


async def test_pages_hear_of_it(database_url: str) -> None:
    heard: list[AppointmentSettled] = []

    async def note(event: AppointmentSettled, tx: Tx) -> None:
        heard.append(event)

    async with open_hospital(database_url) as hospital:
        one = await booked(hospital)
    at = TOMORROW + timedelta(hours=1)
    async with open_database(database_url, subscriptions=[(AppointmentSettled, note)], clock=lambda: at) as db:
        for _ in range(2):
            await service.settle(db, SYSTEM, one.id, Status.ARRIVED)
    assert [(event.appointment_id, event.starts_at, event.status) for event in heard] == [(one.id, TOMORROW, "arrived")]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FULFILLED, Status.CONFIRMED])
async def test_nothing_else_is_said_so(hospital: Hospital, status: Status) -> None:
    one = await booked(hospital)
    hospital.now = TOMORROW
    with pytest.raises(InvalidInputError):
        await settle(hospital, one, status)


async def test_who_cancelled_was_not_missed(hospital: Hospital) -> None:
    one = await booked(hospital)
    await service.cancel(hospital.db, SYSTEM, one.id, "agent")
    hospital.now = TOMORROW
    with pytest.raises(errors.AppointmentNotOpenError):
        await settle(hospital, one, Status.NOSHOW)


async def now_of(hospital: Hospital, one: Appointment) -> Appointment:
    async with hospital.db.connection() as conn:
        found = await store.get(conn, one.id)
    assert found is not None
    return found


async def test_a_cancelled_appointment_may_return_until_somebody_has_the_place_or_it_begins(
    hospital: Hospital,
) -> None:
    one = await booked(hospital)
    assert not one.may_return(hospital.now)
    await service.cancel(hospital.db, SYSTEM, one.id, "agent")
    gone = await now_of(hospital, one)
    assert (gone.may_return(hospital.now), gone.may_return(TOMORROW)) == (True, False)
    assert [each.id for each in await given_up(hospital, one, NOON)] == [one.id]
    assert await given_up(hospital, one, NOON + timedelta(hours=1)) == []
    await service.rebook(hospital.db, SYSTEM, one.id, "agent")
    back = await now_of(hospital, one)
    assert (back.is_replaced, back.may_return(hospital.now)) == (True, False)
    assert await given_up(hospital, one, NOON) == []


async def given_up(hospital: Hospital, one: Appointment, since: datetime) -> list[Appointment]:
    async with hospital.db.connection() as conn:
        return (await store.ahead(conn, one.patient_id, hospital.now, given_up_since=since))[1]


async def test_what_was_moved_or_is_taken_does_not_return(hospital: Hospital) -> None:
    moved, other = await booked(hospital), await booked(hospital, 1)
    await service.reschedule(hospital.db, SYSTEM, moved.id, hospital.slots[2], "agent")
    await service.cancel(hospital.db, SYSTEM, other.id, "agent")
    stranger = await hospital.patient("李四")
    await service.book(hospital.db, SYSTEM, patient_id=stranger, slot_id=hospital.slots[1], channel="agent")
    assert [(await now_of(hospital, one)).may_return(hospital.now) for one in (moved, other)] == [False, False]


async def test_a_slot_says_with_whom_for_what_and_for_how_much(hospital: Hospital) -> None:
    async with hospital.db.transaction(SYSTEM) as tx:
        begin = TOMORROW + timedelta(days=1)
        slots = await service.open_schedule(
            tx, hospital.practitioner, begin, begin + timedelta(hours=1), 30, 1, kind=SessionKind.EXPERT, fee=5000
        )
        expert, unsaid = await store.slot(tx.conn, slots[0]), await store.slot(tx.conn, hospital.slots[0])
    assert expert is not None
    assert unsaid is not None
    assert (expert.kind, expert.fee) == (SessionKind.EXPERT, 5000)
    assert (unsaid.kind, unsaid.fee) == (SessionKind.GENERAL, None)


async def test_sessions_of_an_earlier_release_are_general_and_cost_what_nobody_has_said(
    empty_database_url: str,
) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0028")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO department (code, name, name_en) VALUES ('im', '内科', 'Internal medicine');
            INSERT INTO practitioner (department_id, name, name_en) SELECT id, '王医生', 'Dr Wang' FROM department;
            INSERT INTO schedule (practitioner_id, department_id, starts_at, ends_at)
            SELECT id, department_id, now(), now() + interval '1 hour' FROM practitioner;
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        assert [tuple(row) for row in await conn.fetch("SELECT kind, fee FROM schedule")] == [("general", None)]
    finally:
        await conn.close()
