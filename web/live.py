"""Live messages: one LISTEN per process, server-sent events to each page, by right and by person.

A message carries a type and ids; the page then fetches the part it shows, where permission is checked as always.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import asyncpg

from crm_core.kernel.db import CANNOT_CONNECT, CONNECT_TIMEOUT_S, LOST
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.event import NOTIFY_CHANNEL
from crm_core.kernel.ids import UserId
from crm_core.kernel.status import StatusBoard

log = logging.getLogger("live")

PROBE_EVERY_S = 10.0
PROBE_TIMEOUT_S = 5.0
BACKLOG = 200  # a page that reads slower than this is told to look again at everything
RESYNC = '{"type":"Resync"}'
PART = "live"


@dataclass(slots=True, eq=False)
class Listener:
    """One open page. `kinds` are the event types this person may hear of."""

    user_id: UserId
    kinds: frozenset[str]
    messages: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG))  # None: go away

    def offer(self, message: str | None) -> None:
        """Never waits: when the page is too slow, everything is replaced by one request to look again."""
        if self.messages.full():
            while not self.messages.empty():
                self.messages.get_nowait()
            message = RESYNC if message else None
        self.messages.put_nowait(message)


PERSONAL = frozenset({"AgentRang"})  # for the user named in the message, nobody else


def may_hear(listener: Listener, notice: dict[str, object]) -> bool:
    """By right; a personal event also by person."""
    kind = str(notice.get("type", ""))
    if kind in PERSONAL and notice.get("user_id") != listener.user_id:
        return False
    return kind in listener.kinds


@dataclass(slots=True)
class LiveHub:
    """`run` keeps the LISTEN alive. Pages `listen` at any time; after a gap they are told to resync."""

    database_url: str
    status: StatusBoard
    _listeners: set[Listener] = field(default_factory=set)

    @contextmanager
    def listen(self, user_id: UserId, kinds: frozenset[str]) -> Iterator[Listener]:
        """A place to wait for messages, as long as the page is open."""
        listener = Listener(user_id, kinds)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Until the connection breaks; the supervisor calls again. Raises DatabaseUnavailableError."""
        try:
            conn = await asyncpg.connect(
                self.database_url, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": "hcrm live"}
            )
        except CANNOT_CONNECT as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        try:
            await self._hear(conn)
        except (*LOST, TimeoutError) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        finally:
            conn.terminate()

    async def _hear(self, conn: asyncpg.Connection) -> None:
        await conn.add_listener(NOTIFY_CHANNEL, self._on_notice)
        self.status.report(PART)
        self._tell_everybody(RESYNC)  # what happened while nobody listened is not in the queue
        cut = asyncio.Event()  # the server said goodbye; the probe is for one that says nothing more
        conn.add_termination_listener(lambda _: cut.set())
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(cut.wait(), PROBE_EVERY_S)
            await conn.execute("SELECT 1", timeout=PROBE_TIMEOUT_S)

    def _on_notice(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        text = str(payload)
        try:
            notice = json.loads(text)
        except ValueError:
            log.warning("a notice is not JSON")
            return
        for listener in self._listeners:
            if may_hear(listener, notice):
                listener.offer(text)

    def close(self) -> None:
        """The server stops: every page's stream ends now and is opened again by the browser."""
        self._tell_everybody(None)

    def _tell_everybody(self, message: str | None) -> None:
        for listener in self._listeners:
            listener.offer(message)
