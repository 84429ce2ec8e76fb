"""What a patient's telephone numbers may be used for, as people said it to staff."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from crm_core.consent import wishes
from crm_core.consent.model import WISH_CHANNELS, Choice, ContactChannel, GivenBy, NewWish, Purpose, Wishes
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.ids import PatientId
from crm_core.patients.model import Patient
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The wishes of each number; `problem` when the reader pressed a button that was no longer true."""

    patient: Patient
    wishes: Sequence[Wishes]
    purposes: Sequence[Purpose] = tuple(Purpose)
    channels: Sequence[ContactChannel] = WISH_CHANNELS
    problem: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """The card."""
    return await _card(request)


async def _card(request: web.Request, *, stale: str = "") -> web.Response:
    """`stale` is the number about which somebody else said something meanwhile."""
    patient, said = await wishes.card(request.app[DEPS].db, actor_of(request), _patient_id(request))
    zone = request.app[DEPS].settings.timezone
    problem = words.wishes_changed(said, stale, zone) if stale else ""
    card = Card(patient=patient, wishes=said, problem=problem)
    answer = page(request, "patients/_wishes.html", card, status=409 if stale else 200)
    if stale:  # said twice: what changed is also on its way as a live message, which brings the card anew
        _toast(answer, problem, kind="problem")
    return answer


def _patient_id(request: web.Request) -> PatientId:
    return PatientId(forms.path_number(request))


async def head(request: web.Request) -> web.StreamResponse:
    """The numbers in the head of the patient's page, which say whether they are left alone."""
    patient, said = await wishes.card(request.app[DEPS].db, actor_of(request), _patient_id(request))
    return page(request, "patients/_numbers.html", Card(patient=patient, wishes=said))


async def say(request: web.Request) -> web.StreamResponse:
    """One wish, and how it was said: on the telephone, in person or in writing."""
    patient_id, wish = _patient_id(request), _wish(await forms.posted(request))
    try:
        await wishes.say(request.app[DEPS].db, actor_of(request), patient_id, wish)
    except StaleError:
        return await _card(request, stale=wish.msisdn)
    said = {"purpose": _(words.WISH_PURPOSE[wish.purpose]), "channel": _(words.CONTACT[wish.channel])}
    if wish.choice == Choice.OPT_IN:
        return await _again(request, _("Written down: {purpose}, {channel}: yes.", **said))
    return await _again(request, _("Written down: {purpose}, {channel}: no.", **said))


def _wish(form: Mapping[str, str]) -> NewWish:
    return NewWish(
        msisdn=form.get("msisdn", ""),
        purpose=form.get("purpose", ""),
        channel=form.get("channel", ""),
        choice=form.get("choice", ""),
        source=form.get("source", ""),
        seen=forms.whole(form, "seen"),
        given_by=form.get("given_by", GivenBy.PERSON),
    )


async def never(request: web.Request) -> web.StreamResponse:
    """No machine calls or texts this number any more, or it may again."""
    patient_id, form = _patient_id(request), await forms.posted(request)
    db, actor, number = request.app[DEPS].db, actor_of(request), form.get("msisdn", "")
    try:
        match form.get("choice"):
            case "never":
                reason = forms.text(form, "reason", limit=LONGEST_REASON)
                await wishes.leave_alone(db, actor, patient_id, number, reason)
                text = _("This number is left alone from now on.")
            case "again":
                await wishes.allow_again(db, actor, patient_id, number, form.get("since", ""))
                text = _("This number may be called and texted again.")
            case _:
                raise InvalidInputError("never or again", field="choice")
    except StaleError:
        return await _card(request, stale=number)
    return await _again(request, text)


async def _again(request: web.Request, text: str) -> web.Response:
    answer = await _card(request)
    _toast(answer, text)
    return answer


def _toast(answer: web.Response, text: str, *, kind: str = "ok") -> None:
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": kind}})
