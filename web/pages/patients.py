"""Patients: search as one types, the one-page view with its timeline, registration and changes."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.calls import store as calls
from crm_core.directory import store as directory
from crm_core.kernel.cursor import Cursor, parse
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import HcrmError, NotFoundError
from crm_core.kernel.ids import CallId, PatientId
from crm_core.patients import service, timeline
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import NewPatient, Patient, TimelineKind
from web import cards, forms, words
from web.deps import DEPS
from web.i18n import _
from web.pages import wishes
from web.render import page
from web.security import actor_of

FOUND = 8
LISTED = 30
ENTRIES = 30
MOST_PHONES = 5


async def index(request: web.Request) -> web.StreamResponse:
    """Everybody, a page at a time."""
    return await _list(request, {}, "patients/index.html")


async def search(request: web.Request) -> web.StreamResponse:
    """As one types. Posted, so that no name or number stands in an address."""
    return await _list(request, await forms.posted(request), "patients/_list.html")


async def _list(request: web.Request, form: Mapping[str, str], template: str) -> web.Response:
    query = forms.text(form, "q", limit=100)
    after = forms.optional_number(form, "after")
    async with request.app[DEPS].db.connection() as conn:
        found = await _search(conn, query, PatientId(after) if after else None)
    more = {"q": query, "after": found[LISTED - 1].id} if len(found) > LISTED else None
    return page(request, template, {"patients": found[:LISTED], "query": query, "more": more})


async def _search(conn: Connection, query: str, after: PatientId | None) -> list[Patient]:
    if query:
        return await patients.search(conn, query, limit=LISTED + 1, after=after)
    return await patients.page(conn, limit=LISTED + 1, after=after)


async def find(request: web.Request) -> web.StreamResponse:
    """The few under the search field of every page."""
    query = forms.text(await forms.posted(request), "q", limit=100)
    async with request.app[DEPS].db.connection() as conn:
        found = await patients.search(conn, query, limit=FOUND) if query else []
    return page(request, "patients/_found.html", {"patients": found, "query": query})


async def show(request: web.Request) -> web.StreamResponse:
    """Everything about one patient on one page. Leaves an audit row: who looked at whom."""
    db = request.app[DEPS].db
    patient = await service.view(db, actor_of(request), PatientId(forms.path_number(request)))
    async with db.connection() as conn:
        context = {
            "patient": patient,
            "entries": await timeline.page(conn, patient.id, limit=ENTRIES + 1),
            "family": await _family(conn, patient),
            **await cards.of_patient(conn, patient, db.clock()),
            **await wishes.context_of(conn, patient),
        }
    return page(request, "patients/show.html", _with_entries(context, ""))


async def _family(conn: Connection, patient: Patient) -> list[Patient]:
    """Others who share a telephone."""
    others: dict[PatientId, Patient] = {}
    for msisdn in patient.phones[:MOST_PHONES]:
        others |= {one.id: one for one in await patients.find_by_msisdn(conn, msisdn) if one.id != patient.id}
    return list(others.values())


def _with_entries(context: dict[str, object], kind: str) -> dict[str, object]:
    entries = context["entries"]
    assert isinstance(entries, list)
    shown = entries[:ENTRIES]
    older = str(Cursor(shown[-1].at, str(shown[-1].id))) if len(entries) > ENTRIES else None
    return context | {"entries": shown, "older": older, "kind": kind, "before": None, "say": words.entry_words}


async def entries(request: web.Request) -> web.StreamResponse:
    """The timeline part: of one kind, or older than what is shown."""
    patient_id = PatientId(forms.path_number(request))
    kind = request.query.get("kind", "")
    before = parse(request.query.get("before", ""))
    if kind and kind not in tuple(TimelineKind):
        raise NotFoundError("no such kind")
    async with request.app[DEPS].db.connection() as conn:
        patient = await patients.get(conn, patient_id)
        found = await timeline.page(conn, patient_id, limit=ENTRIES + 1, before=before, kind=kind or None)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    context = _with_entries({"patient": patient, "entries": found}, kind)
    return page(request, "patients/_timeline.html", context | {"before": before})


async def show_cards(request: web.Request) -> web.StreamResponse:
    """The cards beside the timeline, when something changed."""
    db = request.app[DEPS].db
    async with db.connection() as conn:
        patient = await patients.get(conn, PatientId(forms.path_number(request)))
        if patient is None:
            raise PatientNotFoundError("no such patient")
        context = await cards.of_patient(conn, patient, db.clock())
    return page(request, "patients/_cards.html", {"patient": patient, **context})


async def new(request: web.Request) -> web.StreamResponse:
    """The empty registration form; `call` prefills the number that called."""
    form: dict[str, str] = {}
    if "call" in request.query:
        async with request.app[DEPS].db.connection() as conn:
            call = await calls.get(conn, CallId(forms.uuid_of(request.query["call"])))
        if call is not None and call.caller:
            form["phones"] = call.caller
    return await _form(request, None, form)


async def edit(request: web.Request) -> web.StreamResponse:
    """The same form, filled in."""
    async with request.app[DEPS].db.connection() as conn:
        patient = await patients.get(conn, PatientId(forms.path_number(request)))
    if patient is None:
        raise PatientNotFoundError("no such patient")
    return await _form(request, patient, _as_form(patient))


async def register(request: web.Request) -> web.StreamResponse:
    """A new patient; a mistake brings the form back with what was typed."""
    form = await forms.posted(request)
    try:
        patient = await service.register(request.app[DEPS].db, actor_of(request), _new(form))
    except HcrmError as error:
        return await _form(request, None, form, error)
    return saved(patient.id, _("Registered."))


async def change(request: web.Request) -> web.StreamResponse:
    """Changed fields only; every change is kept with who and when."""
    form = await forms.posted(request)
    patient_id = PatientId(forms.path_number(request))
    async with request.app[DEPS].db.connection() as conn:
        patient = await patients.get(conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    try:
        await service.change(request.app[DEPS].db, actor_of(request), patient_id, _values(form))
    except HcrmError as error:
        return await _form(request, patient, form, error)
    return saved(patient_id, _("Saved."))


def saved(patient_id: PatientId, text: str) -> web.Response:
    """htmx goes to the patient and says so."""
    return saved_at(f"/patients/{patient_id}", text)


def saved_at(path: str, text: str) -> web.Response:
    """htmx goes there and says so."""
    place = json.dumps({"path": path, "target": "#page", "select": "#page", "swap": "outerHTML"})
    headers = {"HX-Location": place, "HX-Trigger": json.dumps({"toast": {"text": text}})}
    return web.Response(status=200, headers=headers)


async def _form(
    request: web.Request, patient: Patient | None, form: Mapping[str, str], error: HcrmError | None = None
) -> web.Response:
    async with request.app[DEPS].db.connection() as conn:
        departments = await directory.departments(conn)
    context = {
        "patient": patient,
        "form": form,
        "departments": departments,
        "problem": words.error_words(error.code) if error else "",
        "problem_field": getattr(error, "field", ""),
    }
    return page(request, "patients/form.html", context, status=422 if error else 200)


def _as_form(patient: Patient) -> dict[str, str]:
    plain = ("name", "sex", "card_no", "outpatient_no", "inpatient_no", "region", "source", "department")
    form = {name: str(getattr(patient, name) or "") for name in (*plain, "member_level", "language")}
    form["birth_date"] = patient.birth_date.isoformat() if patient.birth_date else ""
    form["phones"] = "\n".join(patient.phones)
    form["diseases"] = "、".join(patient.diseases)
    return form


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
