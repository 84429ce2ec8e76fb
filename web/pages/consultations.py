"""Consultations: who asked what, and the answer they were given."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from aiohttp import web

from crm_core.consultations import service
from crm_core.consultations.model import Consultation, Source, Status, Wanted
from crm_core.drafts.model import Draft, Form, Subject
from crm_core.kernel.cursor import Page, by_id
from crm_core.kernel.errors import StaleError
from crm_core.kernel.ids import ConsultationId, PatientId
from crm_core.patients.model import Patient
from crm_core.users.rights import Right, may
from web import forms, sheet, words
from web.deps import DEPS
from web.i18n import N_, _
from web.lists import Column, ListPage, Look
from web.pages import drafts
from web.pages.patients import saved_at
from web.render import page, say_phone
from web.security import actor_of
from web.sheet import Ask, Sheet
from web.values import Day, Id, Line, Text

RESULT = Ask(label=N_("What they were answered"), widget="textarea", extra={"rows": "4", "maxlength": "4000"})
OLDEST = "oldest"
STATUS = Ask(label=N_("Status"), words=words.CONSULTATION, nothing=N_("Waiting and answered"))
SOURCE = Ask(label=N_("How they asked"), words=words.SOURCE, nothing=N_("All ways"))
TEXT = Ask(label=N_("Words, patient or number"), widget="search", is_personal=True, extra={"maxlength": "100"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What consultations are searched by: those that wait, unless the reader wants others."""

    status: Annotated[Status | None, STATUS] = Status.OPEN
    source: Annotated[Source | None, SOURCE] = None
    text: Annotated[Line, TEXT] = field(default="", repr=False)
    since: Annotated[Day | None, Ask(label=N_("From"))] = None


async def _read(look: Look[Filters]) -> Page[Consultation]:
    asked = look.wanted
    wanted = Wanted(
        status=asked.status,
        source=asked.source,
        text=asked.text,
        since=forms.bounds(asked.since, look.zone)[0] if asked.since else None,
        oldest_first=look.order == OLDEST,
    )
    after = ConsultationId(look.after.alone) if look.after else None
    found = await service.find(look.db, look.actor, wanted, limit=look.limit, after=after)
    return Page(found.consultations, by_id(found.more) if found.more else None)


LIST: ListPage[Consultation, Filters] = ListPage(
    path="/consultations",
    title=N_("Consultations"),
    right=Right.SEE_CONSULTATIONS,
    subject="consultation",
    filters=Filters,
    read=_read,
    orders={"newest": N_("Newest first"), OLDEST: N_("Oldest first")},
    leaves_by=(Right.EXPORT_PATIENTS,),
    live={"shows": "consultations", "hears": "ConsultationOpened"},
    link=lambda one: f"/consultations/{one.id}",
    cells="consultations/_cells.html",
    icon="help-circle",
    empty=N_("Nobody waits for an answer."),
    columns=(
        Column(heading=N_("When"), value=lambda one: one.created_at, css="num"),
        Column(heading=N_("How they asked"), value=lambda one: _(words.SOURCE[one.source])),
        Column(heading=N_("Telephone"), value=lambda one: say_phone(one.msisdn), css="num"),
        Column(heading=N_("Patient"), value=lambda one: one.patient_name),
        Column(heading=N_("Question"), value=lambda one: one.text, cell="asked", css="wide"),
        Column(heading=N_("Status"), value=lambda one: _(words.CONSULTATION[one.status]), cell="status"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The form that closes one."""

    result: Annotated[Text, RESULT] = field(repr=False)
    patient_id: Annotated[Id | None, Ask(label=N_("Who asked"), widget="radio")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One consultation, who it may have been, and the form as it was filled in. `typed`: for who may answer."""

    consultation: Consultation
    people: Sequence[Patient]
    form: Sheet[Answer]
    typed: Draft | None


async def show(request: web.Request) -> web.StreamResponse:
    """One, with everything they asked."""
    return await _show(request, sheet.shown(Answer), is_begun=False)


async def _show(request: web.Request, form: Sheet[Answer], *, is_begun: bool = True) -> web.Response:
    opened, typed = await service.view(request.app[DEPS].db, actor_of(request), _id(request)), None
    if may(actor_of(request), Right.ANSWER_CONSULTATIONS):
        typed = await drafts.mine(request, Subject(form=Form.CONSULTATION, consultation_id=_id(request)))
        form = form if is_begun else form.over(typed.fields)
    shown = Shown(consultation=opened.consultation, people=opened.people, form=form, typed=typed)
    return page(request, "consultations/show.html", shown, status=form.status)


def _id(request: web.Request) -> ConsultationId:
    return ConsultationId(forms.path_number(request))


async def close(request: web.Request) -> web.StreamResponse:
    """They have their answer: what it was, and who they are when that is known."""
    consultation_id, form = _id(request), sheet.read(Answer, await forms.posted(request))
    if form.value is None:
        return await _show(request, form)
    chosen = form.value.patient_id
    patient_id = PatientId(chosen) if chosen else None
    try:
        await service.close(
            request.app[DEPS].db, actor_of(request), consultation_id, patient_id, result=form.value.result
        )
    except StaleError as error:
        return await _show(request, replace(form.refused(error), is_stale=True))
    return saved_at("/consultations", _("Closed."))
