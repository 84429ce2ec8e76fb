"""A record that was merged leads to the one it became part of, whoever asks, and is found by nothing."""

from datetime import timedelta

import asyncpg
import pytest

from crm_core.calls import service as calls
from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.ids import Linkedid, PatientId, Uniqueid
from crm_core.patients import lookup, search_store, service, store
from crm_core.patients.model import NewPatient, Patient, Wanted
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from crm_core.tasks.model import NewTask

pytestmark = pytest.mark.db


async def registered(db: Database, name: str) -> Patient:
    return await service.register(db, SYSTEM, NewPatient(name=name))


async def merged(db: Database, one: PatientId, into: PatientId) -> None:
    """As far as the record itself goes; what else it had is moved by the merge."""
    async with db.connection() as conn:
        await conn.execute("UPDATE patient SET merged_into_id = $2, search = '' WHERE id = $1", one, into)


@pytest.fixture
async def people(database: Database) -> tuple[PatientId, PatientId]:
    """One who was merged twice over, and who they are now."""
    first, second, third = [await registered(database, name) for name in ("张三", "张三丰", "张三丰")]
    await merged(database, second.id, third.id)
    await merged(database, first.id, second.id)
    return first.id, third.id


async def test_whoever_looks_at_it_sees_the_survivor_and_the_audit_says_whom(
    database: Database, people: tuple[PatientId, PatientId]
) -> None:
    gone, survivor = people
    assert (await service.view(database, SYSTEM, gone)).id == survivor
    opened = await lookup.open_page(database, SYSTEM, gone)
    patient, entries = await lookup.entries(database, SYSTEM, gone)
    assert {opened.patient.id, patient.id, *(one.patient_id for one in entries.items)} == {survivor}
    async with database.connection() as conn:
        seen = await conn.fetch("SELECT DISTINCT subject_id FROM audit WHERE action = 'view patient'")
    assert [row["subject_id"] for row in seen] == [str(survivor)]


async def test_what_is_changed_is_changed_there(database: Database, people: tuple[PatientId, PatientId]) -> None:
    gone, survivor = people
    changed = await service.change(database, SYSTEM, gone, {"region": "武当"})
    assert (changed.id, changed.region) == (survivor, "武当")
    async with database.connection() as conn:
        rows = await conn.fetch("SELECT DISTINCT patient_id FROM patient_change WHERE field = 'region'")
    assert [row["patient_id"] for row in rows] == [survivor]


async def test_nobody_finds_it(database: Database, people: tuple[PatientId, PatientId]) -> None:
    _gone, survivor = people
    async with database.connection() as conn:
        assert [one.id for one in await search_store.search(conn, "张三", limit=9)] == [survivor]
        assert await store.count(conn) == 1
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute("UPDATE patient SET search = '张三' WHERE id = $1", people[0])
    found = await lookup.find(database, SYSTEM, Wanted(), limit=9)
    assert [one.id for one in found.patients] == [survivor]


async def test_what_is_made_for_it_is_the_survivors(database: Database, people: tuple[PatientId, PatientId]) -> None:
    gone, survivor = people
    async with database.transaction(SYSTEM) as tx:
        department = await directory.put_department(tx.conn, code="im", name="内科", name_en="Internal medicine")
        doctor = await directory.put_practitioner(tx.conn, department, name="王医生", name_en="Dr Wang")
        start = tx.now + timedelta(days=1)
        (slot,) = await scheduling.open_schedule(tx, doctor, start, start + timedelta(minutes=30), 30, 1)
    booked = await scheduling.book(database, SYSTEM, patient_id=gone, slot_id=slot, channel="web")
    await tasks.create(database, SYSTEM, NewTask(text="寄病历", patient_id=gone))
    await calls.start(
        database, linkedid=Linkedid("1.1"), uniqueid=Uniqueid("1.1"), direction="in", caller=None, did="4000"
    )
    call = await calls.set_patient(database, Linkedid("1.1"), gone)
    async with database.connection() as conn:
        (task,) = await tasks.open_tasks(conn)
    assert (booked.patient_id, task.patient_id, task.ref, call.patient_id) == (
        survivor,
        survivor,
        f"patients/{survivor}",
        survivor,
    )


async def test_a_circle_leads_nowhere_and_ends(database: Database, people: tuple[PatientId, PatientId]) -> None:
    gone, survivor = people
    await merged(database, survivor, gone)
    async with database.connection() as conn:
        assert await store.get(conn, gone) is None
