"""The call log: a list with filters, one call with its way through the menu and its recordings, and the player."""

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo

from aiohttp import web

from crm_core.calls.model import Direction
from crm_core.kernel import cursor
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, Msisdn, RecordingId, UserId
from crm_core.kernel.msisdn import parse_msisdn
from overview import calls
from overview.calls import Wanted
from recordings import service as recordings
from recordings.model import Wanted as WantedRecordings
from web import audio, forms
from web.deps import DEPS
from web.render import page
from web.security import actor_of

LISTED = 40


async def index(request: web.Request) -> web.StreamResponse:
    """Newest first."""
    return await _list(request, {}, "calls/index.html")


async def search(request: web.Request) -> web.StreamResponse:
    """With filters; posted, so that no number stands in an address."""
    form = await forms.posted(request)
    return await _list(request, form, "calls/_rows.html" if form.get("after") else "calls/_list.html")


async def _list(request: web.Request, form: Mapping[str, str], template: str) -> web.Response:
    deps, actor = request.app[DEPS], actor_of(request)
    since, until = _days(form, deps.settings.timezone)
    wanted = Wanted(caller=_caller(form), since=since, until=until, direction=_direction(form), agent_id=_agent(form))
    found = await calls.listed(deps.db, actor, wanted, limit=LISTED, after=cursor.parse(form.get("after", "")))
    agents = await calls.agents(deps.db, actor) if template == "calls/index.html" else ()
    return page(request, template, {"calls": found.items, "agents": agents, "more": _more(form, found.next)})


def _more(form: Mapping[str, str], after: cursor.Cursor | None) -> dict[str, str] | None:
    return {**form, "after": str(after)} if after else None


def _caller(form: Mapping[str, str]) -> Msisdn | None:
    text = forms.text(form, "caller", limit=40)
    return parse_msisdn(text) if text else None


def _direction(form: Mapping[str, str]) -> str | None:
    value = form.get("direction", "")
    if value and value not in tuple(Direction):
        raise InvalidInputError("in or out", field="direction")
    return value or None


def _agent(form: Mapping[str, str]) -> UserId | None:
    value = forms.optional_number(form, "agent_id")
    return UserId(value) if value else None


def _days(form: Mapping[str, str], zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    first, last = forms.day(form, "from"), forms.day(form, "to")
    since = forms.bounds(first, zone)[0] if first else None
    until = forms.bounds(last, zone)[1] if last else None
    return since, until


async def show(request: web.Request) -> web.StreamResponse:
    """One call."""
    shown = await calls.show(request.app[DEPS].db, actor_of(request), CallId(forms.path_uuid(request)))
    return page(request, "calls/show.html", {"shown": shown})


async def index_recordings(request: web.Request) -> web.StreamResponse:
    """The newest recordings."""
    return await _list_recordings(request, {}, "recordings/index.html")


async def search_recordings(request: web.Request) -> web.StreamResponse:
    """By caller, agent and date."""
    form = await forms.posted(request)
    return await _list_recordings(
        request, form, "recordings/_rows.html" if form.get("after") else "recordings/_list.html"
    )


async def _list_recordings(request: web.Request, form: Mapping[str, str], template: str) -> web.Response:
    deps, actor = request.app[DEPS], actor_of(request)
    since, until = _days(form, deps.settings.timezone)
    wanted = WantedRecordings(text=forms.text(form, "text", limit=60), agent_id=_agent(form), since=since, until=until)
    found = await recordings.search(deps.db, actor, wanted, limit=LISTED, after=cursor.parse(form.get("after", "")))
    agents = await calls.agents(deps.db, actor) if template == "recordings/index.html" else ()
    return page(request, template, {"found": found.items, "agents": agents, "more": _more(form, found.next)})


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
