"""The first page of everybody who works with patients: what waits for them now, and what they have done."""

from aiohttp import web

from overview import today
from web.deps import DEPS
from web.render import page
from web.security import actor_of


async def show(request: web.Request) -> web.StreamResponse:
    """The page, or the list alone when it asks for itself."""
    part = request.headers.get("HX-Target") == "today"
    found = await today.show(request.app[DEPS].db, actor_of(request), again=part)
    return page(request, "today/_today.html" if part else "today/index.html", {"today": found, "work": found})
