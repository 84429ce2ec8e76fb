"""The agent's desk: their telephone line and state, the screen pop, and what is written down about a call."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from crm_core.calls import agents, at_desk, desk, newcomer
from crm_core.calls import service as calls
from crm_core.drafts.model import Form, Subject
from crm_core.kernel import cursor
from crm_core.kernel.errors import ConflictError, HcrmError, InvalidInputError, NotFoundError
from crm_core.kernel.ids import CallId, PatientId
from crm_core.patients.form import OnFile
from crm_core.patients.model import NewPatient, Patient
from overview import desk as desks
from overview import pop as pops
from overview import pop_why, unwritten
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.pages import drafts
from web.render import page
from web.security import actor_of, login_of, user_id_of

LONGEST_NOTES = 4000


async def show(request: web.Request) -> web.StreamResponse:
    """The desk; with a call under way or in wrap-up, that call."""
    shown = await desks.show(request.app[DEPS].db, actor_of(request))
    return page(request, "desk/index.html", {"pop": shown.pop, "recent": shown.recent})


async def recent(request: web.Request) -> web.StreamResponse:
    """This person's last calls, or more of them."""
    after = cursor.parse(request.query.get("after", ""))
    found = await desks.recent(request.app[DEPS].db, actor_of(request), after)
    return page(request, "desk/_recent.html" if after else "desk/_mine.html", {"recent": found})


async def waiting(request: web.Request) -> web.StreamResponse:
    """Who waits in the queue."""
    return page(request, "desk/_waiting.html", {"queue": await desks.queue(request.app[DEPS].db, actor_of(request))})


async def line(request: web.Request) -> web.StreamResponse:
    """The SIP account of this person's own desk. Given to nobody else, and written down."""
    login, deps = login_of(request), request.app[DEPS]
    account = deps.lines.account(login.desk) if login.desk else None
    if account is None:
        raise NotFoundError("no telephone at this desk")
    await desk.take_line(deps.db, actor_of(request), account.user)
    body = {"path": account.path, "host": account.host, "user": account.user, "password": account.password}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def state(request: web.Request) -> web.StreamResponse:
    """What the agent is doing, for the dock."""
    return page(request, "desk/_state.html", {"now_here": await at_desk.now(request.app[DEPS].db, actor_of(request))})


async def set_state(request: web.Request) -> web.StreamResponse:
    """Available, on a break with a reason, or offline; in wrap-up this ends it."""
    form = await forms.posted(request)
    await agents.set_state(
        request.app[DEPS].db,
        actor_of(request),
        user_id_of(request),
        forms.text(form, "state", limit=20),
        forms.text(form, "reason", limit=40),
    )
    return await state(request)


async def colleagues(request: web.Request) -> web.StreamResponse:
    """Where a call can be transferred to: the queue and other desks."""
    others = await agents.colleagues(request.app[DEPS].db, actor_of(request))
    return page(request, "desk/_colleagues.html", {"agents": others})


async def without_result(request: web.Request) -> web.StreamResponse:
    """How many calls wait for this person to say how they ended."""
    count = await unwritten.count(request.app[DEPS].db, actor_of(request))
    return page(request, "desk/_without_result.html", {"count": count})


async def caller(request: web.Request) -> web.StreamResponse:
    """Name and number for the ringing telephone, on whatever page the agent is."""
    ringing = await pops.ringing(request.app[DEPS].db, actor_of(request), _call_id(request))
    return page(request, "desk/_caller.html", {"caller": ringing})


async def pop(request: web.Request) -> web.StreamResponse:
    """The screen pop of one call, for the agent it concerns."""
    shown = await pops.pop(request.app[DEPS].db, actor_of(request), _call_id(request))
    return page(request, "desk/_popped.html", {"pop": shown})


async def pop_call(request: web.Request) -> web.StreamResponse:
    """Only how the call stands; what the agent is typing stays."""
    now = await pops.call_now(request.app[DEPS].db, actor_of(request), _call_id(request))
    return page(request, "desk/_call.html", {"standing": now})


async def why(request: web.Request) -> web.StreamResponse:
    """What they pressed, their last visits, what they wish: beside the pop, which does not wait for it."""
    found = await pop_why.why(request.app[DEPS].db, actor_of(request), _call_id(request))
    return page(request, "desk/_why.html", {"why": found})


