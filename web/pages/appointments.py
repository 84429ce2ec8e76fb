"""Appointments: the day by department, booking, and everything one may do with an appointment."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from itertools import groupby
from urllib.parse import urlencode

from aiohttp import web

from crm_core.directory import store as directory
from crm_core.directory.model import Department
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import HcrmError, InvalidInputError
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, SlotId
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.scheduling import service, store
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment, Channel, Slot
from overview.reminders import reminders_of
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

SLOTS_SHOWN = 500
DAYS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Column:
    """One department's day."""

    department: Department
    appointments: tuple[Appointment, ...]


async def index(request: web.Request) -> web.StreamResponse:
    """One day, a column for each department that has appointments."""
    deps = request.app[DEPS]
    today = forms.today(deps.db.clock(), deps.settings.timezone)
    chosen = forms.day(request.query, "day", today) or today
    department_id = forms.optional_number(request.query, "department")
    status = request.query.get("status", "")
    if status and status not in words.APPOINTMENT_STATUS:
        raise InvalidInputError("no such status", field="status")
    start, end = forms.bounds(chosen, deps.settings.timezone)
    async with deps.db.connection() as conn:
        departments = await directory.departments(conn)
        found = await store.of_day(
            conn,
            start,
            end,
            department_id=DepartmentId(department_id) if department_id else None,
            statuses=(status,) if status else None,
        )
        names = await names_of(conn, found)
        reminders = await reminders_of(conn, found)
    context = {
        "day": chosen,
        "today": today,
        "before": chosen - forms.DAY,
        "after": chosen + forms.DAY,
        "departments": departments,
        "department_id": department_id,
        "status": status,
        "columns": columns(departments, found),
        "counts": counts(found),
        "names": names,
        "reminders": reminders,
        "query": urlencode({"day": chosen.isoformat(), "department": department_id or "", "status": status}),
    }
    part = request.headers.get("HX-Target") == "day"
    return page(request, "appointments/_day.html" if part else "appointments/index.html", context)


def columns(departments: Iterable[Department], found: Iterable[Appointment]) -> list[Column]:
    """Departments in menu order, those without appointments left out."""
    by_department: dict[DepartmentId, list[Appointment]] = {}
    for appointment in found:
        by_department.setdefault(appointment.slot.department_id, []).append(appointment)
    return [Column(one, tuple(by_department[one.id])) for one in departments if one.id in by_department]


def counts(found: Iterable[Appointment]) -> dict[str, int]:
    """How many of each status."""
    result = dict.fromkeys(words.APPOINTMENT_STATUS, 0)
    for appointment in found:
        result[appointment.status] += 1
    return result


async def names_of(conn: Connection, found: Iterable[Appointment]) -> dict[PatientId, str]:
    """Names of the patients, each asked for once."""
    ids = list({appointment.patient_id for appointment in found})
    return {patient.id: patient.name for patient in await patients.many(conn, ids)}


async def offer(request: web.Request) -> web.StreamResponse:
    """Free times for a patient: department, then days with their times. `move` names an appointment to move."""
    patient_id = PatientId(forms.path_number(request))
    context = await _offered(request, patient_id, request.query)
    part = request.headers.get("HX-Target") in {"booking", "desk-booking"}
    return page(request, "appointments/_booking.html" if part else "appointments/book.html", context)


async def _offered(request: web.Request, patient_id: PatientId, query: Mapping[str, str]) -> dict[str, object]:
    deps = request.app[DEPS]
    zone, now = deps.settings.timezone, deps.db.clock()
    first = max(forms.day(query, "from") or forms.today(now, zone), forms.today(now, zone))
    start, end = forms.bounds(first, zone, days=DAYS_SHOWN)
    move = forms.optional_number(query, "move")
    async with deps.db.connection() as conn:
        patient = await patients.get(conn, patient_id)
        moved = await store.get(conn, AppointmentId(move)) if move else None
        departments = await directory.departments(conn)
        department_id = _department(query, moved, departments)
        slots = (
            await store.slots(
                conn, start=max(start, now), end=end, department_id=department_id, free_only=True, limit=SLOTS_SHOWN
            )
            if department_id
            else []
        )
    if patient is None:
        raise PatientNotFoundError("no such patient")
    return {
        "patient": patient,
        "moved": moved,
        "departments": departments,
        "department_id": department_id,
        "days": by_day(slots, zone),
        "first": first,
        "earlier": first - forms.DAY * DAYS_SHOWN if start > now else None,
        "later": first + forms.DAY * DAYS_SHOWN,
        "problem": "",
        "target": "desk-booking" if query.get("at") == "desk" else "booking",
    }


