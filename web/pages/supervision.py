"""Supervisors at calls under way, colleagues let in, and pauses of a recording."""

from aiohttp import web

from crm_core.calls.model import Mode
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, UserId
from web import forms
from web.deps import DEPS
from web.pages import desk, wallboard
from web.security import actor_of


async def begin(request: web.Request) -> web.StreamResponse:
    """The supervisor's own telephone hears the call of this agent."""
    agent_id = UserId(forms.path_number(request))
    await request.app[DEPS].supervising.begin(actor_of(request), agent_id, await _mode(request))
    return await wallboard.board(request)


async def change(request: web.Request) -> web.StreamResponse:
    """Nearer to the call, or less near."""
    await request.app[DEPS].supervising.change(actor_of(request), await _mode(request))
    return web.Response(status=204)


async def stop(request: web.Request) -> web.StreamResponse:
    """They hear no more."""
    await request.app[DEPS].supervising.stop(actor_of(request))
    return web.Response(status=204)


async def let_in(request: web.Request) -> web.StreamResponse:
    """The colleague who is asked, the patient and this agent hear each other."""
    await request.app[DEPS].supervising.let_in(actor_of(request), CallId(forms.path_uuid(request)))
    return web.Response(status=204)


async def pause(request: web.Request) -> web.StreamResponse:
    """Nothing is recorded for a while."""
    await request.app[DEPS].supervising.pause(actor_of(request), CallId(forms.path_uuid(request)))
    return await desk.state(request)


async def resume(request: web.Request) -> web.StreamResponse:
    """It is recorded again."""
    await request.app[DEPS].supervising.resume(actor_of(request), CallId(forms.path_uuid(request)))
    return await desk.state(request)


async def _mode(request: web.Request) -> Mode:
    try:
        return Mode(forms.text(await forms.posted(request), "mode", limit=20))
    except ValueError:
        raise InvalidInputError("no such way to hear a call", field="mode") from None
