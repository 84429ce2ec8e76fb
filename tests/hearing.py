"""The connection on which a process hears what happens, as in a server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crm_core.kernel.db import Database
from crm_core.kernel.notices import Heard, Notices
from crm_core.kernel.status import StatusBoard


@asynccontextmanager
async def hearing(db: Database, *hearers: Heard, board: StatusBoard | None = None) -> AsyncIterator[Notices]:
    """Up when the block begins."""
    notices = Notices(db, board or StatusBoard())
    for heard in hearers:
        notices.subscribe(heard)
    running = asyncio.ensure_future(notices.run())
    try:
        async with asyncio.timeout(60):
            await notices.until_up()
        yield notices
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
