"""Child processes kept alive: started in a private session, restarted when they die, ended in time."""

import asyncio
import json
import logging
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from server import launch
from server.launch import Program
from telephony.provision.errors import ProvisionError

log = logging.getLogger("processes")

LONGEST_LOG_BYTES = 20_000_000
FIRST_WAIT_S = 0.3
LONGEST_WAIT_S = 5.0
SETTLED_AFTER_S = 20.0
LEFTOVER_GRACE_S = 8.0
POLL_S = 0.1


@dataclass(slots=True)
class Kept:
    """One child that is started again whenever it dies, until `end`."""

    program: Program
    folder: Path  # for its log
    book: "Book"
    process: asyncio.subprocess.Process | None = None
    _task: asyncio.Task[None] | None = None
    _ending: bool = False

    @property
    def log_path(self) -> Path:
        """What it said."""
        return self.folder / f"{self.program.name}.log"

    async def begin(self, group: asyncio.TaskGroup) -> None:
        """Start it once here, so that a fault shows at once, then watch it."""
        _shorten(self.log_path)
        await self._start()
        self._task = group.create_task(self._watch(), name=self.program.name)

    async def _start(self) -> None:
        self.process = await launch.start_async(self.program, self.log_path)
        self.book.write(self.program.name, self.process.pid)

    async def _watch(self) -> None:
        wait_s = FIRST_WAIT_S
        while self.process is not None:
            started = time.monotonic()
            code = await self.process.wait()
            if self._ending:
                return
            wait_s = FIRST_WAIT_S if time.monotonic() - started > SETTLED_AFTER_S else wait_s
            log.warning("process died, starting it again", extra={"program": self.program.name, "code": code})
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            if not self._ending:
                await self._start()

    def is_dead(self) -> bool:
        """Whether it ended by itself just now."""
        return self.process is not None and self.process.returncode is not None

    async def end(self, *, grace_s: float) -> None:
        """Ask it to stop; kill it when it does not."""
        self._ending = True
        process = self.process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(self.program.end)
            try:
                async with asyncio.timeout(grace_s):
                    await process.wait()
            except TimeoutError:
                log.warning("process does not stop, killing it", extra={"program": self.program.name})
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        self.book.strike(self.program.name)
        if self._task is not None:
            self._task.cancel()


@dataclass(slots=True)
class Book:
    """Who runs: names, process ids and when they began, on disk so that the next start finds what a kill left."""

    path: Path
    _rows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def write(self, name: str, pid: int) -> None:
        """Note one that was started."""
        self._rows[name] = (pid, began(pid) or 0)
        self._save()

    def strike(self, name: str) -> None:
        """It has ended."""
        self._rows.pop(name, None)
        self._save()

    def _save(self) -> None:
        partial = self.path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(self._rows))
        partial.rename(self.path)

    def sweep(self) -> list[str]:
        """End what an earlier, killed run left behind. Returns their names."""
        try:
            rows: dict[str, tuple[int, int]] = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return []
        left = {name: pid for name, (pid, since) in rows.items() if since and began(pid) == since}
        _await_gone(left, LEFTOVER_GRACE_S / 4)  # they were told when we were killed
        for number in (signal.SIGTERM, signal.SIGKILL):
            for name, pid in left.items():
                if began(pid) == rows[name][1]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
            _await_gone(left, LEFTOVER_GRACE_S / 2)
        self._save()
        return sorted(left)


def _await_gone(processes: dict[str, int], limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end and any(began(pid) for pid in processes.values()):
        time.sleep(POLL_S)


def began(pid: int) -> int | None:
    """When the process was started, in clock ticks since boot; with the pid it names a process for ever."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    return None if words[0] == "Z" else int(words[19])


async def run_once(program: Program, log_folder: Path, *, timeout_s: float) -> None:
    """A step that ends by itself. Raises ProvisionError with the end of what it said."""
    path = log_folder / f"{program.name}.log"
    _shorten(path)
    before = path.stat().st_size if path.exists() else 0
    process = await launch.start_async(program, path)
    try:
        async with asyncio.timeout(timeout_s):
            code = await process.wait()
    except TimeoutError:
        raise ProvisionError(f"{program.name} took longer than {timeout_s:g} s", mend=f"See {path}.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        said = path.read_bytes()[before:].decode("utf-8", "replace").strip()
        raise ProvisionError(f"{program.name} failed: {said[-800:]}", mend=f"See {path}.")


def _shorten(path: Path) -> None:
    if path.exists() and path.stat().st_size > LONGEST_LOG_BYTES:
        path.rename(path.with_suffix(".log.1"))
