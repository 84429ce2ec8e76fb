"""Appointments: the day by department, booking, and everything one may do with an appointment."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from itertools import groupby
from urllib.parse import urlencode

from aiohttp import web

from crm_core.kernel import cursor
from crm_core.kernel.errors import HcrmError, InvalidInputError
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId, SlotId
from crm_core.scheduling import service
from crm_core.scheduling.model import Appointment, Channel, Slot, Status
from overview import booking
from overview import day as days
from overview.booking import Offer, Wish
from overview.day import Day, Stretch, Wanted
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

DAYS_SHOWN = 7
PART = "day"  # the list's first stretch; those behind it have names that begin so
MORE = "day-more"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPage:
    """`others` is the address of the same list on another day, `query` on this one."""

    found: Day
    today: date
    before: date
    after: date
    others: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPage:
    """Free times by day; `target` names the part of the page that shows them."""

    offer: Offer
    days: Sequence[tuple[date, Sequence[Slot]]]
    first: date
    earlier: date | None
    later: date
    target: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPage:
    """What was made."""

    appointment: Appointment
    was_moved: bool


async def index(request: web.Request) -> web.StreamResponse:
    """One day, a column for each department that has appointments; or a stretch of it."""
    deps = request.app[DEPS]
    today = forms.today(deps.db.clock(), deps.settings.timezone)
    wanted, target = _wanted(request.query, today, deps.settings.timezone), request.headers.get("HX-Target", "")
    is_part = target.startswith(PART)
    again = is_part and not target.startswith(MORE)
    found = await days.listed(deps.db, actor_of(request), wanted, _stretch(request.query), again=again)
    template = "appointments/_day.html" if is_part else "appointments/index.html"
    return page(request, template, _day_page(found, today))


def _wanted(query: Mapping[str, str], today: date, zone: tzinfo) -> Wanted:
    chosen = forms.day(query, "day", today) or today
    start, end = forms.bounds(chosen, zone)
    department, practitioner = forms.optional_number(query, "department"), forms.optional_number(query, "practitioner")
    return Wanted(
        day=chosen,
        start=start,
        end=end,
        department_id=DepartmentId(department) if department else None,
        practitioner_id=PractitionerId(practitioner) if practitioner else None,
        status=_status(query.get("status", "")),
    )


def _status(value: str) -> Status | None:
    try:
        return Status(value) if value else None
    except ValueError:
        raise InvalidInputError("no such status", field="status") from None


def _stretch(query: Mapping[str, str]) -> Stretch:
    return Stretch(after=cursor.parse(query.get("after", "")), until=cursor.parse(query.get("until", "")))


def _day_page(found: Day, today: date) -> DayPage:
    wanted = found.wanted
    filters = {
        "department": wanted.department_id or "",
        "practitioner": wanted.practitioner_id or "",
        "status": wanted.status or "",
    }
    return DayPage(
        found=found,
        today=today,
        before=wanted.day - forms.DAY,
        after=wanted.day + forms.DAY,
        others=urlencode(filters),
        query=urlencode({"day": wanted.day.isoformat(), **filters}),
    )


async def offer(request: web.Request) -> web.StreamResponse:
    """Free times for a patient: department, then days with their times. `move` names an appointment to move."""
    context = await _offered(request, PatientId(forms.path_number(request)), request.query)
    part = request.headers.get("HX-Target") in {"booking", "desk-booking"}
    return page(request, "appointments/_booking.html" if part else "appointments/book.html", context)


async def _offered(request: web.Request, patient_id: PatientId, query: Mapping[str, str]) -> BookingPage:
    deps = request.app[DEPS]
    zone = deps.settings.timezone
    today = forms.today(deps.db.clock(), zone)
    first = max(forms.day(query, "from") or today, today)
    found = await booking.offer(deps.db, actor_of(request), _wish(patient_id, query, first, zone))
    return BookingPage(
        offer=found,
        days=by_day(found.slots, zone),
        first=first,
        earlier=first - forms.DAY * DAYS_SHOWN if first > today else None,
        later=first + forms.DAY * DAYS_SHOWN,
        target="desk-booking" if query.get("at") == "desk" else "booking",
    )


def _wish(patient_id: PatientId, query: Mapping[str, str], first: date, zone: tzinfo) -> Wish:
    start, end = forms.bounds(first, zone, days=DAYS_SHOWN)
    department, move = forms.optional_number(query, "department"), forms.optional_number(query, "move")
    return Wish(
        patient_id=patient_id,
        start=start,
        end=end,
        department_id=DepartmentId(department) if department else None,
        move=AppointmentId(move) if move else None,
    )


def by_day(slots: Iterable[Slot], zone: tzinfo) -> list[tuple[date, list[Slot]]]:
    """Slots in the order they came, by the hospital's day."""

    def day_of(slot: Slot) -> date:
        return slot.starts_at.astimezone(zone).date()

    return [(day, list(some)) for day, some in groupby(slots, day_of)]


async def book(request: web.Request) -> web.StreamResponse:
    """Take the place; when it cannot be had the list comes back, fresh, with the reason."""
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
        context = replace(await _offered(request, patient_id, form), problem=words.error_words(error.code))
        return page(request, "appointments/_booking.html", context, status=409)
    return page(request, "appointments/_booked.html", BookedPage(appointment=made, was_moved=bool(move)))


async def confirm(request: web.Request) -> web.StreamResponse:
    """The patient said they will come."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.confirm(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made.id, _("Confirmed."))


async def cancel(request: web.Request) -> web.StreamResponse:
    """The place is free at once; the toast can book it again as long as nobody else took it."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.cancel(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made.id, _("Cancelled."), undo=f"/appointments/{made.id}/restore")


async def restore(request: web.Request) -> web.StreamResponse:
    """Undo of a cancellation: book the same time again."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.rebook(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made.id, _("Booked again."))


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
    return await line(request, appointment_id, text)


async def line(request: web.Request, appointment_id: AppointmentId, text: str, *, undo: str = "") -> web.Response:
    """The appointment as it is now, as on the page it is on (`names`: the day of many patients), and a toast."""
    with_name = bool((await forms.posted(request)).get("names"))
    shown = await days.line(request.app[DEPS].db, actor_of(request), appointment_id, with_name=with_name)
    answer = page(request, "appointments/_line.html", shown)
    toast = {"text": text} | ({"undo": undo, "undoText": _("Undo")} if undo else {})
    answer.headers["HX-Trigger"] = json.dumps({"toast": toast})
    return answer
