"""Patients: search as one types, and the one-page view with its timeline. Registration: `patient_form`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from aiohttp import web

from crm_core.consent import wishes
from crm_core.consent.model import WISH_CHANNELS, ContactChannel, Purpose, Wishes
from crm_core.kernel import cursor
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page, by_id
from crm_core.kernel.db import Database
from crm_core.kernel.errors import NotFoundError
from crm_core.kernel.ids import PatientId
from crm_core.patients import lookup, relations
from crm_core.patients.fields import FILTERS
from crm_core.patients.model import (
    Family,
    Found,
    History,
    Patient,
    Relatives,
    TimelineEntry,
    TimelineKind,
    Wanted,
)
from crm_core.users.rights import Right
from overview import cards
from overview.cards import Cards
from overview.timeline import CallNote, Told, call_notes, told
from web import forms
from web.deps import DEPS
from web.i18n import N_
from web.lists import Column, ListPage, Look
from web.render import page, say_phone
from web.security import actor_of
from web.sheet import Ask
from web.values import Line

FOUND = 8
TEXT = Ask(
    label=N_("Name, pinyin or initials, part of a phone number, card number"),
    widget="search",
    is_personal=True,
    extra={"maxlength": "100"},
)
HAVING = Ask(
    label=N_("Field"), words={name: one.english for name, one in FILTERS.items()}, nothing=N_("Any"), is_personal=True
)
VALUE = Ask(label=N_("contains"), widget="search", is_personal=True, extra={"maxlength": "100"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Whom somebody looks for."""

    q: Annotated[Line, TEXT] = field(default="", repr=False)
    having: Annotated[Line, HAVING] = ""
    value: Annotated[Line, VALUE] = field(default="", repr=False)


async def _read(look: Look[Filters]) -> Page[Patient]:
    after = PatientId(look.after.alone) if look.after else None
    wanted = Wanted(words=look.wanted.q, having=look.wanted.having, value=look.wanted.value)
    found = await lookup.find(look.db, look.actor, wanted, limit=look.limit, after=after)
    return Page(found.patients, by_id(found.more) if found.more else None)


LIST: ListPage[Patient, Filters] = ListPage(
    path="/patients",
    title=N_("Patients"),
    right=Right.SEE_PATIENTS,
    subject="patient",
    filters=Filters,
    read=_read,
    orders={"registered": N_("By registration")},
    leaves_by=(Right.EXPORT_PATIENTS,),
    link=lambda patient: f"/patients/{patient.id}",
    cells="patients/_cells.html",
    beside="patients/_beside.html",
    foot="patients/_foot.html",
    icon="user-search",
    empty=N_("Nobody is registered yet."),
    columns=(
        Column(heading=N_("Name"), value=lambda one: one.name, cell="name"),
        Column(heading=N_("Born"), value=lambda one: one.birth_date, css="num"),
        Column(heading=N_("Telephone"), value=lambda one: say_phone(one.phones[0] if one.phones else None), css="num"),
        Column(heading=N_("Card"), value=lambda one: one.card_no, css="num"),
        Column(heading=N_("Department"), value=lambda one: one.department),
        Column(heading=N_("Region"), value=lambda one: one.region),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """Those under the search field of every page."""

    patients: Sequence[Patient]
    query: str = field(repr=False)


async def find(request: web.Request) -> web.StreamResponse:
    """The few under the search field of every page."""
    query = forms.text(await forms.posted(request), "q", limit=100)
    found = Found((), None)
    if query:
        found = await lookup.find(request.app[DEPS].db, actor_of(request), Wanted(words=query), limit=FOUND)
    return page(request, "patients/_found.html", Few(patients=found.patients, query=query))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of the timeline: of one kind or of all, the first page or an older one."""

    patient: Patient
    told: Sequence[Told]
    next: Cursor | None
    notes: Mapping[str, CallNote] = field(repr=False)
    kind: str = ""
    is_older: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A part of the history: of one field or of all, its first page or an older one."""

    history: History
    field: str = ""
    is_older: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The page of one patient."""

    patient: Patient
    timeline: Timeline
    family: Family
    changes: Changes
    relatives: Relatives
    wishes: Sequence[Wishes]
    cards: Cards
    purposes: Sequence[Purpose] = tuple(Purpose)
    channels: Sequence[ContactChannel] = WISH_CHANNELS
    problem: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """Everything about one patient on one page. Leaves an audit row: who looked at whom."""
    db, actor = request.app[DEPS].db, actor_of(request)
    asked = PatientId(forms.path_number(request))
    opened = await lookup.open_page(db, actor, asked)
    if opened.patient.id != asked:  # merged meanwhile
        raise web.HTTPSeeOther(f"/patients/{opened.patient.id}")
    shown = Shown(
        patient=opened.patient,
        timeline=await _timeline(db, actor, opened.patient, opened.timeline),
        family=opened.family,
        changes=Changes(history=opened.history),
        relatives=await relations.of(db, actor, opened.patient.id),
        wishes=await wishes.of_patient(db, actor, opened.patient),
        cards=await cards.beside(db, actor, opened.patient),
    )
    return page(request, "patients/show.html", shown)


async def entries(request: web.Request) -> web.StreamResponse:
    """The timeline part: of one kind, or older than what is shown."""
    kind, before = request.query.get("kind", ""), cursor.parse(request.query.get("before", ""))
    if kind and kind not in tuple(TimelineKind):
        raise NotFoundError("no such kind")
    patient_id = PatientId(forms.path_number(request))
    db, actor = request.app[DEPS].db, actor_of(request)
    patient, found = await lookup.entries(db, actor, patient_id, kind=kind or None, before=before)
    timeline = await _timeline(db, actor, patient, found, kind=kind, is_older=before is not None)
    return page(request, "patients/_timeline.html", {"timeline": timeline})


async def _timeline(
    db: Database, actor: Actor, patient: Patient, found: Page[TimelineEntry], *, kind: str = "", is_older: bool = False
) -> Timeline:
    return Timeline(
        patient=patient,
        told=await told(db, actor, found.items),
        next=found.next,
        notes=await call_notes(db, actor, found.items),
        kind=kind,
        is_older=is_older,
    )


async def show_history(request: web.Request) -> web.StreamResponse:
    """Who changed what of the record, and who made it."""
    name, before = request.query.get("field", ""), cursor.parse(request.query.get("before", ""))
    patient_id = PatientId(forms.path_number(request))
    db, actor = request.app[DEPS].db, actor_of(request)
    found = await lookup.history(db, actor, patient_id, field=name or None, before=before)
    changes = Changes(history=found, field=name, is_older=before is not None)
    return page(request, "patients/_history.html", {"changes": changes})


async def show_cards(request: web.Request) -> web.StreamResponse:
    """The cards beside the timeline, when something changed."""
    patient_id = PatientId(forms.path_number(request))
    shown = await cards.refreshed(request.app[DEPS].db, actor_of(request), patient_id)
    return page(request, "patients/_cards.html", {"patient": shown.patient, "cards": shown})


def saved_at(path: str, text: str) -> web.Response:
    """htmx goes there and says so."""
    place = json.dumps({"path": path, "target": "#page", "select": "#page", "swap": "outerHTML"})
    headers = {"HX-Location": place, "HX-Trigger": json.dumps({"toast": {"text": text}})}
    return web.Response(status=200, headers=headers)
