"""The browsers' telephones: SIP over a WebSocket of our own origin, handed on to Asterisk on this machine.

So the desk needs one port and one certificate, Asterisk's WebSocket stays closed to the network, and only who is
logged in reaches it. Frames pass unread; who registers is Asterisk's to check.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

import aiohttp
from aiohttp import WSMsgType, web

from crm_core.kernel.errors import DatabaseUnavailableError, TemporarySendError
from web import security
from web.deps import DEPS
from web.errors import BadOriginError

SIP = ("sip",)
PATH = "/ws"
DEMO_PATH = "/demo/ws"
LARGEST_FRAME_BYTES = 65_536
CONNECT_TIMEOUT_S = 5.0
LOOK_EVERY_S = 30.0
HEARTBEAT_S = 30.0  # a browser whose machine lost its power is noticed

SOCKETS = web.AppKey("telephone sockets", set[web.WebSocketResponse])
Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


async def desk(request: web.Request) -> web.StreamResponse:
    """A desk's telephone, for as long as the session lasts."""
    return await _hand_on(request, lambda: security.is_still_logged_in(request))


async def handset(request: web.Request) -> web.StreamResponse:
    """A patient's telephone in the demo: nobody is logged in there."""
    return await _hand_on(request, _always)


async def _always() -> bool:
    return True


async def _hand_on(request: web.Request, may_stay: Callable[[], Awaitable[bool]]) -> web.StreamResponse:
    if not security.is_same_origin(request):  # a browser lets any page open a WebSocket to anywhere, with our cookies
        raise BadOriginError("not opened by our own page")
    browser = web.WebSocketResponse(protocols=SIP, max_msg_size=LARGEST_FRAME_BYTES, heartbeat=HEARTBEAT_S)
    if not browser.can_prepare(request):
        raise web.HTTPBadRequest
    async with aiohttp.ClientSession() as session, await _asterisk(request, session) as asterisk:
        await browser.prepare(request)
        request.app[SOCKETS].add(browser)
        try:
            await _until_one_ends(_pump(browser, asterisk), _pump(asterisk, browser), _until_not(may_stay))
        finally:
            request.app[SOCKETS].discard(browser)
            await browser.close()
    return browser


async def _asterisk(request: web.Request, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    url = request.app[DEPS].settings.asterisk_ws_url
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await session.ws_connect(url, protocols=SIP, max_msg_size=LARGEST_FRAME_BYTES)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TemporarySendError("the telephone system does not answer") from error


async def _pump(source: Socket, target: Socket) -> None:
    """Every text of `source` to `target`, until one of them is gone."""
    async for message in source:
        if message.type is not WSMsgType.TEXT or target.closed:
            return
        try:
            await target.send_str(message.data)
        except ConnectionError:
            return


async def _until_not(may_stay: Callable[[], Awaitable[bool]]) -> None:
    """A database that is away ends nobody's call."""
    while True:
        with suppress(DatabaseUnavailableError):
            if not await may_stay():
                return
        await asyncio.sleep(LOOK_EVERY_S)


async def _until_one_ends(*works: Coroutine[None, None, None]) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def close_all(app: web.Application) -> None:
    """At the server's end: a browser's telephone looks for the next one by itself."""
    sockets = app[SOCKETS]
    await asyncio.gather(*(socket.close(code=aiohttp.WSCloseCode.GOING_AWAY) for socket in tuple(sockets)))
