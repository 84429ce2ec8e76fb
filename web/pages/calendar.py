"""Appointments by week and month, the free places of a day, and a new appointment that begins with a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import urlencode

from aiohttp import web

from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import DepartmentId, PractitionerId, SlotId
from crm_core.patients import lookup
from crm_core.patients.model import Patient, Wanted
from crm_core.scheduling.model import Slot
from overview import calendar
from overview.calendar import Calendar, Choice
from web import forms
from web.deps import DEPS
from web.render import page
from web.security import actor_of

WEEK = 7
OFFERED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPage:
    """`span` is week or month; `others` is the address of the same choice on another day."""

    found: Calendar
    span: str
    day: date
    today: date
    before: date
    after: date
    others: str


async def show(request: web.Request) -> web.StreamResponse:
    """Figures of a week by department, or of a month."""
    deps, query = request.app[DEPS], request.query
    today = forms.today(deps.db.clock(), deps.settings.timezone)
    day, span = forms.day(query, "day", today) or today, query.get("span", "week")
    if span not in SPANS:
        raise InvalidInputError("week or month", field="span")
    days = SPANS[span](day)
    found = await calendar.show(deps.db, actor_of(request), days, _choice(query))
    choice = {"department": found.choice.department_id or "", "practitioner": found.choice.practitioner_id or ""}
    before, after = (days[0] - forms.DAY, days[-1] + forms.DAY) if span == "week" else _other_months(day)
    shown = CalendarPage(
        found=found, span=span, day=day, today=today, before=before, after=after, others=urlencode(choice)
    )
    is_part = request.headers.get("HX-Target") == "calendar"
    return page(request, "appointments/_calendar.html" if is_part else "appointments/calendar.html", shown)


def _choice(query: Mapping[str, str]) -> Choice:
    department, practitioner = forms.optional_number(query, "department"), forms.optional_number(query, "practitioner")
    return Choice(
        department_id=DepartmentId(department) if department else None,
        practitioner_id=PractitionerId(practitioner) if practitioner else None,
    )


def week_of(day: date) -> list[date]:
    """Monday to Sunday."""
    return [day + timedelta(days=n - day.weekday()) for n in range(WEEK)]


def month_of(day: date) -> list[date]:
    """The whole weeks that the month lies in."""
    first = day.replace(day=1)
    _, following = _other_months(day)
    monday = first - timedelta(days=first.weekday())
    weeks = -(-(following - monday).days // WEEK)
    return [monday + timedelta(days=n) for n in range(weeks * WEEK)]


SPANS = {"week": week_of, "month": month_of}


def _other_months(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return (first - forms.DAY).replace(day=1), (first + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePlaces:
    """By practitioner, in the order of departments' ids. `before`: None on the first day that can be booked."""

    day: date
    before: date | None
    after: date
    choice: Choice
    doctors: Sequence[Sequence[Slot]]


async def free(request: web.Request) -> web.StreamResponse:
    """The places of a day that can still be had; each leads to a new appointment."""
    deps = request.app[DEPS]
    today = forms.today(deps.db.clock(), deps.settings.timezone)
    day = forms.day(request.query, "day", today) or today
    choice = _choice(request.query)
    slots = await calendar.free_places(deps.db, actor_of(request), day, choice)

    def whose(slot: Slot) -> tuple[int, int]:
        return slot.department_id, slot.practitioner_id

    doctors = [list(some) for _, some in groupby(sorted(slots, key=whose), whose)]
    before = day - forms.DAY if day > today else None
    places = FreePlaces(day=day, before=before, after=day + forms.DAY, choice=choice, doctors=doctors)
    return page(request, "appointments/_free.html", places)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPage:
    """For which place, and who was found for it so far; None: nobody has been looked for."""

    slot: Slot
    patients: Sequence[Patient] | None = field(repr=False, default=None)


async def new(request: web.Request) -> web.StreamResponse:
    """A place is chosen; for whom? Without one it is chosen first."""
    if not request.query.get("slot"):
        raise web.HTTPSeeOther("/appointments")
    slot = await _slot(request, request.query)
    return page(request, "appointments/new.html", NewPage(slot=slot))


async def find(request: web.Request) -> web.StreamResponse:
    """Who that could be, as one types."""
    form = await forms.posted(request)
    slot, query = await _slot(request, form), forms.text(form, "q", limit=100)
    patients: Sequence[Patient] | None = None
    if query:
        db, actor = request.app[DEPS].db, actor_of(request)
        patients = (await lookup.find(db, actor, Wanted(words=query), limit=OFFERED)).patients
    return page(request, "appointments/_for_whom.html", NewPage(slot=slot, patients=patients))


async def _slot(request: web.Request, query: Mapping[str, str]) -> Slot:
    return await calendar.place(request.app[DEPS].db, actor_of(request), SlotId(forms.number(query, "slot")))
