"""The screen pop of nobody: a connection that has asked once answers the first caller as fast as the tenth."""

from uuid import UUID

from crm_core.calls import store as calls
from crm_core.kernel.db import Database
from crm_core.kernel.ids import CallId, PatientId
from crm_core.patients import store as patients
from crm_core.scheduling import store as scheduling
from crm_core.tasks import store as tasks
from overview import cards, pop

NO_CALL = CallId(UUID(int=0))
NOBODY = PatientId(0)


async def rehearse(db: Database) -> None:
    """What a pop reads, for ids that do not exist. Raises DatabaseUnavailableError."""
    async with db.connection() as conn:
        await calls.standing(conn, NO_CALL, None)
        await patients.get(conn, NOBODY)
        await scheduling.ahead(conn, NOBODY, db.clock(), given_up_since=db.clock())
        await cards.newest_texts(conn, NOBODY)
        await tasks.open_tasks(conn, patient_id=NOBODY)
        await pop.last_calls(conn, NOBODY, but=NO_CALL)
