"""Patients: search as one types, the one-page view with its timeline, registration and changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from crm_core.calls import desk
from crm_core.consent import wishes
from crm_core.consent.model import WISH_CHANNELS, ContactChannel, Purpose, Wishes
from crm_core.consultations import service as consultations
from crm_core.directory.model import Department
from crm_core.kernel import cursor
from crm_core.kernel.audit import AuditRow
from crm_core.kernel.cursor import Page
from crm_core.kernel.errors import HcrmError, NotFoundError
from crm_core.kernel.ids import CallId, ConsultationId, PatientId
from crm_core.patients import form as registration
from crm_core.patients import lookup, rules
from crm_core.patients.form import Saved
from crm_core.patients.meanwhile import Meanwhile
from crm_core.patients.model import (
    Family,
    Found,
    NewPatient,
    Patient,
    PatientChange,
    TimelineEntry,
    TimelineKind,
    Wanted,
)
from overview import cards
from overview.cards import Cards
from overview.timeline import CallNote, call_notes
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

FOUND = 8
LISTED = 30
LOOKS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the list shows: a page of those found, and what the button for more sends."""

    patients: Sequence[Patient]
    query: str = field(repr=False)
    more: Mapping[str, object] | None = field(repr=False)


async def index(request: web.Request) -> web.StreamResponse:
    """Everybody, a page at a time."""
    return await _list(request, {}, "patients/index.html")


async def search(request: web.Request) -> web.StreamResponse:
    """As one types. Posted, so that no name or number stands in an address."""
    return await _list(request, await forms.posted(request), "patients/_list.html")


async def _list(request: web.Request, form: Mapping[str, str], template: str) -> web.Response:
    query, after = forms.text(form, "q", limit=100), forms.optional_number(form, "after")
    found = await _found(request, query, PatientId(after) if after else None)
    more = {"q": query, "after": found.more} if found.more else None
    return page(request, template, Listed(patients=found.patients, query=query, more=more))


async def _found(request: web.Request, query: str, after: PatientId | None) -> Found:
    return await lookup.find(request.app[DEPS].db, actor_of(request), Wanted(words=query), limit=LISTED, after=after)


