"""The call log and the recordings: two lists, one call with its way through the menu, and the player."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Annotated

from aiohttp import web

from crm_core.calls.model import Call, CallState, Direction
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Page
from crm_core.kernel.db import Database
from crm_core.kernel.ids import CallId, RecordingId, UserId
from crm_core.users.rights import Right
from overview import calls, unwritten
from overview.calls import CallLine, Wanted
from overview.unwritten import Lacking
from recordings import service as recordings
from recordings.model import Found, Kind
from recordings.model import Wanted as WantedRecordings
from web import audio, forms, words
from web.deps import DEPS
from web.i18n import N_, _, say_duration
from web.lists import Column, ListPage, Look
from web.render import page, say_phone
from web.security import actor_of
from web.sheet import Ask, Choices
from web.values import Day, Id, Line

WHO = Ask(label=N_("Patient or number"), widget="search", is_personal=True, extra={"maxlength": "100"})
WAY = Ask(label=N_("Direction"), words=words.DIRECTION, nothing=N_("In and out"))
KIND = Ask(label=N_("Kind"), words=words.RECORDING, nothing=N_("Calls and voice messages"))
RESULT = Ask(label=N_("How it ended"), words=words.DISPOSITION, nothing=N_("Every result"))
AGENT = Ask(label=N_("Agent"), nothing=N_("All agents"), widget="select")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilters:
    """What the call log is searched by."""

    text: Annotated[Line, WHO] = field(default="", repr=False)
    direction: Annotated[Direction | None, WAY] = None
    agent_id: Annotated[Id | None, AGENT] = None
    since: Annotated[Day | None, Ask(label=N_("From"))] = None
    until: Annotated[Day | None, Ask(label=N_("To"))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """No filter: the list is short, and empty when the work is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFilters:
    """What recordings are searched by."""

    text: Annotated[Line, WHO] = field(default="", repr=False)
    kind: Annotated[Kind | None, KIND] = None
    direction: Annotated[Direction | None, WAY] = None
    result: Annotated[Line, RESULT] = ""
    agent_id: Annotated[Id | None, AGENT] = None
    since: Annotated[Day | None, Ask(label=N_("From"))] = None
    until: Annotated[Day | None, Ask(label=N_("To"))] = None


