"""A day of appointments: whole in its counts, a stretch at a time in its list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from crm_core.directory import store as directory
from crm_core.directory.model import Department, Practitioner
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId
from crm_core.patients import store as patients
from crm_core.scheduling import store
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment, Status
from crm_core.users.rights import Right, ensure
from overview import seen
from overview.reminders import Reminders, reminders_of

LISTED = 100
GROWN = 2 * LISTED  # a stretch that is looked at again: others have booked into it since

Counts = Mapping[tuple[DepartmentId, Status], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which day, `start` and `end` are its bounds; None means any."""

    day: date
    start: datetime
    end: datetime
    department_id: DepartmentId | None = None
    practitioner_id: PractitionerId | None = None
    status: Status | None = None

    def by(self) -> list[str]:
        """The names of the filters that are set."""
        return [name for name in ("department_id", "practitioner_id", "status") if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Part of the list: behind `after`, up to `until` and with it; None is where the day begins or ends."""

    after: Cursor | None = None
    until: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One department's part of the stretch, and how many it has on the whole day."""

    department: Department
    appointments: Sequence[Appointment]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """`stretch` is what is shown, `next` what follows, None when nothing does. `counts` leave the status out."""

    wanted: Wanted
    departments: Sequence[Department]
    practitioners: Sequence[Practitioner]
    columns: Sequence[Column]
    counts: Mapping[Status, int]
    names: Mapping[PatientId, str] = field(repr=False)
    reminders: Mapping[AppointmentId, Reminders]
    stretch: Stretch
    next: Stretch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One appointment of the list; without names where the page is the patient's own."""

    appointment: Appointment
    names: Mapping[PatientId, str] = field(repr=False)
    reminders: Mapping[AppointmentId, Reminders]


WHOLE = Stretch()


async def listed(db: Database, actor: Actor, wanted: Wanted, asked: Stretch = WHOLE, *, again: bool = False) -> Day:
    """`again`: the list asks for itself. Raises ForbiddenError."""
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        staff = await directory.practitioners(tx.conn, wanted.department_id)
        wanted = _sensible(wanted, staff)
        found, stretch, following = cut(await _found(tx.conn, wanted, asked), asked)
        counts = await _counts(tx.conn, wanted)
        departments = await directory.departments(tx.conn)
        if found:
            await seen.day(tx, wanted.day, wanted.by(), [one.patient_id for one in found], again=again)
        return Day(
            wanted=wanted,
            departments=departments,
            practitioners=staff,
            columns=columns(departments, found, counts, wanted.status),
            counts=by_status(counts),
            names=await names_of(tx.conn, found),
            reminders=await reminders_of(tx.conn, found),
            stretch=stretch,
            next=following,
        )


def _sensible(wanted: Wanted, staff: Iterable[Practitioner]) -> Wanted:
    """Who chooses another department does not mean the practitioner of the one before."""
    is_elsewhere = wanted.department_id is not None and wanted.practitioner_id not in {one.id for one in staff}
    return replace(wanted, practitioner_id=None) if is_elsewhere else wanted


async def _found(conn: Connection, wanted: Wanted, asked: Stretch) -> list[Appointment]:
    return await store.of_day(
        conn,
        wanted.start,
        wanted.end,
        department_id=wanted.department_id,
        practitioner_id=wanted.practitioner_id,
        status=wanted.status,
        after=asked.after,
        until=asked.until,
        limit=_most(asked) + 1,
    )


async def _counts(conn: Connection, wanted: Wanted) -> Counts:
    return await store.counts_of_day(
        conn,
        wanted.start,
        wanted.end,
        department_id=wanted.department_id,
        practitioner_id=wanted.practitioner_id,
    )


def _most(asked: Stretch) -> int:
    return GROWN if asked.until else LISTED


def cut(found: Sequence[Appointment], asked: Stretch) -> tuple[Sequence[Appointment], Stretch, Stretch | None]:
    """What is shown of one more than there is room for, as a stretch, and the rest of what was asked for."""
    if len(found) <= _most(asked):
        return found, asked, None
    shown = found[:LISTED]
    end = Cursor(shown[-1].slot.starts_at, str(shown[-1].id))
    return shown, replace(asked, until=end), replace(asked, after=end)


def columns(
    departments: Iterable[Department], found: Iterable[Appointment], counts: Counts, status: Status | None
) -> list[Column]:
    """Departments in menu order, those without appointments left out."""
    by_department: dict[DepartmentId, list[Appointment]] = {}
    for appointment in found:
        by_department.setdefault(appointment.slot.department_id, []).append(appointment)
    return [
        Column(
            department=one,
            appointments=by_department[one.id],
            total=sum(counts.get((one.id, each), 0) for each in ([status] if status else Status)),
        )
        for one in departments
        if one.id in by_department
    ]


def by_status(counts: Counts) -> dict[Status, int]:
    """Of all departments together."""
    return {status: sum(count for (_, each), count in counts.items() if each is status) for status in Status}


async def line(db: Database, actor: Actor, appointment_id: AppointmentId, *, with_name: bool) -> Line:
    """As it is after something was done with it, which has left its own row in the audit.

    Raises ForbiddenError, AppointmentNotFoundError.
    """
    ensure(actor, Right.SEE_PATIENTS)
    async with db.connection() as conn:
        appointment = await store.get(conn, appointment_id)
        if appointment is None:
            raise AppointmentNotFoundError("no such appointment")
        return Line(
            appointment=appointment,
            names=await names_of(conn, [appointment]) if with_name else {},
            reminders=await reminders_of(conn, [appointment]),
        )


async def names_of(conn: Connection, found: Iterable[Appointment]) -> dict[PatientId, str]:
    """Of the patients, each asked for once."""
    ids = list({appointment.patient_id for appointment in found})
    return {patient.id: patient.name for patient in await patients.many(conn, ids)}
