"""The card of a person's relatives and contacts: who is what, found and tied by a search in the card."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from crm_core.kernel.ids import PatientId
from crm_core.patients import lookup, relations
from crm_core.patients.model import Patient, Relatives, Wanted
from web import forms
from web.deps import DEPS
from web.render import page
from web.security import actor_of

FOUND = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Those of a search who may be tied."""

    patient_id: PatientId
    people: Sequence[Patient]


def _patient_id(request: web.Request) -> PatientId:
    return PatientId(forms.path_number(request))


def _card(request: web.Request, relatives: Relatives) -> web.Response:
    return page(request, "patients/_relations.html", {"relatives": relatives})


async def show(request: web.Request) -> web.StreamResponse:
    """The card."""
    return _card(request, await relations.of(request.app[DEPS].db, actor_of(request), _patient_id(request)))


async def find(request: web.Request) -> web.StreamResponse:
    """Those whom the words find, but not the person themselves."""
    query, patient_id = forms.text(await forms.posted(request), "q", limit=100), _patient_id(request)
    people: Sequence[Patient] = ()
    if query:
        people = (await lookup.find(request.app[DEPS].db, actor_of(request), Wanted(words=query), limit=FOUND)).patients
    others = [one for one in people if one.id != patient_id]
    return page(request, "patients/_relatives_found.html", Candidates(patient_id=patient_id, people=others))


async def relate(request: web.Request) -> web.StreamResponse:
    """Ties them."""
    form, patient_id = await forms.posted(request), _patient_id(request)
    other = PatientId(forms.number(form, "other_id"))
    db, actor = request.app[DEPS].db, actor_of(request)
    return _card(request, await relations.relate(db, actor, patient_id, other, form.get("kind", "")))


async def end(request: web.Request) -> web.StreamResponse:
    """It was wrong."""
    patient_id = _patient_id(request)
    relation_id = forms.number(await forms.posted(request), "relation_id")
    return _card(request, await relations.end(request.app[DEPS].db, actor_of(request), patient_id, relation_id))
