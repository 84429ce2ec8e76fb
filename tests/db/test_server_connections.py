"""Pages can be as busy as they like: whoever calls has connections of their own."""

import asyncio
from contextlib import AsyncExitStack
from contextvars import Context
from pathlib import Path

import pytest

from crm_core.kernel.db import Database, open_database
from crm_core.kernel.status import StatusBoard
from server.config import build
from server.secret_store import load_or_make
from server.wiring import Server

pytestmark = pytest.mark.db

PAGES = 3


async def keep_busy(db: Database, stop: asyncio.Event, begun: asyncio.Semaphore) -> None:
    async with db.connection() as conn:
        await conn.execute("SELECT 1")
        begun.release()
        await stop.wait()


async def test_a_caller_is_answered_while_pages_have_taken_every_connection(database_url: str, tmp_path: Path) -> None:
    config = build([("env", {"HCRM_HOME": str(tmp_path)})])
    stop, begun = asyncio.Event(), asyncio.Semaphore(0)
    async with AsyncExitStack() as stack:
        pages = await stack.enter_async_context(open_database(database_url, max_size=PAGES))
        calls = await stack.enter_async_context(open_database(database_url, max_size=2))
        server = Server(config, load_or_make(config.places.secrets), database_url, pages, calls, StatusBoard())
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for _ in range(PAGES):
            group.create_task(keep_busy(pages, stop, begun), context=Context())
        for _ in range(PAGES):
            await begun.acquire()
        async with asyncio.timeout(5), server.reception().db.connection() as conn:
            assert await conn.fetchval("SELECT count(*) FROM department") == 0
        stop.set()
