"""Work for people: what machines could not do, with what is needed to do it."""

import json

from aiohttp import web

from crm_core.kernel.ids import TaskId
from crm_core.tasks import service, store
from crm_core.tasks.errors import TaskNotFoundError
from web import forms
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of


async def index(request: web.Request) -> web.StreamResponse:
    """What is open, the oldest due first."""
    db = request.app[DEPS].db
    async with db.connection() as conn:
        tasks = await store.open_tasks(conn)
    part = request.headers.get("HX-Target") == "tasks"
    return page(request, "tasks/_list.html" if part else "tasks/index.html", {"tasks": tasks})


async def done(request: web.Request) -> web.StreamResponse:
    """Dealt with; the toast can take it back."""
    task = await service.done(request.app[DEPS].db, actor_of(request), TaskId(forms.path_number(request)))
    toast = {"text": _("Done."), "undo": f"/tasks/{task.id}/reopen", "undoText": _("Undo")}
    return web.Response(text="", content_type="text/html", headers={"HX-Trigger": json.dumps({"toast": toast})})


async def reopen(request: web.Request) -> web.StreamResponse:
    """Undo: the same task waits again."""
    async with request.app[DEPS].db.transaction(actor_of(request)) as tx:
        old = await store.get(tx.conn, TaskId(forms.path_number(request)))
        if old is None:
            raise TaskNotFoundError("no such task")
        await service.open_in(tx, old.kind, old.msisdn, old.ref, old.patient_id, old.due_at)
    return web.Response(status=204, headers={"HX-Trigger": json.dumps({"toast": {"text": _("Open again.")}})})