async def find(request: web.Request) -> web.StreamResponse:
    """The few under the search field of every page."""
    query = forms.text(await forms.posted(request), "q", limit=100)
    found = Found((), None)
    if query:
        found = await lookup.find(request.app[DEPS].db, actor_of(request), Wanted(words=query), limit=FOUND)
    return page(request, "patients/_found.html", Listed(patients=found.patients, query=query, more=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of the timeline: of one kind or of all, the first page or an older one."""

    patient: Patient
    entries: Page[TimelineEntry]
    notes: Mapping[str, CallNote] = field(repr=False)
    kind: str = ""
    is_older: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The page of one patient."""

    patient: Patient
    timeline: Timeline
    family: Family
    wishes: Sequence[Wishes]
    cards: Cards
    purposes: Sequence[Purpose] = tuple(Purpose)
    channels: Sequence[ContactChannel] = WISH_CHANNELS
    problem: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """Everything about one patient on one page. Leaves an audit row: who looked at whom."""
    db, actor = request.app[DEPS].db, actor_of(request)
    opened = await lookup.open_page(db, actor, PatientId(forms.path_number(request)))
    notes = await call_notes(db, actor, opened.timeline.items)
    shown = Shown(
        patient=opened.patient,
        timeline=Timeline(patient=opened.patient, entries=opened.timeline, notes=notes),
        family=opened.family,
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
    notes = await call_notes(db, actor, found.items)
    timeline = Timeline(patient=patient, entries=found, notes=notes, kind=kind, is_older=before is not None)
    return page(request, "patients/_timeline.html", {"timeline": timeline})


async def show_cards(request: web.Request) -> web.StreamResponse:
    """The cards beside the timeline, when something changed."""
    patient_id = PatientId(forms.path_number(request))
    shown = await cards.refreshed(request.app[DEPS].db, actor_of(request), patient_id)
    return page(request, "patients/_cards.html", {"patient": shown.patient, "cards": shown})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Who saw a patient: a page, and the address of the next."""

    patient_id: PatientId
    rows: Sequence[AuditRow]
    more: str


async def seen(request: web.Request) -> web.StreamResponse:
    """Who saw this patient, in lists too. For auditors: by the patient's number, without the record."""
    patient_id, before = PatientId(forms.path_number(request)), forms.optional_number(request.query, "before")
    rows = await lookup.who_saw(request.app[DEPS].db, actor_of(request), patient_id, limit=LOOKS + 1, before=before)
    more = f"/audit/patients/{patient_id}?before={rows[LOOKS - 1].id}" if len(rows) > LOOKS else ""
    template = "audit/_rows.html" if request.headers.get("HX-Target") == "more" else "patients/seen.html"
    return page(request, template, Looks(patient_id=patient_id, rows=rows[:LOOKS], more=more))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The registration form as typed; `patient` and `version` when it changes a record.

    `changes` and `both`: what others changed while it was open, and which of that the reader changed too.
    """

    departments: Sequence[Department]
    form: Mapping[str, str] = field(repr=False)
    patient: Patient | None = None
    version: int = 0
    problem: str = ""
    problem_field: str = ""
    is_stale: bool = False
    changes: Mapping[str, PatientChange] = field(default_factory=dict)
    both: frozenset[str] = frozenset()


async def new(request: web.Request) -> web.StreamResponse:
    """The empty registration form; `call` or `consultation` prefills the number that called or asked."""
    return await _form(request, {"phones": await _number(request)})


async def _number(request: web.Request) -> str:
    db, actor = request.app[DEPS].db, actor_of(request)
    if "call" in request.query:
        return await desk.caller_of(db, actor, CallId(forms.uuid_of(request.query["call"]))) or ""
    asked = forms.optional_number(request.query, "consultation")
    if asked is None:
        return ""
    return (await consultations.view(db, actor, ConsultationId(asked))).consultation.msisdn


async def edit(request: web.Request) -> web.StreamResponse:
    """The same form, filled in."""
    patient = await _patient(request)
    return await _form(request, _as_form(rules.values(patient)), patient)


async def _patient(request: web.Request) -> Patient:
    patient_id = PatientId(forms.path_number(request))
    return await registration.opened(request.app[DEPS].db, actor_of(request), patient_id)


async def register(request: web.Request) -> web.StreamResponse:
    """A new patient; a mistake brings the form back with what was typed."""
    form = await forms.posted(request)
    try:
        done = await registration.register(request.app[DEPS].db, actor_of(request), _new(form))
    except HcrmError as error:
        return await _form(request, form, error=error)
    return _done(done, _("Registered."))


async def change(request: web.Request) -> web.StreamResponse:
    """Changed fields only; every change is kept with who and when. What others changed meanwhile is shown first."""
    form = await forms.posted(request)
    patient_id, version = PatientId(forms.path_number(request)), forms.number(form, "version")
    try:
        done = await registration.save(request.app[DEPS].db, actor_of(request), patient_id, _values(form), version)
    except HcrmError as error:
        return await _form(request, form, await _patient(request), error)
    return await _shown_again(request, done) if isinstance(done, Meanwhile) else _done(done, _("Saved."))


async def _shown_again(request: web.Request, meanwhile: Meanwhile) -> web.Response:
    form = _as_form(meanwhile.values)
    return await _form(request, form, meanwhile.record, changes=meanwhile.changes, both=meanwhile.both)


def _done(done: Saved, text: str) -> web.Response:
    if done.is_nobodys:
        text += " " + _(
            "{count} people have this number, so nobody is recognised by it.", count=words.people(done.people)
        )
    elif done.is_crowded:
        text += " " + _("{count} people have this number now.", count=done.people)
    return saved(done.patient.id, text)


def saved(patient_id: PatientId, text: str) -> web.Response:
    """htmx goes to the patient and says so."""
    return saved_at(f"/patients/{patient_id}", text)


def saved_at(path: str, text: str) -> web.Response:
    """htmx goes there and says so."""
    place = json.dumps({"path": path, "target": "#page", "select": "#page", "swap": "outerHTML"})
    headers = {"HX-Location": place, "HX-Trigger": json.dumps({"toast": {"text": text}})}
    return web.Response(status=200, headers=headers)


async def _form(
    request: web.Request,
    form: Mapping[str, str],
    patient: Patient | None = None,
    error: HcrmError | None = None,
    *,
    changes: Mapping[str, PatientChange] | None = None,
    both: frozenset[str] = frozenset(),
) -> web.Response:
    shown = Form(
        departments=await registration.departments(request.app[DEPS].db, actor_of(request)),
        form=form,
        patient=patient,
        version=_version(form, patient, error),
        problem=words.error_words(error.code) if error else "",
        problem_field=getattr(error, "field", ""),
        is_stale=changes is not None,
        changes={name: _said(one) for name, one in (changes or {}).items()},
        both=both,
    )
    status = 409 if changes is not None else 422 if error else 200
    return page(request, "patients/form.html", shown, status=status)


def _version(form: Mapping[str, str], patient: Patient | None, error: HcrmError | None) -> int:
    """A mistake does not make the reader see more than they saw: the form keeps the version it was opened with."""
    if error and "version" in form:
        return forms.number(form, "version")
    return patient.version if patient else 0


def _said(change: PatientChange) -> PatientChange:
    """The same in the words of the form."""
    old, new_ = (_as_form({change.field_name: value})[change.field_name] for value in (change.old, change.new))
    return replace(change, old=old, new=new_)


def _as_form(values: Mapping[str, object]) -> dict[str, str]:
    between = {"phones": "\n", "diseases": "、"}
    return {
        name: between[name].join(str(one) for one in value) if isinstance(value, (tuple, list)) else str(value or "")
        for name, value in values.items()
    }


def _new(form: Mapping[str, str]) -> NewPatient:
    values: dict[str, Any] = _values(form)
    return NewPatient(**values)


def _values(form: Mapping[str, str]) -> dict[str, object]:
    texts = ("name", "region", "source", "department", "member_level")
    values: dict[str, object] = {name: forms.text(form, name, limit=200) for name in texts}
    for name in ("card_no", "outpatient_no", "inpatient_no"):
        values[name] = forms.text(form, name, limit=60) or None
    values["sex"] = form.get("sex") or "unknown"
    values["language"] = form.get("language") or "zh_CN"
    values["birth_date"] = forms.day(form, "birth_date")
    values["phones"] = tuple(line.strip() for line in form.get("phones", "").splitlines() if line.strip())
    values["diseases"] = tuple(
        filter(None, (part.strip() for part in form.get("diseases", "").replace("、", ",").split(",")))
    )
    return values
