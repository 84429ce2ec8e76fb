"""The hospital's directory for whoever asks: nothing in it is about a patient, so nothing is audited."""

from crm_core.directory import store
from crm_core.directory.model import Department, Practitioner
from crm_core.kernel.db import Database
from crm_core.kernel.ids import DepartmentId


async def departments(db: Database) -> list[Department]:
    """All, in the order of menus."""
    async with db.connection() as conn:
        return await store.departments(conn)


async def practitioners(db: Database, department_id: DepartmentId | None = None) -> list[Practitioner]:
    """Who sees patients now, by department and name."""
    async with db.connection() as conn:
        return await store.practitioners(conn, department_id)
