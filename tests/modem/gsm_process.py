"""The simulated GSM network as a process, for every test that needs a modem."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.gsm.client import HandsetClient

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class GsmProcess:
    """`link` is the modem's device; `phones` are the telephones and the faults."""

    link: Path
    phones: HandsetClient
    process: asyncio.subprocess.Process

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; returns the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(60):
            return await self.process.wait()


async def start(folder: Path, *options: str) -> GsmProcess:
    """Options as of `python -m demo.gsm`; state lies in `folder` and survives `end`."""
    link, control = folder / "modem", folder / "gsm.sock"
    places = ("--link", str(link), "--control", str(control), "--storage", str(folder / "gsm"))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "demo.gsm",
        *places,
        *options,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    assert process.stdout
    async with asyncio.timeout(READY_WITHIN_S):
        line = await process.stdout.readline()
    assert line.startswith(b"gsm ready:"), line
    return GsmProcess(link, HandsetClient(control), process)


@asynccontextmanager
async def running_network(folder: Path, *options: str) -> AsyncIterator[GsmProcess]:
    """Fast unless told otherwise, and gone afterwards."""
    network = await start(
        folder, "--air", "0.05", "--mobile", "0.02", "--delivery", "0.05", "--report", "0.05", *options
    )
    try:
        yield network
    finally:
        await network.end()
