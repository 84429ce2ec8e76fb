"""What a patient's telephone numbers may be used for, as people said it to staff."""

import json
from dataclasses import dataclass

from aiohttp import web

from crm_core.consent import rules, service, store
from crm_core.consent.model import Choice, ContactChannel, Purpose
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

CHANNELS = (ContactChannel.CALL, ContactChannel.SMS)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Wishes:
    """Of one number. `wanted` says what is allowed, `asked` about what something was ever said.

    `never` is why nobody may be contacted there by machine, None when they may; "" when no reason was given.
    """

    msisdn: Msisdn
    wanted: dict[tuple[Purpose, ContactChannel], bool]
    asked: frozenset[tuple[Purpose, ContactChannel]]
    never: str | None


async def show(request: web.Request) -> web.StreamResponse:
    """The card."""
    patient_id = PatientId(forms.path_number(request))
    async with request.app[DEPS].db.connection() as conn:
        patient = await _patient(conn, patient_id)
        context = await context_of(conn, patient)
    return page(request, "patients/_wishes.html", {"patient": patient, **context})


async def context_of(conn: Connection, patient: Patient) -> dict[str, object]:
    """What the card needs."""
    return {
        "wishes": [await _of(conn, msisdn) for msisdn in patient.phones],
        "purposes": tuple(Purpose),
        "channels": CHANNELS,
    }


async def _of(conn: Connection, msisdn: Msisdn) -> Wishes:
    said = {(one.purpose, one.channel): one.choice for one in await store.current(conn, msisdn)}
    return Wishes(
        msisdn=msisdn,
        wanted={(why, how): rules.wants(why, said.get((why, how))) for why in Purpose for how in CHANNELS},
        asked=frozenset(said),
        never=await store.why_never_dial(conn, msisdn),
    )


async def say(request: web.Request) -> web.StreamResponse:
    """One wish, and how it was said: on the telephone, in person or in writing."""
    form = await forms.posted(request)
    db, actor = request.app[DEPS].db, actor_of(request)
    msisdn = await _number(request, form)
    if form.get("source") not in words.WISH_SOURCE:
        raise InvalidInputError("phone, person or paper", field="source")
    await service.record(
        db,
        actor,
        msisdn,
        purpose=form.get("purpose", ""),
        channel=form.get("channel", ""),
        choice=form.get("choice", ""),
        source=form["source"],
        evidence=f"users/{actor.name}",
    )
    text = _("Written down: yes.") if form["choice"] == Choice.OPT_IN else _("Written down: no.")
    return await _again(request, text)


async def never(request: web.Request) -> web.StreamResponse:
    """No machine calls or texts this number any more, or it may again."""
    form = await forms.posted(request)
    db, actor = request.app[DEPS].db, actor_of(request)
    msisdn = await _number(request, form)
    match form.get("choice"):
        case "never":
            await service.never_dial(db, actor, msisdn, forms.text(form, "reason", limit=LONGEST_REASON))
            return await _again(request, _("This number is left alone from now on."))
        case "again":
            await service.dial_again(db, actor, msisdn)
            return await _again(request, _("This number may be called and texted again."))
        case _:
            raise InvalidInputError("never or again", field="choice")


async def _number(request: web.Request, form: dict[str, str]) -> Msisdn:
    """One of this patient's numbers; it is posted, so that no number stands in an address."""
    async with request.app[DEPS].db.connection() as conn:
        patient = await _patient(conn, PatientId(forms.path_number(request)))
    for msisdn in patient.phones:
        if msisdn == form.get("msisdn"):
            return msisdn
    raise InvalidInputError("not a number of this patient", field="msisdn")


async def _patient(conn: Connection, patient_id: PatientId) -> Patient:
    patient = await patients.get(conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    return patient


async def _again(request: web.Request, text: str) -> web.StreamResponse:
    answer = await show(request)
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}})
    return answer
