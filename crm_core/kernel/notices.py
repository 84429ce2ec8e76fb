"""The one connection that a process keeps: on it PostgreSQL says what happened, and with it stand the process's locks.

Whoever wants to hear subscribes; nobody else LISTENs. docs/live.md, docs/decisions/0066-one-listening-connection.md.
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from crm_core.kernel import event_log
from crm_core.kernel.db import LOST, Database
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.event import NOTIFY_CHANNEL
from crm_core.kernel.refusals import raise_unavailable
from crm_core.kernel.status import StatusBoard

log = logging.getLogger("notices")

Notice = Mapping[str, object]  # an event's type and its public fields
Heard = Callable[[Notice], None]  # takes it at once: nobody waits for the slowest

RESYNC: Final[Notice] = {"type": "Resync"}  # what happened before now may not have been heard: look once
JOBS_CHANNEL = "ch_pgqueuer"
CHANNELS = (NOTIFY_CHANNEL, JOBS_CHANNEL)
PART = "live"
CONNECTION = "hcrm notices"
MOST_MISSED = 500  # more than this is not told one by one
PROBE_EVERY_S = 10.0
PROBE_TIMEOUT_S = 5.0
AGAIN_S = 1.0


@dataclass(slots=True, eq=False)
class _Line:
    """One connection from its LISTEN to its end. `turn`: it answers one question at a time."""

    conn: asyncpg.Connection
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, question: str, *args: object) -> Any:
        """Raises DatabaseUnavailableError."""
        try:
            async with self.turn:
                return await self.conn.fetchval(question, *args, timeout=PROBE_TIMEOUT_S)
        except (*LOST, TimeoutError, asyncpg.PostgresError) as error:
            raise_unavailable(error)


@dataclass(slots=True)
class Notices:
    """`run` keeps the connection. At the beginning each subscriber gets RESYNC.

    After a gap it gets what the event log says was told meanwhile, perhaps some of it a second time. RESYNC again when
    that is much, or when the database was away: then pages have asked in vain, too. Of jobs there is no log.
    """

    db: Database
    status: StatusBoard
    _subscribers: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    _line: _Line | None = None
    _is_up: asyncio.Event = field(default_factory=asyncio.Event)
    _locked: set[str] = field(default_factory=set)
    _heard_to: int | None = None  # what transactions below this number told was heard
    _was_up: bool = False

    def subscribe(self, heard: Heard) -> None:
        """What happens in the hospital, from now on."""
        self._subscribers[NOTIFY_CHANNEL].append(heard)

    @contextmanager
    def subscribed(self, heard: Heard, channel: str = NOTIFY_CHANNEL) -> Iterator[None]:
        """The same for as long as the block lasts."""
        self._subscribers[channel].append(heard)
        try:
            yield
        finally:
            self._subscribers[channel].remove(heard)

    async def until_up(self) -> None:
        """From here on nothing is missed without a RESYNC."""
        await self._is_up.wait()

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[asyncio.Event | None]:
        """No other process, and nobody else in this one, has this lock meanwhile. None: somebody has it.

        The event says when the connection ended, and the lock with it. Waits for PostgreSQL; raises
        DatabaseUnavailableError when it goes just then.
        """
        line = await self._connected()
        if name in self._locked or not await line.ask("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name):
            yield None
            return
        self._locked.add(name)
        try:
            yield line.cut
        finally:
            self._locked.discard(name)
            with suppress(DatabaseUnavailableError):
                await line.ask("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)

    async def run(self) -> None:
        """Long-lived: a connection, and another one after it broke."""
        while True:
            try:
                async with self.db.own_connection(CONNECTION) as conn:
                    await self._listen(conn)
            except DatabaseUnavailableError as error:
                self.status.report(PART, error.code.replace("_", " "))
                log.warning("the listening connection broke", extra={"error": str(error)})
                if not self._was_up:
                    self._heard_to = None
                self._was_up = False
            await asyncio.sleep(AGAIN_S)

    async def _connected(self) -> _Line:
        while self._line is None:
            await self._is_up.wait()
        return self._line

    async def _listen(self, conn: asyncpg.Connection) -> None:
        line = _Line(conn)
        conn.add_termination_listener(lambda _: line.cut.set())
        for channel in CHANNELS:
            await conn.add_listener(channel, self._on_notice)
        settled = await event_log.settled(conn)
        missed = await self._missed(conn)
        self._begin(line, missed)
        self._heard_to = settled
        try:
            await self._watch(line, settled)
        finally:
            self._line = None
            self._is_up.clear()
            line.cut.set()

    async def _missed(self, conn: asyncpg.Connection) -> Sequence[Notice]:
        if self._heard_to is None:
            return [RESYNC]
        told = await event_log.told_since(conn, self._heard_to, MOST_MISSED + 1)
        return told if len(told) <= MOST_MISSED else [RESYNC]

    def _begin(self, line: _Line, missed: Sequence[Notice]) -> None:
        self._line = line
        self._was_up = True
        self._is_up.set()
        self.status.report(PART)
        self._tell(JOBS_CHANNEL, RESYNC)
        for notice in missed:
            self._tell(NOTIFY_CHANNEL, notice)

    async def _watch(self, line: _Line, settled: int) -> None:
        """Until the server says goodbye; asks from time to time, as a dead network says nothing.

        An answer has overtaken no notice of what was settled when it was asked before.
        """
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(line.cut.wait(), PROBE_EVERY_S)
            self._heard_to, settled = settled, await line.ask(event_log.SETTLED)

    def _on_notice(self, _conn: object, _pid: int, channel: str, payload: object) -> None:
        try:
            notice = json.loads(str(payload))
        except ValueError:
            log.warning("a notice is not JSON")
            return
        if isinstance(notice, dict):
            self._tell(channel, notice)

    def _tell(self, channel: str, notice: Notice) -> None:
        for heard in tuple(self._subscribers[channel]):
            try:
                heard(notice)
            except Exception:
                log.exception("who heard a notice failed")  # the others hear it all the same
