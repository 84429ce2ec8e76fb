"""Consultations: who asked what, and the answer they were given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from crm_core.consultations import service
from crm_core.consultations.model import Consultation, Source, Status, Wanted
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.ids import ConsultationId, PatientId
from crm_core.patients.model import Patient
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of

LISTED = 30
LONGEST_RESULT = 4000
KindT = TypeVar("KindT", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the list; `more` is what the button for more sends. `form` are the filters as typed."""

    consultations: Sequence[Consultation]
    form: Mapping[str, str] = field(repr=False)
    more: Mapping[str, object] | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One consultation, who it may have been, and what the reader was about to write when it was not taken."""

    consultation: Consultation
    people: Sequence[Patient]
    typed: Mapping[str, str] = field(repr=False)
    problem: str = ""


async def index(request: web.Request) -> web.StreamResponse:
    """Those that wait for an answer, newest first."""
    return await _list(request, {"status": Status.OPEN.value}, "consultations/index.html")


async def search(request: web.Request) -> web.StreamResponse:
    """By filters. Posted, so that nothing anybody asked stands in an address."""
    return await _list(request, await forms.posted(request), "consultations/_list.html")


async def _list(request: web.Request, form: Mapping[str, str], template: str) -> web.Response:
    after = forms.optional_number(form, "after")
    found = await service.find(
        request.app[DEPS].db,
        actor_of(request),
        _wanted(request, form),
        limit=LISTED,
        after=ConsultationId(after) if after else None,
    )
    more = {**form, "after": found.more} if found.more else None
    return page(request, template, Listed(consultations=found.consultations, form=form, more=more))


def _wanted(request: web.Request, form: Mapping[str, str]) -> Wanted:
    day, zone = forms.day(form, "from"), request.app[DEPS].settings.timezone
    return Wanted(
        status=_one_of(Status, form, "status"),
        source=_one_of(Source, form, "source"),
        text=forms.text(form, "text", limit=100),
        since=datetime.combine(day, time(), zone) if day else None,
    )


def _one_of(kind: type[KindT], form: Mapping[str, str], name: str) -> KindT | None:
    value = form.get(name, "")
    if value and value not in set(kind):
        raise InvalidInputError("not one of the allowed values", field=name)
    return kind(value) if value else None


async def show(request: web.Request) -> web.StreamResponse:
    """One, with everything they asked."""
    return await _show(request)


async def _show(request: web.Request, typed: Mapping[str, str] | None = None, problem: str = "") -> web.Response:
    opened = await service.view(request.app[DEPS].db, actor_of(request), _id(request))
    shown = Shown(consultation=opened.consultation, people=opened.people, typed=typed or {}, problem=problem)
    return page(request, "consultations/show.html", shown, status=409 if problem else 200)


def _id(request: web.Request) -> ConsultationId:
    return ConsultationId(forms.path_number(request))


async def close(request: web.Request) -> web.StreamResponse:
    """They have their answer: what it was, and who they are when that is known."""
    consultation_id, form = _id(request), await forms.posted(request)
    chosen = forms.optional_number(form, "patient_id")
    result = forms.text(form, "result", limit=LONGEST_RESULT)
    if not result:
        raise InvalidInputError("please fill this in", field="result")
    try:
        await service.close(
            request.app[DEPS].db,
            actor_of(request),
            consultation_id,
            PatientId(chosen) if chosen else None,
            result=result,
        )
    except StaleError as error:
        return await _show(request, form, words.error_words(error.code))
    return saved_at("/consultations", _("Closed."))