async def bring_back(request: web.Request) -> web.StreamResponse:
    """The patient this agent speaks with rings their desk again: the telephone that had the call is gone."""
    deps, actor = request.app[DEPS], actor_of(request)
    at, patient = await desk.to_bring_back(deps.db, actor, _call_id(request))
    await deps.dialing.bring_back(actor, at, patient)
    return web.Response(status=204)


async def choose_patient(request: web.Request) -> web.StreamResponse:
    """Who of the family is calling, or whom the agent found; empty takes it back."""
    chosen = forms.optional_number(await forms.posted(request), "patient_id")
    db, actor, call_id = request.app[DEPS].db, actor_of(request), _call_id(request)
    await calls.set_patient(db, call_id, PatientId(chosen) if chosen else None, actor)
    return page(request, "desk/_popped.html", {"pop": await pops.pop(db, actor, call_id)})


async def register(request: web.Request) -> web.StreamResponse:
    """The caller becomes a patient without leaving the call; who may be on file already is shown first."""
    form, call_id = await forms.posted(request), _call_id(request)
    db, actor = request.app[DEPS].db, actor_of(request)
    try:
        is_sure = form.get("anyway") == "yes"
        done = await newcomer.register(db, actor, call_id, _newcomer(request, form), anyway=is_sure)
    except (InvalidInputError, ConflictError) as error:
        return await _form_again(request, form, error=error)
    if isinstance(done, OnFile):
        return await _form_again(request, form, on_file=done.people)
    answer = page(request, "desk/_popped.html", {"pop": await pops.pop(db, actor, call_id)})
    answer.headers.update({"HX-Retarget": "#pop", "HX-Reswap": "innerHTML"})
    return answer


def _newcomer(request: web.Request, form: Mapping[str, str]) -> NewPatient:
    deps = request.app[DEPS]
    born, today = forms.day(form, "birth_date"), forms.today(deps.db.clock(), deps.settings.timezone)
    return NewPatient(
        name=forms.text(form, "name", limit=200),
        sex=form.get("sex") or "unknown",
        birth_date=born or forms.born(form, "age", today),
        card_no=forms.text(form, "card_no", limit=60) or None,
    )


async def _form_again(
    request: web.Request,
    form: Mapping[str, str],
    *,
    error: HcrmError | None = None,
    on_file: Sequence[Patient] = (),
) -> web.Response:
    context = {
        "call_id": _call_id(request),
        "draft": form,
        "typed": await drafts.mine(request, Subject(form=Form.CALL, call_id=_call_id(request))),
        "problem": words.error_words(error.code) if error else "",
        "wrong": getattr(error, "field", ""),
        "on_file": on_file,
    }
    return page(request, "desk/_newcomer.html", context, status=422 if error else 409)


async def find_patient(request: web.Request) -> web.StreamResponse:
    """Search inside the pop, to tie an existing patient to the call."""
    query = forms.text(await forms.posted(request), "q", limit=100)
    call_id = _call_id(request)
    found = await desks.find_patient(request.app[DEPS].db, actor_of(request), call_id, query)
    return page(request, "desk/_choose.html", {"people": found, "call_id": call_id})


async def consult(request: web.Request) -> web.StreamResponse:
    """A consultation of somebody who is not (yet) a patient."""
    call_id = _call_id(request)
    text = _required(await forms.posted(request), "text")
    await desk.consult(request.app[DEPS].db, actor_of(request), call_id, text)
    return _done("desk/_saved.html", request, _("The consultation is written down."))


async def dispose(request: web.Request) -> web.StreamResponse:
    """How the call ended, with notes; the agent is free again."""
    call_id, form = _call_id(request), await forms.posted(request)
    disposition = form.get("disposition", "")
    if disposition not in words.DISPOSITION:
        raise InvalidInputError("choose how the call ended", field="disposition")
    notes = forms.text(form, "notes", limit=LONGEST_NOTES)
    await calls.set_disposition(request.app[DEPS].db, actor_of(request), call_id, disposition, notes)
    return _done("desk/_saved.html", request, _("Written down."))


def _call_id(request: web.Request) -> CallId:
    return CallId(forms.path_uuid(request))


def _required(form: Mapping[str, str], name: str) -> str:
    value = forms.text(form, name, limit=LONGEST_NOTES)
    if not value:
        raise InvalidInputError("please fill this in", field=name)
    return value


def _done(template: str, request: web.Request, text: str) -> web.Response:
    return page(request, template, {"text": text})
