"""Work for people: what machines could not do, with what is needed to do it."""

import json

from aiohttp import web

from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import TaskId
from crm_core.tasks import service
from overview import tasks
from overview.tasks import Order
from web import forms
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of


async def index(request: web.Request) -> web.StreamResponse:
    """What is open, a page at a time: the oldest due first, or what was opened last."""
    order = _order(request)
    after = forms.optional_number(request.query, "after")
    part = request.headers.get("HX-Target") == "tasks"
    found = await tasks.listed(
        request.app[DEPS].db, actor_of(request), order, after=TaskId(after) if after else None, again=part
    )
    template = "tasks/_rows.html" if after else "tasks/_list.html" if part else "tasks/index.html"
    return page(request, template, {"found": found})


def _order(request: web.Request) -> Order:
    try:
        return Order(request.query.get("order", Order.URGENT))
    except ValueError:
        raise InvalidInputError("no such order", field="order") from None


async def done(request: web.Request) -> web.StreamResponse:
    """Dealt with; the toast can take it back."""
    task = await service.done(request.app[DEPS].db, actor_of(request), TaskId(forms.path_number(request)))
    toast = {"text": _("Done."), "undo": f"/tasks/{task.id}/reopen", "undoText": _("Undo")}
    return web.Response(text="", content_type="text/html", headers={"HX-Trigger": json.dumps({"toast": toast})})


async def reopen(request: web.Request) -> web.StreamResponse:
    """Undo: the same task waits again."""
    await service.reopen(request.app[DEPS].db, actor_of(request), TaskId(forms.path_number(request)))
    return web.Response(status=204, headers={"HX-Trigger": json.dumps({"toast": {"text": _("Open again.")}})})
