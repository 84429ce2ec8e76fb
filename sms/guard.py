"""One process per modem: a lock, and word of new messages."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.notices import RESYNC, Notice, Notices

RETRY_S = 1.0
WAKES = frozenset({"SmsQueued", RESYNC["type"]})


@dataclass(slots=True)
class ModemGuard:
    """`held`: this process may use the modem and PostgreSQL answers. `taken`: another process has it.

    `settle` runs whenever the lock was taken, before anybody uses the modem: what the last holder left is parked.
    """

    notices: Notices
    modem: str
    settle: Callable[[], Awaitable[None]]
    held: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    queued: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self) -> None:
        """Long-lived: take the lock, keep it, take it again after PostgreSQL was away."""
        with self.notices.subscribed(self._heard):
            while True:
                with suppress(DatabaseUnavailableError):
                    async with self.notices.lock(f"sms modem {self.modem}") as ended:
                        await self._hold_until(ended)
                await asyncio.sleep(RETRY_S)

    async def _hold_until(self, ended: asyncio.Event | None) -> None:
        if ended is None:
            self.taken.set()
            return
        self.taken.clear()
        try:
            await self.settle()
            self.held.set()
            self.queued.set()
            await ended.wait()
        finally:
            self.held.clear()

    def _heard(self, notice: Notice) -> None:
        if notice.get("type") in WAKES:
            self.queued.set()
