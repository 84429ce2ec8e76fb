"""SIPp as a crowd of callers: a steady rate, or one that grows until somebody waits too long."""

import asyncio
import csv
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.stats import Done

SCENARIO = Path(__file__).with_name("caller.xml")
QUIET_S = 10
QUIET = b"\xff" * 8_000 * QUIET_S
END_WITHIN_S = 40.0
LOOK_EVERY_S = 0.5
LONGEST_S = 120
ENDED = (0, 1, 99)  # all went well, some failed, told to quit


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many calls. `grow_per_s` is added to the rate every second; 0 keeps it."""

    rate_per_s: int
    seconds: int
    grow_per_s: int = 0

    @property
    def calls(self) -> int:
        """All that will be begun."""
        return self.rate_per_s * self.seconds + self.grow_per_s * self.seconds**2 // 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What the crowd reports. A call that ended too early failed too: a key was not understood."""

    done: list[Done]
    failed: int
    failed_at_s: float | None


@dataclass(slots=True)
class Crowd:
    """One run of SIPp from `source`, in a folder of its own."""

    program: Path
    server_port: int
    source: str
    folder: Path
    announcement_s: float
    shortest_s: float  # a call that was understood

    async def run(self, load: Load, *, enough: Callable[[Heard], bool] = lambda _: False) -> Heard:
        """Until every call of the load has ended, or nobody new calls because `enough` was heard."""
        self._prepare()
        control = _free_port(socket.SOCK_DGRAM)
        process = await asyncio.create_subprocess_exec(
            *self._command(load, control),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await self._watch(process, load, control, enough)
            if process.returncode not in ENDED:
                raise RuntimeError(f"SIPp ended with {process.returncode}: {await _said(process)}")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return self.heard()

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.csv"):
            old.unlink()
        (self.folder / "quiet.ulaw").write_bytes(QUIET)
        text = SCENARIO.read_text("utf-8")
        filled = text.replace("@ANNOUNCEMENT_MS@", str(int(self.announcement_s * 1000)))
        (self.folder / "caller.xml").write_text(filled, "utf-8")

    def _command(self, load: Load, control: int) -> list[str]:
        media = _free_port(socket.SOCK_DGRAM)
        words = f"127.0.0.1:{self.server_port} -sf caller.xml -nostdin -i {self.source} -mi {self.source} -cp {control}"
        words += f" -p {_free_port(socket.SOCK_DGRAM)} -mp {min(media, 60_000) // 2 * 2} -key caller 13800138000"
        words += f" -r {load.rate_per_s} -m {load.calls} -l 2000 -timeout {LONGEST_S}s -timeout_error"
        words += " -trace_rtt -rtt_freq 1 -trace_stat -fd 1 -stf stat.csv -recv_timeout 30000"
        if load.grow_per_s:
            words += f" -rate_increase {load.grow_per_s} -rate_interval 1 -no_rate_quit -rate_max 1000"
        return [str(self.program), *words.split()]

    async def _watch(
        self, process: asyncio.subprocess.Process, load: Load, control: int, enough: Callable[[Heard], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + load.seconds + END_WITHIN_S
        is_told = False
        while process.returncode is None:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await process.wait()
            except TimeoutError:
                if loop.time() > deadline:
                    raise TimeoutError("SIPp does not end") from None
                if not is_told and enough(self.heard()):
                    _tell(control, b"q")
                    is_told = True

    def heard(self) -> Heard:
        """So far."""
        ended = [Done(*call) for path in self.folder.glob("*_rtt.csv") for call in _calls(path)]
        done = [call for call in ended if call.lasted_s >= self.shortest_s]
        cut = [call.ended_s for call in ended if call.lasted_s < self.shortest_s]
        failed, failed_at_s = _failures(self.folder / "stat.csv")
        first = min([*cut, *([] if failed_at_s is None else [failed_at_s])], default=None)
        return Heard(done, failed + len(cut), first)


def _calls(path: Path) -> list[tuple[float, float]]:
    """Begun and lasted, in seconds, of every call that came to its end."""
    rows = [row for row in csv.reader(path.open(encoding="utf-8"), delimiter=";") if len(row) == 3 and row[2] == "call"]
    return [((float(row[0]) - float(row[1])) / 1000, float(row[1]) / 1000) for row in rows]


def _failures(path: Path) -> tuple[int, float | None]:
    """How many, and in which second of the run the first was counted."""
    if not path.exists():
        return 0, None
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row.get("FailedCall(C)")]
    counts = [int(row["FailedCall(C)"]) for row in rows]
    first = next((index for index, count in enumerate(counts) if count), None)
    return (counts[-1] if counts else 0), (float(first) if first is not None else None)


async def _said(process: asyncio.subprocess.Process) -> str:
    output = await process.stderr.read() if process.stderr else b""
    return output.decode("utf-8", "replace").strip()[-500:]


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _tell(port: int, key: bytes) -> None:
    """SIPp's own remote control; `q` lets calls under way end and begins no more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(key, ("127.0.0.1", port))
