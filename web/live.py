"""Live messages: the process's notices as server-sent events to each browser, by right, by person and by what it shows.

A message carries a type, ids and topics; the page then fetches the part it shows, where permission is checked as
always. docs/live.md follows one from the event to the screen.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from zoneinfo import ZoneInfo

from crm_core.kernel.ids import UserId
from crm_core.kernel.notices import RESYNC as RESYNC_NOTICE
from crm_core.kernel.notices import Notice
from web.topics import concerns, topics_of

BACKLOG = 200  # a page that reads slower than this is told to look again at everything
RESYNC = '{"type":"Resync"}'
REMEMBERED_S = 30.0  # a page that subscribes says how long ago it was fetched, and hears what happened since
REMEMBERED = 2_000


@dataclass(slots=True, eq=False)
class Listener:
    """One open browser. `kinds` are the event types this person may hear of, `topics` what its pages show."""

    user_id: UserId
    kinds: frozenset[str]
    topics: frozenset[str]
    messages: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG))  # None: go away

    def offer(self, message: str | None) -> None:
        """Never waits: when the page is too slow, everything is replaced by one request to look again."""
        if self.messages.full():
            while not self.messages.empty():
                self.messages.get_nowait()
            message = RESYNC if message else None
        self.messages.put_nowait(message)


PERSONAL = frozenset({"AgentRang"})  # for the user named in the message, nobody else


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as it came. `at` by the loop's clock."""

    at: float
    kind: str
    user_id: object
    topics: frozenset[str]
    message: str


def may_hear(listener: Listener, told: Told) -> bool:
    """By right and by what the page shows; a personal event also by person."""
    if told.kind in PERSONAL and told.user_id != listener.user_id:
        return False
    return told.kind in listener.kinds and concerns(listener.topics, told.topics)


@dataclass(slots=True)
class LiveHub:
    """`hear` must get the process's notices. Pages `listen` at any time; after a gap they are told to resync."""

    zone: ZoneInfo  # of the days that topics name
    _listeners: set[Listener] = field(default_factory=set)
    _told: deque[Told] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _hearing_since: float = field(default=inf)

    @contextmanager
    def listen(
        self, user_id: UserId, kinds: frozenset[str], topics: frozenset[str], *, ago_s: float | None = None
    ) -> Iterator[Listener]:
        """A place to wait for messages, as long as the page is open.

        First those of the last `ago_s`, in which the page was fetched; where they are not known, or without it, the
        page is told to look again.
        """
        listener = Listener(user_id, kinds, topics)
        self._listeners.add(listener)
        self._catch_up(listener, ago_s)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def _catch_up(self, listener: Listener, ago_s: float | None) -> None:
        since = time.monotonic() - ago_s if ago_s is not None else -inf
        oldest = self._told[0].at if len(self._told) == REMEMBERED else self._hearing_since
        if ago_s is None or ago_s > REMEMBERED_S or since < oldest:
            listener.offer(RESYNC)
            return
        for told in self._told:
            if told.at >= since and may_hear(listener, told):
                listener.offer(told.message)

    def hear(self, notice: Notice) -> None:
        """What happened; after a gap every page is told to look again."""
        if notice is RESYNC_NOTICE:
            self._begin_anew()
            return
        told = self._understood(notice)
        self._told.append(told)
        for listener in self._listeners:
            if may_hear(listener, told):
                listener.offer(told.message)

    def _begin_anew(self) -> None:
        self._told.clear()
        self._hearing_since = time.monotonic()
        self._tell_everybody(RESYNC)

    def _understood(self, notice: Notice) -> Told:
        topics = topics_of(notice, self.zone)
        message = json.dumps({**notice, "topics": sorted(topics)}, separators=(",", ":"))
        return Told(time.monotonic(), str(notice.get("type", "")), notice.get("user_id"), topics, message)

    def close(self) -> None:
        """The server stops: every page's stream ends now and is opened again by the browser."""
        self._tell_everybody(None)

    def _tell_everybody(self, message: str | None) -> None:
        for listener in self._listeners:
            listener.offer(message)
