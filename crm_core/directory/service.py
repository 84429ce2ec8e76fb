"""The hospital's directory for whoever asks: nothing in it is about a patient, so only changes are audited."""

import asyncpg

from crm_core.directory import store
from crm_core.directory.errors import CodeTakenError
from crm_core.directory.model import Campus, Department, Practitioner
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.errors import NotFoundError
from crm_core.kernel.ids import CampusId, DepartmentId
from crm_core.kernel.once import Wish, made, made_before
from crm_core.users.rights import Right, ensure


async def departments(db: Database) -> list[Department]:
    """All, in the order of menus."""
    async with db.connection() as conn:
        return await store.departments(conn)


async def practitioners(db: Database, department_id: DepartmentId | None = None) -> list[Practitioner]:
    """Who sees patients now, by department and name."""
    async with db.connection() as conn:
        return await store.practitioners(conn, department_id)


async def campuses(db: Database) -> list[Campus]:
    """All, in the order of menus; one in most hospitals."""
    async with db.connection() as conn:
        return await store.campuses(conn)


async def campus(db: Database, campus_id: CampusId) -> Campus:
    """One of them. Raises NotFoundError."""
    found = next((one for one in await campuses(db) if one.id == campus_id), None)
    if found is None:
        raise NotFoundError("no such campus")
    return found


async def add_campus(
    db: Database, actor: Actor, *, code: str, name: str, name_en: str, position: int, wish: Wish | None = None
) -> Campus:
    """From now on departments are named with their campus. Raises ForbiddenError, CodeTakenError."""
    ensure(actor, Right.SET_BOOKING_RULES)
    async with db.transaction(actor) as tx:
        campus_id = await made_before(tx, wish)
        if campus_id is None:
            try:
                campus_id = await store.insert_campus(tx.conn, code=code, name=name, name_en=name_en, position=position)
            except asyncpg.UniqueViolationError:
                raise CodeTakenError("another campus has this code") from None
            await audit.record(tx, "add campus", "campus", campus_id)
            await made(tx, wish, campus_id)
        return next(one for one in await store.campuses(tx.conn) if one.id == CampusId(campus_id))
