"""One server process, from its settings to its end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from datetime import tzinfo

from crm_core.kernel import log
from crm_core.kernel.db import Database, close_pool, connect
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.status import StatusBoard
from ivr.service import ensure_shipped
from server.config import Config
from server.postgres import database_url
from server.secret_store import load_or_make
from server.supervisor import run_all
from server.wiring import SUBSCRIPTIONS, Server

logger = logging.getLogger("lifespan")

DATABASE_AGAIN_S = 1.0


async def serve(config: Config) -> None:
    """Until SIGTERM or SIGINT. Waits for PostgreSQL as long as it takes; callers are with the dialplan meanwhile."""
    log.configure(level=config.logs.level, show_personal=config.logs.show_personal)
    secrets = load_or_make(config.places.secrets)
    url, zone = database_url(config, secrets), config.hospital.timezone
    async with (
        _database(url, config.database.connections, zone) as db,
        _database(url, config.database.call_connections, zone) as calls,
    ):
        await ensure_shipped(db)
        await _until_signal(Server(config, secrets, url, db, calls, StatusBoard()))


@contextlib.asynccontextmanager
async def _database(url: str, max_size: int, zone: tzinfo) -> AsyncIterator[Database]:
    db = await _connected(url, max_size, zone)
    try:
        yield db
    finally:
        await close_pool(db.pool)


async def _connected(url: str, max_size: int, zone: tzinfo) -> Database:
    while True:
        try:
            return await connect(url, subscriptions=SUBSCRIPTIONS, zone=zone, max_size=max_size)
        except DatabaseUnavailableError as error:
            logger.warning("waiting for the database", extra={"error": str(error)})
            await asyncio.sleep(DATABASE_AGAIN_S)


async def _until_signal(server: Server) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(run_all(server.services(), server.board))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
