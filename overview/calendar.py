"""Weeks and months of appointments in figures, and the free places of a day. Nothing in it is about a patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from crm_core.directory import store as directory
from crm_core.directory.model import Department, Practitioner
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.ids import DepartmentId, PractitionerId, SlotId
from crm_core.scheduling import schedule_store, store
from crm_core.scheduling.errors import SlotNotFoundError
from crm_core.scheduling.model import Slot, Span, Tally
from crm_core.users.rights import Right, ensure

FREE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whose appointments; None means everybody's."""

    department_id: DepartmentId | None = None
    practitioner_id: PractitionerId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """`cells` by department and day; where nobody sits there is none. `totals` of all departments."""

    days: Sequence[date]
    choice: Choice
    departments: Sequence[Department]
    practitioners: Sequence[Practitioner]
    cells: Mapping[tuple[DepartmentId, date], Tally]
    totals: Mapping[date, Tally]


async def show(db: Database, actor: Actor, days: Sequence[date], choice: Choice) -> Calendar:
    """Raises ForbiddenError."""
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        staff = await directory.practitioners(tx.conn, choice.department_id)
        if choice.practitioner_id not in {one.id for one in staff}:
            choice = Choice(department_id=choice.department_id)
        found = await schedule_store.tallies(
            tx.conn,
            [_span(day, tx.zone) for day in days],
            now=tx.now,
            department_id=choice.department_id,
            practitioner_id=choice.practitioner_id,
        )
        cells = {(department_id, days[place]): tally for (place, department_id), tally in found.items()}
        return Calendar(
            days=days,
            choice=choice,
            departments=await directory.departments(tx.conn),
            practitioners=staff,
            cells=cells,
            totals={day: sum((one for (_, each), one in cells.items() if each == day), Tally()) for day in days},
        )


def _span(day: date, zone: tzinfo) -> Span:
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


async def free_places(db: Database, actor: Actor, day: date, choice: Choice) -> list[Slot]:
    """What can still be had on that day, by time. Raises ForbiddenError."""
    ensure(actor, Right.BOOK)
    async with db.transaction(actor) as tx:
        start, end = _span(day, tx.zone)
        return await store.slots(
            tx.conn,
            start=max(start, tx.now),
            end=end,
            department_id=choice.department_id,
            practitioner_id=choice.practitioner_id,
            free_only=True,
            limit=FREE,
        )


async def place(db: Database, actor: Actor, slot_id: SlotId) -> Slot:
    """The place that somebody is to be booked for. Raises ForbiddenError, SlotNotFoundError."""
    ensure(actor, Right.BOOK)
    async with db.transaction(actor) as tx:
        slot = await store.slot(tx.conn, slot_id)
        if slot is None:
            raise SlotNotFoundError("no such slot")
        return slot
