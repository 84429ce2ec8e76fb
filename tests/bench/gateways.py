"""smstools and gammu-smsd, each with a simulated modem of its own, as an administrator would set them up."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.gsm.client import HandsetClient
from tests.bench.hospital import Hospital
from tests.modem.gsm_process import start

HERE = Path(__file__).parent
SPOOL = ("outbox", "checked", "inbox", "error", "sent", "report")
END_WITHIN_S = 15.0
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Sender:
    """A program with its modem. `hand_over` gives it texts for one number and returns when all are in its queue."""

    name: str
    phones: HandsetClient
    hand_over: Callable[[str, Sequence[str]], Awaitable[None]]

    async def accepted(self) -> int:
        """Segments that the network took so far."""
        return int((await self.phones.status())["counts"].get("accepted", 0))


@asynccontextmanager
async def smstools(hospital: Hospital, folder: Path) -> AsyncIterator[Sender]:
    """smsd, reading a folder once a second."""
    _make(folder)
    async with _with_modem(folder) as (link, phones):
        config = _configure("smstools.conf", folder, link)

        async def hand_over(to: str, texts: Sequence[str]) -> None:
            head = f"To: {to.removeprefix('+')}\nAlphabet: UCS2\nReport: yes\n\n".encode()
            for text in texts:
                _put(folder / "outbox" / f"m{next(_numbers):05d}", head + text.encode("utf-16-be"))

        async with _daemon(str(hospital.program("smsd")), "-t", f"-c{config}"):
            yield Sender("smstools", phones, hand_over)


@asynccontextmanager
async def gammu(hospital: Hospital, folder: Path) -> AsyncIterator[Sender]:
    """gammu-smsd with its files service."""
    _make(folder)
    async with _with_modem(folder) as (link, phones):
        config = _configure("gammu.conf", folder, link)
        link.write_bytes(b"AT+CNMI=2,1,0,2,0\r")  # gammu-smsd leaves this as the modem's owner chose it

        async def hand_over(to: str, texts: Sequence[str]) -> None:
            for text in texts:
                name = f"OUTC20260101_000000_{next(_numbers):05d}_{to}_x.txt"
                _put(folder / "outbox" / name, b"\xff\xfe" + text.encode("utf-16-le"))

        async with _daemon(str(hospital.program("gammu-smsd")), "-c", str(config)):
            yield Sender("gammu-smsd", phones, hand_over)


def _put(path: Path, content: bytes) -> None:
    partial = path.parent.parent / f"{path.name}.partial"
    partial.write_bytes(content)
    partial.rename(path)


def _make(folder: Path) -> None:
    for name in SPOOL:
        (folder / name).mkdir(parents=True)


def _configure(template: str, folder: Path, link: Path) -> Path:
    config = folder / template
    config.write_text((HERE / template).read_text("utf-8").format(folder=folder, link=link), "utf-8")
    return config


@asynccontextmanager
async def _with_modem(folder: Path) -> AsyncIterator[tuple[Path, HandsetClient]]:
    """As fast as the demo's."""
    network = await start(folder)
    try:
        yield network.link, network.phones
    finally:
        await network.end()


@asynccontextmanager
async def _daemon(*command: str) -> AsyncIterator[None]:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
