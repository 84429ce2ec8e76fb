"""Work for people: what machines could not do, with what is needed to do it."""

import json
from collections.abc import Mapping
from datetime import datetime, time, tzinfo
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from crm_core.drafts.model import Form, Subject
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError, InvalidInputError
from crm_core.kernel.ids import PatientId, TaskId, UserId
from crm_core.kernel.msisdn import parse_msisdn
from crm_core.patients import lookup
from crm_core.tasks import service
from crm_core.tasks.model import NewTask, Order, Priority, Task, TaskKind, View
from crm_core.tasks.rules import TEAMS, Snooze
from overview import tasks
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.pages import drafts
from web.render import page
from web.security import actor_of

BY_HAND = (TaskKind.TODO, TaskKind.CALL_BACK)
END_OF_DAY = time(18)
ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


async def index(request: web.Request) -> web.StreamResponse:
    """One view of the work, a page at a time: the oldest due first, or what was opened last."""
    view = _choice(View, request.query.get("view", View.OPEN), "view")
    order = _choice(Order, request.query.get("order", Order.URGENT), "order")
    after = forms.optional_number(request.query, "after")
    part = request.headers.get("HX-Target") == "tasks"
    found = await tasks.listed(
        request.app[DEPS].db, actor_of(request), order, view=view, after=TaskId(after) if after else None, again=part
    )
    template = "tasks/_rows.html" if after else "tasks/_list.html" if part else "tasks/index.html"
    return page(request, template, {"work": found})


def _choice(kind: type[ChoiceT], text: str, field: str) -> ChoiceT:
    try:
        return kind(text)
    except ValueError:
        raise InvalidInputError("no such choice", field=field) from None


async def new(request: web.Request) -> web.StreamResponse:
    """An empty task, perhaps about a patient."""
    about = forms.optional_number(request.query, "patient")
    db, actor = request.app[DEPS].db, actor_of(request)
    patient = await lookup.part(db, actor, PatientId(about), "new task") if about else None
    people = await tasks.people(db, actor)
    typed = await drafts.mine(request, Subject(form=Form.TASK, patient_id=patient.id if patient else None))
    context = {"patient": patient, "colleagues": people, "kinds": BY_HAND, "teams": TEAMS, "typed": typed}
    return page(request, "tasks/new.html", context)


async def create(request: web.Request) -> web.StreamResponse:
    """Somebody writes down what there is to do; what was typed stays where it cannot be taken."""
    deps, form = request.app[DEPS], await forms.posted(request)
    try:
        await service.create(deps.db, actor_of(request), _written(form, deps.settings.timezone))
    except HcrmError as error:
        answer = page(request, "tasks/_problem.html", {"problem": words.error_words(error.code)}, status=422)
        answer.headers.update({"HX-Retarget": "#task-problem", "HX-Reswap": "innerHTML"})
        return answer
    return _moved("/tasks", _("Written down."))


def _written(form: Mapping[str, str], zone: tzinfo) -> NewTask:
    number, patient = forms.text(form, "msisdn", limit=40), forms.optional_number(form, "patient_id")
    return NewTask(
        kind=_choice(TaskKind, form.get("kind", TaskKind.TODO), "kind"),
        text=forms.text(form, "text", limit=service.LONGEST_TEXT),
        msisdn=parse_msisdn(number) if number else None,
        patient_id=PatientId(patient) if patient else None,
        assigned_to=_whose(form),
        due_at=_due(form, zone),
        priority=_priority(form),
        team=form.get("team", ""),
    )


def _priority(form: Mapping[str, str]) -> Priority:
    chosen = form.get("priority", str(Priority.NORMAL.value))
    try:
        return Priority(int(chosen))
    except ValueError:
        raise InvalidInputError("no such choice", field="priority") from None


def _due(form: Mapping[str, str], zone: tzinfo) -> datetime | None:
    day = forms.day(form, "day")
    at = forms.clock(form, "at") if form.get("at", "").strip() else END_OF_DAY
    return datetime.combine(day, at, zone) if day else None


def _whose(form: Mapping[str, str]) -> UserId | None:
    chosen = forms.optional_number(form, "user_id")
    return UserId(chosen) if chosen else None


def _moved(to: str, text: str) -> web.Response:
    location = {"path": to, "target": "#page", "select": "#page", "swap": "outerHTML"}
    toast = json.dumps({"toast": {"text": text}})
    return web.Response(status=200, headers={"HX-Location": json.dumps(location), "HX-Trigger": toast})


async def assign(request: web.Request) -> web.StreamResponse:
    """Take it, give it to a colleague, or give it back to all."""
    task_id, whose = TaskId(forms.path_number(request)), _whose(await forms.posted(request))
    return await _changed(request, await service.assign(_db(request), actor_of(request), task_id, whose))


async def claim(request: web.Request) -> web.StreamResponse:
    """I am at it."""
    return await _changed(
        request, await service.claim(_db(request), actor_of(request), TaskId(forms.path_number(request)))
    )


async def snooze(request: web.Request) -> web.StreamResponse:
    """Out of sight for a while."""
    task_id, form = TaskId(forms.path_number(request)), await forms.posted(request)
    how_long = _choice(Snooze, form.get("for", ""), "for")
    return await _changed(request, await service.snooze(_db(request), actor_of(request), task_id, how_long))


async def _changed(request: web.Request, task: Task) -> web.Response:
    shown = await tasks.one(_db(request), actor_of(request), task)
    answer = page(request, "tasks/_task.html", {"work": shown, "task": task})
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": _("Written down.")}})
    return answer


def _db(request: web.Request) -> Database:
    return request.app[DEPS].db


async def done(request: web.Request) -> web.StreamResponse:
    """Dealt with; the toast can take it back."""
    result = forms.text(await forms.posted(request), "result", limit=service.LONGEST_TEXT)
    task = await service.done(_db(request), actor_of(request), TaskId(forms.path_number(request)), result=result)
    toast = {"text": _("Done."), "undo": f"/tasks/{task.id}/reopen", "undoText": _("Undo")}
    return web.Response(text="", content_type="text/html", headers={"HX-Trigger": json.dumps({"toast": toast})})


async def reopen(request: web.Request) -> web.StreamResponse:
    """Undo: the same task waits again."""
    await service.reopen(_db(request), actor_of(request), TaskId(forms.path_number(request)))
    return web.Response(status=204, headers={"HX-Trigger": json.dumps({"toast": {"text": _("Open again.")}})})