def _department(
    query: Mapping[str, str], moved: Appointment | None, departments: list[Department]
) -> DepartmentId | None:
    asked = forms.optional_number(query, "department")
    if asked:
        return DepartmentId(asked)
    if moved:
        return moved.slot.department_id
    return departments[0].id if departments else None


def by_day(slots: Iterable[Slot], zone: tzinfo) -> list[tuple[date, list[Slot]]]:
    """Slots in the order they came, by the hospital's day."""

    def day_of(slot: Slot) -> date:
        return slot.starts_at.astimezone(zone).date()

    return [(day, list(some)) for day, some in groupby(slots, day_of)]


async def book(request: web.Request) -> web.StreamResponse:
    """Take the place; when somebody was faster the list comes back, fresh, with the reason."""
    form = await forms.posted(request)
    patient_id, slot_id = PatientId(forms.number(form, "patient_id")), SlotId(forms.number(form, "slot_id"))
    move = forms.optional_number(form, "move")
    db, actor = request.app[DEPS].db, actor_of(request)
    try:
        if move:
            made = await service.reschedule(db, actor, AppointmentId(move), slot_id, Channel.AGENT)
        else:
            made = await service.book(db, actor, patient_id=patient_id, slot_id=slot_id, channel=Channel.AGENT)
    except HcrmError as error:
        context = await _offered(request, patient_id, form)
        return page(
            request, "appointments/_booking.html", context | {"problem": words.error_words(error.code)}, status=409
        )
    return page(request, "appointments/_booked.html", {"appointment": made, "names": {}, "was_moved": bool(move)})


async def confirm(request: web.Request) -> web.StreamResponse:
    """The patient said they will come."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.confirm(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made, _("Confirmed."))


async def cancel(request: web.Request) -> web.StreamResponse:
    """The place is free at once; the toast can book it again as long as nobody else took it."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.cancel(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made, _("Cancelled."), undo=f"/appointments/{made.id}/restore")


async def restore(request: web.Request) -> web.StreamResponse:
    """Undo of a cancellation: book the same time again."""
    db = request.app[DEPS].db
    async with db.connection() as conn:
        old = await store.get(conn, AppointmentId(forms.path_number(request)))
    if old is None:
        raise AppointmentNotFoundError("no such appointment")
    made = await service.book(
        db, actor_of(request), patient_id=old.patient_id, slot_id=old.slot.id, channel=Channel.AGENT
    )
    return await line(request, made, _("Booked again."))


async def remind(request: web.Request) -> web.StreamResponse:
    """Ask the patient by call or SMS whether they will come; consent and quiet hours may forbid it."""
    form = await forms.posted(request)
    deps, actor = request.app[DEPS], actor_of(request)
    appointment_id = AppointmentId(forms.path_number(request))
    if form.get("channel") == "call":
        await deps.reminders.by_call(actor, appointment_id)
        text = _("The reminder call is on its way.")
    elif form.get("channel") == "sms":
        await deps.reminders.by_sms(actor, appointment_id)
        text = _("The reminder SMS is on its way.")
    else:
        raise InvalidInputError("call or sms", field="channel")
    async with deps.db.connection() as conn:
        appointment = await store.get(conn, appointment_id)
    if appointment is None:
        raise AppointmentNotFoundError("no such appointment")
    return await line(request, appointment, text)


async def line(request: web.Request, appointment: Appointment, text: str, *, undo: str = "") -> web.Response:
    """The appointment as it is now, as on the page it is on (`names`: the day of many patients), and a toast."""
    with_names = bool((await forms.posted(request)).get("names"))
    async with request.app[DEPS].db.connection() as conn:
        context = {
            "appointment": appointment,
            "names": await names_of(conn, [appointment]) if with_names else {},
            "reminders": await reminders_of(conn, [appointment]),
        }
    answer = page(request, "appointments/_line.html", context)
    toast = {"text": text} | ({"undo": undo, "undoText": _("Undo")} if undo else {})
    answer.headers["HX-Trigger"] = json.dumps({"toast": toast})
    return answer
