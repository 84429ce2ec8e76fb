"""What the patient's page and the screen pop both show beside the record."""

from datetime import datetime

from crm_core.calls import store as calls
from crm_core.calls.model import Call
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId
from crm_core.patients.model import Patient
from crm_core.scheduling import store as scheduling
from crm_core.tasks import store as tasks
from sms import store as sms
from web.reminders import reminders_of

CALLS = 5
TEXTS = 4


async def of_patient(conn: Connection, patient: Patient, now: datetime) -> dict[str, object]:
    """Next appointments, newest texts, open tasks; the names are those of the templates."""
    appointments = await scheduling.upcoming(conn, patient.id, now)
    return {
        "appointments": appointments,
        "names": {},
        "reminders": await reminders_of(conn, appointments),
        "texts": await sms.page(conn, patient_id=patient.id, limit=TEXTS),
        "tasks": await tasks.open_tasks(conn, patient_id=patient.id),
    }


async def last_calls(conn: Connection, patient: Patient, *, but: CallId | None = None) -> list[Call]:
    """The newest calls with this patient."""
    found = await calls.page(conn, patient_id=patient.id, limit=CALLS + 1)
    return [call for call in found if call.id != but][:CALLS]
