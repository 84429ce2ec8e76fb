"""The agent's desk: their telephone line and state, the screen pop, and what is written down about a call."""

import json
from collections.abc import Mapping

from aiohttp import web

from crm_core.calls import agents, desk, leg_store, own, rules
from crm_core.calls import service as calls
from crm_core.calls import store as call_store
from crm_core.calls.errors import CallNotFoundError
from crm_core.calls.model import Agent, Call, CallState, Leg
from crm_core.kernel import audit
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import InvalidInputError, NotFoundError
from crm_core.kernel.ids import CallId, PatientId, UserId
from crm_core.patients import search_store
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.users.rights import Right, allows
from web import cards, forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of, login_of, user_id_of

RECENT = 6
LONGEST_NOTES = 4000


async def show(request: web.Request) -> web.StreamResponse:
    """The desk; with a call under way or in wrap-up, that call."""
    db = request.app[DEPS].db
    async with db.connection() as conn:
        agent = await _agent(conn, user_id_of(request))
        recent = await call_store.page(conn, agent_id=user_id_of(request), limit=RECENT)
        names = await _names(conn, recent)
        waiting = await _waiting(conn)
    context: dict[str, object] = {"agent": agent, "recent": recent, "names": names, "waiting": waiting, "pop": None}
    if agent and agent.call_id:
        context["pop"] = await _pop(request, agent.call_id)
    return page(request, "desk/index.html", context)


async def _agent(conn: Connection, user_id: UserId) -> Agent | None:
    return next((agent for agent in await agents.states(conn) if agent.user_id == user_id), None)


async def _names(conn: Connection, recent: list[Call]) -> dict[PatientId, str]:
    ids = [call.patient_id for call in recent if call.patient_id]
    return {patient.id: patient.name for patient in await patients.many(conn, list(dict.fromkeys(ids)))}


async def _waiting(conn: Connection) -> list[Call]:
    return [call for call in await call_store.open_calls(conn) if call.state is CallState.QUEUED]


async def waiting(request: web.Request) -> web.StreamResponse:
    """Who waits in the queue."""
    async with request.app[DEPS].db.connection() as conn:
        found = await _waiting(conn)
        names = await _names(conn, found)
    return page(request, "desk/_waiting.html", {"waiting": found, "names": names})


async def line(request: web.Request) -> web.StreamResponse:
    """The SIP account of this person's own desk. Given to nobody else, and written down."""
    login = login_of(request)
    account = request.app[DEPS].lines.account(login.desk) if login.desk else None
    if account is None:
        raise NotFoundError("no telephone at this desk")
    async with request.app[DEPS].db.transaction(actor_of(request)) as tx:
        await audit.record(tx, "take line", "desk", account.user)
    body = {"path": account.path, "host": account.host, "user": account.user, "password": account.password}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def state(request: web.Request) -> web.StreamResponse:
    """What the agent is doing, for the dock."""
    async with request.app[DEPS].db.connection() as conn:
        agent = await _agent(conn, user_id_of(request))
    return page(request, "desk/_state.html", {"agent": agent})


async def set_state(request: web.Request) -> web.StreamResponse:
    """Available, on a break with a reason, or offline; in wrap-up this ends it."""
    form = await forms.posted(request)
    user_id = user_id_of(request)
    agent = await agents.set_state(
        request.app[DEPS].db,
        actor_of(request),
        user_id,
        forms.text(form, "state", limit=20),
        forms.text(form, "reason", limit=40),
    )
    return page(request, "desk/_state.html", {"agent": agent})


async def colleagues(request: web.Request) -> web.StreamResponse:
    """Where a call can be transferred to: the queue and other desks."""
    async with request.app[DEPS].db.connection() as conn:
        others = [agent for agent in await agents.states(conn) if agent.user_id != user_id_of(request) and agent.desk]
    return page(request, "desk/_colleagues.html", {"agents": others})


async def caller(request: web.Request) -> web.StreamResponse:
    """Name and number for the ringing telephone, on whatever page the agent is."""
    return page(request, "desk/_caller.html", await _pop(request, CallId(forms.path_uuid(request)), looked_at=False))


async def pop(request: web.Request) -> web.StreamResponse:
    """The screen pop of one call, for the agent it concerns."""
    shown = await _pop(request, CallId(forms.path_uuid(request)))
    return page(request, "desk/_popped.html", {"pop": shown, "patient": shown["patient"], "family": shown["family"]})


