"""One process per modem: an advisory lock on a connection that also hears of new messages."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from crm_core.kernel.db import CANNOT_CONNECT, Connection, Database
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.event import NOTIFY_CHANNEL

log = logging.getLogger("sms.guard")

PROBE_S = 10.0
RETRY_S = 1.0


@dataclass(slots=True)
class ModemGuard:
    """`held`: this process may use the modem and PostgreSQL answers. `taken`: another process has it.

    `settle` runs whenever the lock was taken, before anybody uses the modem: what the last holder left is parked.
    """

    db: Database
    modem: str
    settle: Callable[[], Awaitable[None]]
    held: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    queued: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self) -> None:
        """Long-lived: take the lock, keep it, take it again after PostgreSQL was away."""
        while True:
            with suppress(DatabaseUnavailableError, *CANNOT_CONNECT):
                async with self.db.own_connection() as conn:
                    await self._hold_on(conn)
            await asyncio.sleep(RETRY_S)

    async def _hold_on(self, conn: Connection) -> None:
        lock = "SELECT pg_try_advisory_lock(hashtextextended('sms modem ' || $1, 0))"
        if not await conn.fetchval(lock, self.modem):
            self.taken.set()
            return
        self.taken.clear()
        lost = asyncio.Event()

        def end(_conn: object) -> None:
            lost.set()

        conn.add_termination_listener(end)
        await conn.add_listener(NOTIFY_CHANNEL, self._heard)
        try:
            await self.settle()
            self.held.set()
            self.queued.set()
            await self._watch(conn, lost)
        finally:
            self.held.clear()
            with suppress(*CANNOT_CONNECT):
                conn.remove_termination_listener(end)
                await conn.remove_listener(NOTIFY_CHANNEL, self._heard)
                await conn.execute("SELECT pg_advisory_unlock_all()")

    async def _watch(self, conn: Connection, lost: asyncio.Event) -> None:
        """Until the connection ends; asks from time to time, as a dead network says nothing."""
        while not lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE_S):
                    await lost.wait()
            if not lost.is_set():
                await conn.fetchval("SELECT 1", timeout=PROBE_S)

    def _heard(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        with suppress(ValueError):
            if json.loads(str(payload)).get("type") == "SmsQueued":
                self.queued.set()
