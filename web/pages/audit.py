"""The audit: who saw or changed what, for auditors."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Page
from crm_core.kernel.db import Database
from crm_core.kernel.ids import PatientId
from crm_core.users import oversight
from crm_core.users.model import Refusals
from crm_core.users.rights import Right
from overview import trail
from overview.trail import Entry, Wanted
from web import audit_words, forms, words
from web.audit_words import OUTCOME, SUBJECT
from web.i18n import N_, _
from web.lists import Column, ListPage, Look
from web.sheet import Ask, Choices
from web.values import Day, Id, Line, Ticked

SUBJECTS = Ask(label=N_("Kind of record"), words=SUBJECT, nothing=N_("All kinds"))
NUMBER = Ask(label=N_("Its number"), extra={"inputmode": "numeric", "maxlength": "60"})
OUTCOMES = Ask(label=N_("Outcome"), words=OUTCOME, nothing=N_("Any"))
ROUTINE = Ask(label=N_("With what telephones do by themselves"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What an auditor asks."""

    actor: Annotated[Line, Ask(label=N_("Who"), widget="select", nothing=N_("Everybody"))] = ""
    subject: Annotated[Line, SUBJECTS] = ""
    subject_id: Annotated[Line, NUMBER] = ""
    outcome: Annotated[Line, OUTCOMES] = ""
    since: Annotated[Day | None, Ask(label=N_("From"))] = None
    until: Annotated[Day | None, Ask(label=N_("To"))] = None
    routine: Annotated[Ticked, ROUTINE] = False


async def _actors(db: Database, actor: Actor) -> dict[str, Choices]:
    people = [(user.login, user.name) for user in await trail.actors(db, actor)]
    return {"actor": people + [(name, _(label)) for name, label in audit_words.ACTOR.items()]}


async def _read(look: Look[Filters]) -> Page[Entry]:
    asked = look.wanted
    wanted = Wanted(
        actor=asked.actor,
        subject=asked.subject,
        subject_id=asked.subject_id,
        outcome=asked.outcome,
        since=forms.bounds(asked.since, look.zone)[0] if asked.since else None,
        until=forms.bounds(asked.until, look.zone)[1] if asked.until else None,
        with_routine=asked.routine,
    )
    return await trail.read(look.db, look.actor, wanted, limit=look.limit, after=look.after)


def _about(entry: Entry) -> str:
    named = [f"{name} ({number})" if name else str(number) for number, name in entry.people.items()]
    if entry.more:
        named.append(_("and {count} more", count=entry.more))
    number = audit_words.number_words(entry.row.subject, entry.row.subject_id)
    own = [] if entry.row.subject == "patient" else [entry.account or number]
    return " ".join(filter(None, (audit_words.said(SUBJECT, entry.row.subject), *own, *named)))


COLUMNS: tuple[Column[Entry], ...] = (
    Column(heading=N_("When"), value=lambda one: one.row.at, cell="when", css="num"),
    Column(heading=N_("Who"), value=lambda one: audit_words.actor_words(one.row.actor, one.actor_name), cell="who"),
    Column(heading=N_("What"), value=lambda one: audit_words.action_words(one.row.action)),
    Column(heading=N_("Of what"), value=_about, cell="about"),
    Column(heading=N_("Outcome"), value=lambda one: audit_words.said(OUTCOME, one.row.outcome), cell="outcome"),
    Column(heading=N_("Details"), value=lambda one: audit_words.detail_words(one.row.detail), css="wide small"),
    Column(heading=N_("Address"), value=lambda one: one.row.address, cell="address", css="num small"),
)
LIST: ListPage[Entry, Filters] = ListPage(
    path="/audit",
    title=N_("Audit"),
    right=Right.SEE_AUDIT,
    subject="audit",
    filters=Filters,
    read=_read,
    choices=_actors,
    cells="audit/_cells.html",
    beside="audit/_beside.html",
    icon="history",
    empty=N_("Nothing yet."),
    columns=COLUMNS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPatient:
    """Whose record was looked at: by the patient's number, without the record."""

    patient: Annotated[Id | None, Ask(label=N_("Number of the patient"))] = None


async def _seen(look: Look[OfPatient]) -> Page[Entry]:
    if look.wanted.patient is None:
        return Page((), None)
    patient_id = PatientId(look.wanted.patient)
    return await trail.who_saw(look.db, look.actor, patient_id, limit=look.limit, after=look.after)


SEEN: ListPage[Entry, OfPatient] = ListPage(
    path="/audit/patients",
    title=N_("Who looked at a patient"),
    right=Right.SEE_AUDIT,
    subject="audit",
    filters=OfPatient,
    read=_seen,
    cells="audit/_cells.html",
    above="audit/_seen.html",
    beside="audit/_back.html",
    icon="history",
    empty=N_("Please give the number of a patient."),
    columns=COLUMNS,
)


async def seen(request: web.Request) -> web.StreamResponse:
    """The address that a patient's page leads to."""
    raise web.HTTPSeeOther(f"{SEEN.path}?patient={forms.path_number(request)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFilters:
    """This list has none."""


async def _refusals(look: Look[NoFilters]) -> Page[Refusals]:
    return await oversight.read_refusals(look.db, look.actor, limit=look.limit, after=look.after)


REFUSALS: ListPage[Refusals, NoFilters] = ListPage(
    path="/audit/refusals",
    title=N_("Turned away at the door"),
    right=Right.SEE_AUDIT,
    subject="refusal",
    filters=NoFilters,
    read=_refusals,
    above="audit/_refusals.html",
    beside="audit/_back.html",
    cells="audit/_cells.html",
    icon="door",
    empty=N_("Nobody was turned away."),
    columns=(
        Column(heading=N_("When"), value=lambda one: one.minute, cell="minute", css="num"),
        Column(heading=N_("Address"), value=lambda one: one.address, css="num"),
        Column(heading=N_("Why"), value=lambda one: _(words.REFUSAL[one.reason])),
        Column(heading=N_("How often"), value=lambda one: one.count, css="num text-end"),
    ),
)
