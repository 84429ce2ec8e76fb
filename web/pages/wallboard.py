"""The wallboard: who waits, who works, whether every part is up, and today's numbers."""

from aiohttp import web

from crm_core.kernel.status import OK
from overview import board as boards
from web import forms
from web.deps import DEPS
from web.render import page
from web.security import actor_of


async def index(request: web.Request) -> web.StreamResponse:
    """The page; its one part is asked for again when something happens."""
    return page(request, "wallboard/index.html", await _board(request))


async def board(request: web.Request) -> web.StreamResponse:
    """The part."""
    return page(request, "wallboard/_board.html", await _board(request))


async def _board(request: web.Request) -> dict[str, object]:
    deps = request.app[DEPS]
    zone = deps.settings.timezone
    start, end = forms.bounds(forms.today(deps.db.clock(), zone), zone)
    shown = await boards.show(deps.db, actor_of(request), start, end, zone)
    return {"board": shown, "parts": [(name, state, state == OK) for name, state in deps.status.parts().items()]}
