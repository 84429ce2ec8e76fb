"""What waits for people, and people who ask."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.consultations import service as consultations
from crm_core.consultations import store as consultation_store
from crm_core.consultations.errors import ConsultationNotFoundError
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import ConsultationId, Linkedid, Msisdn, PatientId, TaskId, Uniqueid
from crm_core.patients import service as patients
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import NewPatient
from crm_core.tasks import handlers, service, store
from crm_core.tasks.errors import TaskNotFoundError
from crm_core.tasks.model import Task, TaskKind

pytestmark = pytest.mark.db

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
CALLER = Msisdn("+8613800138000")
NURSE = Actor(ActorKind.USER, "nurse", Role.NURSE)


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, subscriptions=handlers.SUBSCRIPTIONS) as db:
        yield db


async def opened(db: Database) -> list[Task]:
    async with db.connection() as conn:
        return await service.open_tasks(conn)


async def missed_call(db: Database, linkedid: str, caller: Msisdn | None = CALLER) -> Call:
    call = await calls.start(
        db,
        linkedid=Linkedid(linkedid),
        uniqueid=Uniqueid(linkedid),
        direction="in",
        caller=caller,
        did="4000",
    )
    await calls.queued(db, call.id, "operators")
    return call


async def test_a_missed_caller_is_called_back_once_however_often_they_rang(hospital: Database) -> None:
    patient = await patients.register(hospital, SYSTEM, NewPatient(name="张三丰", phones=("13800138000",)))
    for linkedid in ("1.1", "2.1"):
        await calls.ended(hospital, (await missed_call(hospital, linkedid)).id, "Normal Clearing")
    (task,) = await opened(hospital)
    assert (task.kind, task.msisdn, task.patient_name) == (TaskKind.CALL_BACK, CALLER, "张三丰")
    assert task.ref.startswith("calls/")
    await service.done(hospital, NURSE, task.id)
    await calls.ended(hospital, (await missed_call(hospital, "3.1")).id, "Normal Clearing")
    assert len(await opened(hospital)) == 1
    async with hospital.connection() as conn:
        assert len(await timeline.page(conn, patient.id, limit=9, kind="task")) == 2


async def test_who_left_a_voicemail_is_heard_first_and_not_called_twice(hospital: Database) -> None:
    call = await missed_call(hospital, "1.1")
    async with hospital.transaction(SYSTEM) as tx:
        assert await service.open_in(tx, TaskKind.HEAR_VOICEMAIL, CALLER, call.ref)
        assert not await service.open_in(tx, TaskKind.HEAR_VOICEMAIL, CALLER, call.ref)
    await calls.ended(hospital, call.id, "Normal Clearing")
    assert [task.kind for task in await opened(hospital)] == [TaskKind.HEAR_VOICEMAIL]


async def test_a_caller_asks_to_be_rung_back_here_or_at_another_number(hospital: Database) -> None:
    call = await missed_call(hospital, "1.1")
    withheld = await missed_call(hospital, "2.1", caller=None)
    assert await calls.request_callback(hospital, call.id)
    assert not await calls.request_callback(hospital, call.id)
    assert not await calls.request_callback(hospital, withheld.id)
    assert await calls.request_callback(hospital, withheld.id, Msisdn("+8613911112222"))
    await calls.ended(hospital, withheld.id, "Normal Clearing")
    assert [task.msisdn for task in await opened(hospital)] == [CALLER, "+8613911112222"]


async def test_tasks_come_by_urgency_and_a_done_one_is_gone(hospital: Database) -> None:
    async with hospital.transaction(SYSTEM) as tx:
        made = [
            await service.open_in(tx, "check_outcome", CALLER, f"sms/{n}", due_at=NOON + timedelta(hours=hours))
            for n, hours in enumerate((3, 1, 2))
        ]
        assert await service.open_in(tx, "check_outcome", CALLER, "sms/0") is None
    async with hospital.connection() as conn:
        first = await service.open_tasks(conn, limit=2)
        rest = await service.open_tasks(conn, after=first[-1].id)
        soon = await service.open_tasks(conn, kind="check_outcome", due_before=NOON + timedelta(hours=2))
        assert await store.count_open(conn) == {TaskKind.CHECK_OUTCOME: 3}
    assert [task.id for task in (*first, *rest)] == [made[1], made[2], made[0]]
    assert [task.id for task in soon] == [made[1]]
    for _ in range(2):
        finished = await service.done(hospital, NURSE, first[0].id)
        assert (finished.status, finished.done_by) == ("done", "nurse")
    assert len(await opened(hospital)) == 2
    with pytest.raises(TaskNotFoundError):
        await service.done(hospital, NURSE, TaskId(10**9))


async def ask(db: Database, text: str, patient_id: PatientId | None = None, source: str = "sms") -> ConsultationId:
    async with db.transaction(SYSTEM) as tx:
        return await consultations.open_in(tx, CALLER, source, text, patient_id)


async def test_what_somebody_asks_in_three_messages_is_one_consultation(database: Database) -> None:
    first = await ask(database, " 你好 ")
    assert {await ask(database, "妇科周六上班吗?"), await ask(database, "")} == {first}
    by_phone = await ask(database, "急", source="phone")
    async with database.connection() as conn:
        listed = await consultation_store.page(conn, status="open")
    assert [(one.id, one.text) for one in listed] == [(by_phone, "急"), (first, "你好\n妇科周六上班吗?")]
    with pytest.raises(InvalidInputError):
        await ask(database, "x", source="pigeon")


async def test_two_messages_at_once_open_one_consultation(database: Database) -> None:
    assert len(set(await asyncio.gather(*(ask(database, str(n)) for n in range(6))))) == 1


async def test_an_answered_consultation_is_closed_and_belongs_to_the_patient_it_became(database: Database) -> None:
    consultation_id = await ask(database, "多少钱?")
    patient = await patients.register(database, SYSTEM, NewPatient(name="张三丰", phones=("13800138000",)))
    with pytest.raises(PatientNotFoundError):
        await consultations.close(database, NURSE, consultation_id, PatientId(10**9))
    for _ in range(2):
        closed = await consultations.close(database, NURSE, consultation_id, patient.id)
        assert (closed.status, closed.patient_id, closed.patient_name) == ("closed", patient.id, "张三丰")
    async with database.connection() as conn:
        (entry,) = await timeline.page(conn, patient.id, limit=9)
    assert entry.ref == f"consultations/{consultation_id}"
    assert await ask(database, "还有一个问题") != consultation_id
    with pytest.raises(ConsultationNotFoundError):
        await consultations.close(database, NURSE, ConsultationId(10**9))
