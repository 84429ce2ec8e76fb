"""The network on a real pty: file descriptors, timers and the clock around the pure `Network`."""

import asyncio
import os
import pty
import tty
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time

from demo.gsm.inboxes import Inboxes
from demo.gsm.journal import Journal
from demo.gsm.network import Network, Plug, ToTerminal, Unplug
from demo.gsm.smsc import Landed

READ_BYTES = 4096
LOST_AFTER_S = 2.0


class Shell:
    """Owns the pty and its symbolic link. Every method belongs to the running event loop."""

    def __init__(self, network: Network, *, link: Path, journal: Journal) -> None:
        self.network = network
        self.inboxes = Inboxes()
        self._link = link
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._wall_offset_s = time() - self._loop.time()
        self._ends: tuple[int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = bytearray()
        self._stuck_since = 0.0
        self._listeners: set[asyncio.Event] = set()

    @property
    def now(self) -> float:
        """Seconds since the epoch, and never backwards."""
        return self._loop.time() + self._wall_offset_s

    def start(self) -> None:
        """Raises OSError when the link cannot be made."""
        self._journal.load(self.network, self.inboxes)
        self._plug()
        self.wake()

    def close(self) -> None:
        """The device is gone afterwards; what is stored is written down."""
        if self._timer:
            self._timer.cancel()
        self._journal.save(self.network)
        self._unplug()

    def wake(self) -> None:
        """Do what is due and set the timer for what comes next."""
        for outcome in self.network.run(self.now):
            match outcome:
                case ToTerminal(data):
                    self._write(data)
                case Landed():
                    self._landed(outcome)
                case Unplug():
                    self._unplug()
                case Plug():
                    self._plug()
        self._journal.save(self.network)
        self._set_timer()

    async def wait_for_news(self, number: str, *, timeout_s: float) -> None:
        """Until a whole message arrives that counts as new (see Inboxes.new_since), or the time is over."""
        since = self.inboxes.new_since(number, self.moment())
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                while not self.inboxes.has_news(number, since):
                    await event.wait()
                    event.clear()
        except TimeoutError:
            return
        finally:
            self._listeners.discard(event)

    def moment(self) -> datetime:
        """`now` as an aware time."""
        return datetime.fromtimestamp(self.now, UTC)

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        at = self.network.next_at()
        if at is not None:
            self._timer = self._loop.call_later(max(0.0, at - self.now), self.wake)

    def _landed(self, landed: Landed) -> None:
        self._journal.landed(landed)
        self.inboxes.put(landed)
        for event in self._listeners:
            event.set()

    def _plug(self) -> None:
        if self._ends:
            return
        master, slave = pty.openpty()  # the slave stays open here, so a client that closes does not end the line
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = (master, slave)
        self._loop.add_reader(master, self._read)
        self._make_link(os.ttyname(slave))

    def _make_link(self, target: str) -> None:
        self._link.parent.mkdir(parents=True, exist_ok=True)
        draft = self._link.with_name(self._link.name + ".new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        os.replace(draft, self._link)

    def _unplug(self) -> None:
        if not self._ends:
            return
        master, slave = self._ends
        self._ends = None
        with suppress(FileNotFoundError):
            if os.readlink(self._link) == os.ttyname(slave):
                self._link.unlink()
        self._unsent.clear()
        self._loop.remove_reader(master)
        self._loop.remove_writer(master)
        os.close(slave)
        os.close(master)

    def _read(self) -> None:
        if not self._ends:
            return
        with suppress(BlockingIOError, OSError):
            self.network.typed(os.read(self._ends[0], READ_BYTES), self.now)
            self.wake()

    def _write(self, data: bytes) -> None:
        """A reader that is slow gets everything; when nobody reads the bytes are lost, as on a wire."""
        if not self._ends:
            return
        if self._unsent and self.now - self._stuck_since > LOST_AFTER_S:
            self._unsent.clear()
            self._loop.remove_writer(self._ends[0])
            return
        self._unsent.extend(data)
        self._push()

    def _push(self) -> None:
        if not self._ends:
            return
        master = self._ends[0]
        with suppress(BlockingIOError):
            del self._unsent[: os.write(master, self._unsent)]
            self._stuck_since = self.now
        if self._unsent:
            self._loop.add_writer(master, self._push)
        else:
            self._loop.remove_writer(master)