async def pop_call(request: web.Request) -> web.StreamResponse:
    """Only how the call stands; what the agent is typing stays."""
    call_id = CallId(forms.path_uuid(request))
    async with request.app[DEPS].db.connection() as conn:
        call = await _own_call(conn, request, call_id)
        mine, others = rules.split(await leg_store.of_call(conn, call_id), user_id_of(request))
    return page(request, "desk/_call.html", {"call": call, "legs": others, "stays": stays(request, call, mine)})


def stays(request: web.Request, call: Call, own: Leg | None) -> bool:
    """Whether the call is still this person's business when it has gone elsewhere or is over."""
    login = login_of(request)
    return own is not None or call.agent_id == login.user_id or allows(login.role, Right.SUPERVISE)


async def bring_back(request: web.Request) -> web.StreamResponse:
    """The patient this agent speaks with rings their desk again: the telephone that had the call is gone."""
    deps, actor = request.app[DEPS], actor_of(request)
    at, patient = await desk.to_bring_back(deps.db, actor, CallId(forms.path_uuid(request)))
    await deps.dialing.bring_back(actor, at, patient)
    return web.Response(status=204)


async def _own_call(conn: Connection, request: web.Request, call_id: CallId) -> Call:
    call = await call_store.get(conn, call_id)
    if call is None:
        raise CallNotFoundError("no such call")
    await own.ensure(conn, actor_of(request), call)
    return call


async def _pop(request: web.Request, call_id: CallId, *, looked_at: bool = True) -> dict[str, object]:
    db: Database = request.app[DEPS].db
    async with db.transaction(actor_of(request)) as tx:
        call = await _own_call(tx.conn, request, call_id)
        patient = await patients.get(tx.conn, call.patient_id) if call.patient_id else None
        family: list[Patient] = []
        if patient is None and call.caller:
            family = await patients.find_by_msisdn(tx.conn, call.caller)
        me = user_id_of(request)
        mine, others = rules.split(await leg_store.of_call(tx.conn, call.id), me)
        context: dict[str, object] = {
            "call": call,
            "legs": others,
            "stays": stays(request, call, mine),
            "written": rules.written_by(call, mine, me),
            "patient": patient,
            "family": family,
            "dispositions": words.DISPOSITION,
            "is_mine": rules.writes_down(call, mine, await _agent(tx.conn, me), me),
        }
        if patient is not None:
            context |= await cards.of_patient(tx.conn, patient, tx.now)
            context["last_calls"] = await cards.last_calls(tx.conn, patient, but=call.id)
            if looked_at:
                await audit.record(tx, "see patient", "patient", patient.id, detail={"call_id": str(call_id)})
    return context


async def choose_patient(request: web.Request) -> web.StreamResponse:
    """Who of the family is calling, or whom the agent found; empty takes it back."""
    form = await forms.posted(request)
    call_id = CallId(forms.path_uuid(request))
    chosen = forms.optional_number(form, "patient_id")
    db = request.app[DEPS].db
    await calls.set_patient(db, call_id, PatientId(chosen) if chosen else None, actor_of(request))
    return page(request, "desk/_pop.html", {"pop": await _pop(request, call_id)})


async def find_patient(request: web.Request) -> web.StreamResponse:
    """Search inside the pop, to tie an existing patient to the call."""
    query = forms.text(await forms.posted(request), "q", limit=100)
    async with request.app[DEPS].db.connection() as conn:
        found = await search_store.search(conn, query, limit=RECENT) if query else []
    return page(request, "desk/_choose.html", {"people": found, "call_id": forms.path_uuid(request)})


async def consult(request: web.Request) -> web.StreamResponse:
    """A consultation of somebody who is not (yet) a patient."""
    form = await forms.posted(request)
    call_id = CallId(forms.path_uuid(request))
    text = _required(form, "text")
    await desk.consult(request.app[DEPS].db, actor_of(request), call_id, text)
    return _done("desk/_saved.html", request, _("The consultation is written down."))


async def dispose(request: web.Request) -> web.StreamResponse:
    """How the call ended, with notes; the agent is free again."""
    form = await forms.posted(request)
    call_id = CallId(forms.path_uuid(request))
    disposition = form.get("disposition", "")
    if disposition not in words.DISPOSITION:
        raise InvalidInputError("choose how the call ended", field="disposition")
    notes = forms.text(form, "notes", limit=LONGEST_NOTES)
    await calls.set_disposition(request.app[DEPS].db, actor_of(request), call_id, disposition, notes)
    return _done("desk/_saved.html", request, _("Written down."))


def _required(form: Mapping[str, str], name: str) -> str:
    value = forms.text(form, name, limit=LONGEST_NOTES)
    if not value:
        raise InvalidInputError("please fill this in", field=name)
    return value


def _done(template: str, request: web.Request, text: str) -> web.Response:
    answer = page(request, template, {"text": text})
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}})
    return answer
