"""What the patient's page and the screen pop both show beside the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import AppointmentId, PatientId, SmsId
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.scheduling import store as scheduling
from crm_core.scheduling.model import Appointment
from crm_core.tasks import store as tasks
from crm_core.tasks.model import Task
from crm_core.users.rights import Right, ensure, may
from overview import seen
from overview.reminders import Reminders, reminders_of

TEXTS = 4
UNDONE_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of a message."""

    id: SmsId
    direction: str
    text: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """Next appointments and how they were reminded of, newest texts, open tasks: what the reader may see of them.

    `given_up`: what was cancelled within a day and may be restored.
    """

    patient: Patient
    appointments: Sequence[Appointment]
    given_up: Sequence[Appointment]
    reminders: Mapping[AppointmentId, Reminders]
    texts: Sequence[Text]
    tasks: Sequence[Task]


async def refreshed(db: Database, actor: Actor, patient_id: PatientId) -> Cards:
    """The cards alone, asked for again when something happened. Raises ForbiddenError, PatientNotFoundError."""
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        patient = await patients.get(tx.conn, patient_id)
        if patient is None:
            raise PatientNotFoundError("no such patient")
        await seen.patient(tx, patient_id, again=True)
        return await of_patient(tx.conn, actor, patient, tx.now)


async def beside(db: Database, actor: Actor, patient: Patient) -> Cards:
    """For the page of a patient that was just opened: that look is written down there."""
    async with db.connection() as conn:
        return await of_patient(conn, actor, patient, db.clock())


async def of_patient(conn: Connection, actor: Actor, patient: Patient, now: datetime) -> Cards:
    """For whoever has been let in to this patient, and has written down that they look."""
    appointments, given_up = await scheduling.ahead(conn, patient.id, now, given_up_since=now - UNDONE_FOR)
    return Cards(
        patient=patient,
        appointments=appointments,
        given_up=given_up,
        reminders=await reminders_of(conn, appointments),
        texts=await newest_texts(conn, patient.id) if may(actor, Right.SEE_SMS) else (),
        tasks=await tasks.open_tasks(conn, patient_id=patient.id) if may(actor, Right.DO_TASKS) else (),
    )


async def newest_texts(conn: Connection, patient_id: PatientId) -> list[Text]:
    """The newest few."""
    rows = await conn.fetch(
        "SELECT id, direction, text, created_at FROM sms WHERE patient_id = $1 ORDER BY id DESC LIMIT $2",
        patient_id,
        TEXTS,
    )
    return [Text(**row) for row in rows]
