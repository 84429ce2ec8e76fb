"""The wallboard: who waits, who works, whether every part is up, and today's numbers."""

from aiohttp import web

from crm_core.calls import agents
from crm_core.kernel.ids import UserId
from crm_core.kernel.status import OK
from overview import board as boards
from web import forms, status_words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of


async def index(request: web.Request) -> web.StreamResponse:
    """The page; its one part is asked for again when something happens."""
    return page(request, "wallboard/index.html", await _board(request))


async def board(request: web.Request) -> web.StreamResponse:
    """The part."""
    return page(request, "wallboard/_board.html", await _board(request))


async def set_state(request: web.Request) -> web.StreamResponse:
    """A supervisor puts an agent on duty, on a break or off; in a call it is what comes after it."""
    form = await forms.posted(request)
    user_id = UserId(forms.path_number(request))
    await agents.set_state(request.app[DEPS].db, actor_of(request), user_id, forms.text(form, "state", limit=20))
    return await board(request)


async def _board(request: web.Request) -> dict[str, object]:
    deps = request.app[DEPS]
    zone = deps.settings.timezone
    start, end = forms.bounds(forms.today(deps.db.clock(), zone), zone)
    return {
        "board": await boards.show(deps.db, actor_of(request), start, end, zone),
        "parts": status_words.parts(deps.status.parts()),
        "ok": _(status_words.STATE[OK]),
        "promised_s": int(boards.PROMISED.total_seconds()),
        "wait_long_s": int(boards.WAIT_LONG.total_seconds()),
        "wrap_up_long_s": boards.wrap_up_long_s(deps.settings.wrap_up_s),
    }
