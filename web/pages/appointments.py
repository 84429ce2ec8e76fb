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
from crm_core.scheduling.model import Channel, SessionKind, Slot, Status
from overview import booking, day_search
from overview import day as days
from overview.booking import STRIP, Offer, Wish
from overview.day import Day, Stretch, Wanted
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

NOON = 12
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
class Doctor:
    """One practitioner's free times of a day; `one` says who, for what and for how much."""

    one: Slot
    free: int
    morning: Sequence[Slot]
    afternoon: Sequence[Slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPage:
    """Free times of a day, by doctor; `target` names the part of the page that shows them."""

    offer: Offer
    doctors: Sequence[Doctor]
    today: date
    first: date
    earlier: date | None
    later: date
    target: str
    problem: str = ""


async def index(request: web.Request) -> web.StreamResponse:
    """One day, a column for each department that has appointments; or a stretch of it."""
    deps = request.app[DEPS]
    today = forms.today(deps.db.clock(), deps.settings.timezone)
    wanted, target = wanted_of(request.query, today, deps.settings.timezone), request.headers.get("HX-Target", "")
    is_part = target.startswith(PART)
    again = is_part and not target.startswith(MORE)
    found = await days.listed(deps.db, actor_of(request), wanted, _stretch(request.query), again=again)
    template = "appointments/_day.html" if is_part else "appointments/index.html"
    return page(request, template, _day_page(found, today))


async def find(request: web.Request) -> web.StreamResponse:
    """Somebody of this day by name or number, as one types. Posted: neither stands in an address."""
    deps, form = request.app[DEPS], await forms.posted(request)
    wanted = wanted_of(form, forms.today(deps.db.clock(), deps.settings.timezone), deps.settings.timezone)
    words_ = forms.text(form, "q", limit=100)
    found = await day_search.found(deps.db, actor_of(request), wanted, words_)
    return page(request, "appointments/_found.html", {"found": found, "words_": words_})


def wanted_of(query: Mapping[str, str], today: date, zone: tzinfo) -> Wanted:
    """The day and the filters that stand in the address."""
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
    found = await booking.offer(deps.db, actor_of(request), _wish(patient_id, query, today))
    first = min(found.free, default=today)
    return BookingPage(
        offer=found,
        doctors=_doctors(found.slots, zone),
        today=today,
        first=first,
        earlier=max(first - forms.DAY * STRIP, today) if first > today else None,
        later=first + forms.DAY * STRIP,
        target="desk-booking" if query.get("at") == "desk" else "booking",
    )


def _wish(patient_id: PatientId, query: Mapping[str, str], today: date) -> Wish:
    """A day that is over is today; a day behind the strip moves the strip."""
    day = forms.day(query, "day")
    day = max(day, today) if day else None
    first = max(forms.day(query, "from") or today, today)
    if day and not first <= day < first + forms.DAY * STRIP:
        first = day
    department, practitioner = forms.optional_number(query, "department"), forms.optional_number(query, "practitioner")
    move = forms.optional_number(query, "move")
    return Wish(
        patient_id=patient_id,
        first=first,
        day=day,
        department_id=DepartmentId(department) if department else None,
        practitioner_id=PractitionerId(practitioner) if practitioner else None,
        move=AppointmentId(move) if move else None,
    )


def _doctors(slots: Iterable[Slot], zone: tzinfo) -> list[Doctor]:
    """Experts first, then by name; of each session of theirs on that day its morning and its afternoon."""

    def of_whom(slot: Slot) -> tuple[bool, str, PractitionerId]:
        return slot.kind is not SessionKind.EXPERT, slot.practitioner_name, slot.practitioner_id

    return [
        Doctor(
            one=some[0],
            free=sum(slot.free for slot in some),
            morning=[slot for slot in some if slot.starts_at.astimezone(zone).hour < NOON],
            afternoon=[slot for slot in some if slot.starts_at.astimezone(zone).hour >= NOON],
        )
        for some in (list(group) for _, group in groupby(sorted(slots, key=of_whom), of_whom))
    ]


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
    return await _card(request, made.id)


async def _card(request: web.Request, appointment_id: AppointmentId) -> web.Response:
    """What was made, moved or given up, with all that one may want next."""
    deps = request.app[DEPS]
    return page(
        request,
        "appointments/_booked.html",
        await days.line(deps.db, actor_of(request), appointment_id, with_name=True),
    )


async def confirm(request: web.Request) -> web.StreamResponse:
    """The patient said they will come."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.confirm(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made.id, _("Confirmed."))


async def cancel(request: web.Request) -> web.StreamResponse:
    """The place is free at once; the card can book it again as long as nobody else took it."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.cancel(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made.id, _("Cancelled."))


async def restore(request: web.Request) -> web.StreamResponse:
    """Undo of a cancellation: book the same time again."""
    appointment_id = AppointmentId(forms.path_number(request))
    made = await service.rebook(request.app[DEPS].db, actor_of(request), appointment_id, Channel.AGENT)
    return await line(request, made.id, _("Booked again."))


async def settle(request: web.Request) -> web.StreamResponse:
    """The patient came, did not, or neither was meant."""
    appointment_id = AppointmentId(forms.path_number(request))
    status = _status((await forms.posted(request)).get("status", ""))
    if status is None:
        raise InvalidInputError("arrived, noshow or booked", field="status")
    made = await service.settle(request.app[DEPS].db, actor_of(request), appointment_id, status)
    said = {Status.ARRIVED: _("Marked as arrived."), Status.NOSHOW: _("Marked as not come.")}
    return await line(request, made.id, said.get(made.status, _("Taken back.")))


async def tell(request: web.Request) -> web.StreamResponse:
    """The patient is told by SMS of what was booked, moved or cancelled, now."""
    appointment_id = AppointmentId(forms.path_number(request))
    await request.app[DEPS].reminders.tell(actor_of(request), appointment_id)
    return await line(request, appointment_id, _("The text is on its way."))


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


async def line(request: web.Request, appointment_id: AppointmentId, text: str) -> web.Response:
    """The appointment as it is now, as on the page it is on, and a toast.

    `names`: the day of many patients; `card`: the answer to a booking.
    """
    form = await forms.posted(request)
    if form.get("card"):
        answer = await _card(request, appointment_id)
    else:
        shown = await days.line(
            request.app[DEPS].db, actor_of(request), appointment_id, with_name=bool(form.get("names"))
        )
        answer = page(request, "appointments/_line.html", shown)
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}})
    return answer
