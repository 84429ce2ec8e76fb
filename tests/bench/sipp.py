"""SIPp as a crowd of callers who come at one rate."""

import asyncio
import csv
import socket
from dataclasses import dataclass
from pathlib import Path

SCENARIO = Path(__file__).with_name("caller.xml")
QUIET_S = 10
QUIET = b"\xff" * 8_000 * QUIET_S
END_WITHIN_S = 40.0
LONGEST_S = 120
ENDED = (0, 1, 99)  # all went well, some failed, told to quit


class CrowdError(Exception):
    """SIPp itself broke down: the machine has nothing left for the callers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many calls."""

    rate_per_s: int
    seconds: int

    @property
    def calls(self) -> int:
        """All that will be begun."""
        return self.rate_per_s * self.seconds


@dataclass(frozen=True, slots=True)
class Heard:
    """What the crowd reports: how long calls lasted, in seconds, and how many did not go as they should."""

    lasted_s: list[float]
    failed: int


@dataclass(slots=True)
class Crowd:
    """One run of SIPp from `source`, in a folder of its own."""

    program: Path
    server_port: int
    source: str
    folder: Path
    announcement_s: float
    shortest_s: float  # a call that was understood

    async def run(self, load: Load) -> Heard:
        """Until every call of the load has ended."""
        self._prepare()
        process = await asyncio.create_subprocess_exec(
            *self._command(load),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await self._watch(process, load)
            if process.returncode not in ENDED:
                raise CrowdError(f"SIPp ended with {process.returncode}: {await _said(process)}")
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

    def _command(self, load: Load) -> list[str]:
        media = _free_port(socket.SOCK_DGRAM)
        words = f"127.0.0.1:{self.server_port} -sf caller.xml -nostdin -i {self.source} -mi {self.source}"
        words += f" -p {_free_port(socket.SOCK_DGRAM)} -mp {min(media, 60_000) // 2 * 2} -key caller 13800138000"
        words += f" -r {load.rate_per_s} -m {load.calls} -l 2000 -timeout {LONGEST_S}s -timeout_error"
        words += " -trace_rtt -rtt_freq 1 -trace_stat -fd 1 -stf stat.csv -recv_timeout 30000"
        return [str(self.program), *words.split()]

    async def _watch(self, process: asyncio.subprocess.Process, load: Load) -> None:
        try:
            async with asyncio.timeout(load.seconds + END_WITHIN_S):
                await process.wait()
        except TimeoutError:
            raise TimeoutError("SIPp does not end") from None

    def heard(self) -> Heard:
        """Of the run that has ended. A call that was over too early failed too: a key was not understood."""
        ended = [lasted for path in self.folder.glob("*_rtt.csv") for lasted in _lasted_s(path)]
        lasted = [one for one in ended if one >= self.shortest_s]
        return Heard(lasted, _failed(self.folder / "stat.csv") + len(ended) - len(lasted))


def _lasted_s(path: Path) -> list[float]:
    """Of every call that came to its end."""
    rows = [row for row in csv.reader(path.open(encoding="utf-8"), delimiter=";") if len(row) == 3 and row[2] == "call"]
    return [float(row[1]) / 1000 for row in rows]


def _failed(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        counts = [int(row["FailedCall(C)"]) for row in csv.DictReader(file, delimiter=";") if row.get("FailedCall(C)")]
    return counts[-1] if counts else 0


async def _said(process: asyncio.subprocess.Process) -> str:
    output = await process.stderr.read() if process.stderr else b""
    return output.decode("utf-8", "replace").strip()[-500:]


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
