"""One server process, from its settings to its end."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from crm_core.kernel.db import open_database
from crm_core.kernel.status import StatusBoard
from server.config import Config
from server.postgres import database_url
from server.secret_store import load_or_make


async def serve(config: Config) -> None:
    """Until SIGTERM or SIGINT. Raises DatabaseUnavailableError when PostgreSQL is away at start."""
    board = StatusBoard()
    url = database_url(config, load_or_make(config.places.secrets))
    async with open_database(url):
        board.report("database")
        app = web.Application()
        app.router.add_get("/api/v1/status", _status(board))
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, config.ports.listen, config.ports.http).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


def _status(board: StatusBoard) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok" if board.is_ok() else "degraded", "parts": board.parts()})

    return answer