def _days(since: date | None, until: date | None, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    return (
        forms.bounds(since, zone)[0] if since else None,
        forms.bounds(until, zone)[1] if until else None,
    )


async def _agents(db: Database, actor: Actor) -> Mapping[str, Choices]:
    return {"agent_id": [(str(user.id), user.name) for user in await calls.agents(db, actor)]}


async def _calls(look: Look[CallFilters]) -> Page[CallLine]:
    asked = look.wanted
    since, until = _days(asked.since, asked.until, look.zone)
    wanted = Wanted(
        text=asked.text,
        since=since,
        until=until,
        direction=asked.direction,
        agent_id=UserId(asked.agent_id) if asked.agent_id else None,
    )
    return await calls.listed(look.db, look.actor, wanted, limit=look.limit, after=look.after)


def _caller(call: Call) -> str:
    return say_phone(call.caller) if call.caller else _("Number withheld")


def _result(disposition: str) -> str:
    return _(words.DISPOSITION.get(disposition, disposition)) if disposition else ""


def _end(call: Call) -> str:
    if call.disposition:
        return _result(call.disposition)
    if call.state is not CallState.ENDED:
        return _(words.CALL_STATE[call.state])
    return _("Missed") if call.queued_at and not call.connected_at else ""


def _lasted(call: Call) -> str:
    spoken = call.ended_at and call.answered_at and call.ended_at - call.answered_at
    return say_duration(spoken.total_seconds()) if spoken else ""


CALLS: ListPage[CallLine, CallFilters] = ListPage(
    path="/calls",
    title=N_("Calls"),
    right=Right.SEE_CALLS,
    subject="call",
    filters=CallFilters,
    read=_calls,
    choices=_agents,
    leaves_by=(Right.EXPORT_PATIENTS,),
    link=lambda line: f"/calls/{line.call.id}",
    cells="calls/_cells.html",
    icon="phone-off",
    beside="calls/_beside.html",
    empty=N_("No calls yet."),
    columns=(
        Column(heading=N_("When"), value=lambda line: line.call.started_at, cell="when", css="num"),
        Column(heading=N_("Patient"), value=lambda line: line.patient_name, cell="patient"),
        Column(heading=N_("Telephone"), value=lambda line: _caller(line.call), css="num"),
        Column(heading=N_("Agent"), value=lambda line: line.call.agent_name),
        Column(heading=N_("How it ended"), value=lambda line: _end(line.call), cell="end"),
        Column(heading=N_("Lasted"), value=lambda line: _lasted(line.call), cell="lasted", css="num"),
    ),
)


async def _recordings(look: Look[RecordingFilters]) -> Page[Found]:
    asked = look.wanted
    since, until = _days(asked.since, asked.until, look.zone)
    agent_id = UserId(asked.agent_id) if asked.agent_id else None
    wanted = WantedRecordings(
        text=asked.text,
        kind=asked.kind,
        direction=asked.direction,
        disposition=asked.result or None,
        agent_id=agent_id,
        since=since,
        until=until,
    )
    return await recordings.search(look.db, look.actor, wanted, limit=look.limit, after=look.after)


RECORDINGS: ListPage[Found, RecordingFilters] = ListPage(
    path="/recordings",
    title=N_("Recordings"),
    right=Right.HEAR_RECORDINGS,
    subject="recording",
    filters=RecordingFilters,
    read=_recordings,
    choices=_agents,
    leaves_by=(Right.EXPORT_PATIENTS,),
    link=lambda one: f"/calls/{one.call_id}",
    cells="recordings/_cells.html",
    has_beneath=True,
    icon="wave-sine",
    empty=N_("No recordings yet."),
    columns=(
        Column(heading=N_("When"), value=lambda one: one.started_at, cell="when", css="num"),
        Column(heading=N_("Patient"), value=lambda one: one.patient_name),
        Column(heading=N_("Telephone"), value=lambda one: say_phone(one.caller), css="num"),
        Column(heading=N_("Agent"), value=lambda one: one.agent_name),
        Column(heading=N_("How it ended"), value=lambda one: _result(one.disposition)),
        Column(heading=N_("Lasted"), value=lambda one: say_duration(one.duration_ms / 1000), css="num"),
        Column(heading=N_("Listen"), cell="play", css="acts"),
    ),
)


async def _without_result(look: Look[Everything]) -> Page[Lacking]:
    return await unwritten.listed(look.db, look.actor, limit=look.limit, after=look.after)


WITHOUT_RESULT: ListPage[Lacking, Everything] = ListPage(
    path="/calls/without-result",
    title=N_("Calls without a result"),
    right=Right.SEE_CALLS,
    subject="call",
    filters=Everything,
    read=_without_result,
    leaves_by=(Right.EXPORT_PATIENTS,),
    link=lambda lacking: f"/calls/{lacking.line.call.id}",
    icon="checklist",
    empty=N_("Every call has a result."),
    columns=(
        Column(heading=N_("When"), value=lambda one: one.line.call.started_at, css="num"),
        Column(heading=N_("Patient"), value=lambda one: one.line.patient_name),
        Column(heading=N_("Telephone"), value=lambda one: _caller(one.line.call), css="num"),
        Column(heading=N_("Agent"), value=lambda one: one.agent_name),
        Column(heading=N_("Lasted"), value=lambda one: _lasted(one.line.call), css="num"),
    ),
)


async def show(request: web.Request) -> web.StreamResponse:
    """One call."""
    shown = await calls.show(request.app[DEPS].db, actor_of(request), CallId(forms.path_uuid(request)))
    return page(request, "calls/show.html", {"shown": shown})


async def player(request: web.Request) -> web.StreamResponse:
    """The player of one recording, as a part."""
    recording = await recordings.get(request.app[DEPS].db, actor_of(request), RecordingId(forms.path_uuid(request)))
    return page(request, "recordings/_player.html", {"recording": recording})


async def peaks(request: web.Request) -> web.StreamResponse:
    """The stored waveform: one list for each side."""
    recording = await recordings.get(request.app[DEPS].db, actor_of(request), RecordingId(forms.path_uuid(request)))
    sides = [
        [round(peak, 3) for peak in recording.peaks[side :: recording.channels]] for side in range(recording.channels)
    ]
    body = json.dumps({"peaks": sides, "duration": recording.duration_ms / 1000})
    return web.Response(text=body, content_type="application/json", headers={"Cache-Control": "no-store"})


async def play(request: web.Request) -> web.StreamResponse:
    """The audio, with Range. Every play is audited."""
    return await audio.send(request, actor_of(request), RecordingId(forms.path_uuid(request)))


async def take_away(request: web.Request) -> web.StreamResponse:
    """The audio as a file, for who has to hand it on. Audited as that."""
    return await audio.send(request, actor_of(request), RecordingId(forms.path_uuid(request)), as_file=True)
