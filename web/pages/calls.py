"""The call log: a list with filters, one call with its way through the menu and its recordings, and the player."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from aiohttp import web

from crm_core.calls import leg_store
from crm_core.calls import store as calls
from crm_core.calls.errors import CallNotFoundError
from crm_core.calls.model import Call, Direction
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, Msisdn, PatientId, RecordingId, UserId
from crm_core.kernel.msisdn import parse_msisdn
from crm_core.patients import store as patients
from crm_core.users import store as users
from crm_core.users.model import User
from crm_core.users.rights import Right, allows
from recordings import service as recordings
from recordings import store as recording_store
from recordings.model import Absence, Recording, Wanted
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
    deps = request.app[DEPS]
    since, until = _days(form, deps.settings.timezone)
    after = form.get("after", "")
    async with deps.db.connection() as conn:
        found = await calls.page(
            conn,
            caller=_caller(form),
            since=since,
            until=until,
            direction=_direction(form),
            agent_id=_agent(form),
            limit=LISTED + 1,
            after=CallId(forms.uuid_of(after)) if after else None,
        )
        shown = found[:LISTED]
        context = {
            "calls": shown,
            "names": await names_of(conn, shown),
            "recorded": await recording_store.ids_of_calls(conn, [call.id for call in shown]),
            "agents": await desk_users(conn),
            "wanted": form,
            "more": {**form, "after": str(shown[-1].id)} if len(found) > LISTED else None,
        }
    return page(request, template, context)


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


async def names_of(conn: Connection, found: Iterable[Call]) -> dict[PatientId, str]:
    """Names of the patients in some calls."""
    ids = list({call.patient_id for call in found if call.patient_id})
    return {patient.id: patient.name for patient in await patients.many(conn, ids)}


async def desk_users(conn: Connection) -> list[User]:
    """Who can have taken a call."""
    return [user for user in await users.users(conn) if allows(user.role, Right.TAKE_CALLS)]


async def show(request: web.Request) -> web.StreamResponse:
    """One call."""
    deps, actor = request.app[DEPS], actor_of(request)
    call_id = CallId(forms.path_uuid(request))
    async with deps.db.connection() as conn:
        call = await calls.get(conn, call_id)
        if call is None:
            raise CallNotFoundError("no such call")
        names = await names_of(conn, [call])
        legs = await leg_store.of_call(conn, call_id)
    heard: list[Recording] = []
    absence: Absence | None = None
    if actor.role and allows(actor.role, Right.HEAR_RECORDINGS):
        heard, absence = await recordings.of_call(deps.db, actor, call_id)
    context = {"call": call, "names": names, "legs": legs, "heard": heard, "absence": absence}
    return page(request, "calls/show.html", context)


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
    deps = request.app[DEPS]
    since, until = _days(form, deps.settings.timezone)
    wanted = Wanted(text=forms.text(form, "text", limit=60), agent_id=_agent(form), since=since, until=until)
    after = form.get("after", "")
    found = await recordings.search(
        deps.db,
        actor_of(request),
        wanted,
        limit=LISTED + 1,
        after=RecordingId(forms.uuid_of(after)) if after else None,
    )
    async with deps.db.connection() as conn:
        agents = await desk_users(conn)
    shown = found[:LISTED]
    more = {**form, "after": str(shown[-1].id)} if len(found) > LISTED else None
    return page(request, template, {"found": shown, "agents": agents, "wanted": form, "more": more})


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
