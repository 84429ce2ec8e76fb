"""Registration, and changes of a record: one form, which keeps what was typed and shows what others wrote meanwhile."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from aiohttp import web

from crm_core.calls import desk
from crm_core.consultations import service as consultations
from crm_core.directory.model import Department
from crm_core.drafts.model import Draft, Form, Subject
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import CallId, ConsultationId, PatientId
from crm_core.patients import form as registration
from crm_core.patients import rules
from crm_core.patients.field import Part
from crm_core.patients.fields import FIELDS
from crm_core.patients.form import OnFile, Saved
from crm_core.patients.meanwhile import Meanwhile
from crm_core.patients.model import NewPatient, Patient, PatientChange
from web import forms, sheet, words
from web.deps import DEPS
from web.i18n import _
from web.pages import drafts
from web.pages.patients import saved_at
from web.patient_record import Record
from web.render import page
from web.security import actor_of
from web.sheet import Sheet, Theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The form as it is drawn. `on_file`: who of this name has this number already."""

    form: Sheet[Any]
    typed: Draft
    departments: Sequence[Department]
    parts: Sequence[tuple[str, Sequence[str]]]  # the heading, and the fields beneath it
    patient: Patient | None
    on_file: Sequence[Patient]


async def new(request: web.Request) -> web.StreamResponse:
    """The empty registration form; `call` or `consultation` prefills the number that called or asked."""
    number, typed = await _number(request), await drafts.mine(request, _subject(request))
    return await _form(request, sheet.shown(Record, {"phones": number}).over(typed.fields), typed)


def _subject(request: web.Request, patient_id: PatientId | None = None) -> Subject:
    asked = forms.optional_number(request.query, "consultation") if patient_id is None else None
    return Subject(
        form=Form.PATIENT, patient_id=patient_id, consultation_id=ConsultationId(asked) if asked is not None else None
    )


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
    typed = await drafts.mine(request, _subject(request, patient.id))
    form = sheet.shown(Record, rules.values(patient), version=patient.version)
    return await _form(request, form.over(typed.fields), typed, patient)


async def _patient(request: web.Request) -> Patient:
    patient_id = PatientId(forms.path_number(request))
    return await registration.opened(request.app[DEPS].db, actor_of(request), patient_id)


async def register(request: web.Request) -> web.StreamResponse:
    """A new patient; a mistake brings the form back with what was typed."""
    typed = await forms.posted(request)
    form, is_sure, subject = sheet.read(Record, typed), typed.get("anyway") == "yes", _subject(request)
    draft = await drafts.mine(request, subject)
    if form.value is None:
        return await _form(request, form, draft)
    wanted = NewPatient(**asdict(form.value))
    try:
        done = await registration.register(request.app[DEPS].db, actor_of(request), wanted, subject, anyway=is_sure)
    except HcrmError as error:
        return await _form(request, form.refused(error), draft)
    if isinstance(done, OnFile):
        return await _form(request, form, draft, on_file=done.people)
    return _done(done, _("Registered."))


async def change(request: web.Request) -> web.StreamResponse:
    """Changed fields only; every change is kept with who and when. What others changed meanwhile is shown first."""
    typed = await forms.posted(request)
    patient_id, version = PatientId(forms.path_number(request)), forms.number(typed, "version")
    form, draft = sheet.read(Record, typed, version=version), await drafts.mine(request, _subject(request, patient_id))
    if form.value is None:
        return await _form(request, form, draft, await _patient(request))
    try:
        values = asdict(form.value)
        done = await registration.save(request.app[DEPS].db, actor_of(request), patient_id, values, version)
    except HcrmError as error:
        return await _form(request, form.refused(error), draft, await _patient(request))
    return await _shown_again(request, done, draft) if isinstance(done, Meanwhile) else _done(done, _("Saved."))


async def _shown_again(request: web.Request, now: Meanwhile, draft: Draft) -> web.Response:
    again = sheet.shown(Record, now.values, version=now.record.version)
    theirs = {name: _theirs(one, name in now.both) for name, one in now.changes.items()}
    return await _form(request, replace(again, theirs=theirs, is_stale=True), draft, now.record)


def _theirs(change: PatientChange, is_both: bool) -> Theirs:
    """In the words of the form."""
    name = change.field_name
    before, now = (sheet.typed_of(Record, {name: value})[name] for value in (change.old, change.new))
    return Theirs(who=change.actor, at=change.at, before=before, now=now, is_both=is_both)


def _done(done: Saved, text: str) -> web.Response:
    if done.is_nobodys:
        text += " " + _(
            "{count} people have this number, so nobody is recognised by it.", count=words.people(done.people)
        )
    elif done.is_crowded:
        text += " " + _("{count} people have this number now.", count=done.people)
    return saved_at(f"/patients/{done.patient.id}", text)


async def _form(
    request: web.Request,
    form: Sheet[Any],
    typed: Draft,
    patient: Patient | None = None,
    on_file: Sequence[Patient] = (),
) -> web.Response:
    departments = await registration.departments(request.app[DEPS].db, actor_of(request))
    parts = [(words.RECORD_PART[part], [one.name for one in FIELDS if one.part is part]) for part in Part]
    shown = Shown(form=form, typed=typed, departments=departments, parts=parts, patient=patient, on_file=on_file)
    return page(request, "patients/form.html", shown, status=409 if on_file else form.status)
