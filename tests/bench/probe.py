"""A caller with a good ear: how long after a key the next prompt begins."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.asterisk.phone import Line, Phone
from tests.asterisk.phone_media import PCMU
from tests.bench.baseline import Side

AGAIN = "5"  # the menu's key for hearing it again
SILENT_FOR_S = 0.45  # longer than a breath inside a prompt
WITHIN_S = 8.0
RTP_HEADER = 12


class Caller(Phone):
    """A telephone at the address by which Asterisk tells the sides apart."""

    source = "127.0.0.1"

    @property
    def contact(self) -> str:
        """Where its calls are ended."""
        return f"<sip:{self.user}@{self.source}:{self.port}>"


@dataclass
class Ear(asyncio.DatagramProtocol):
    """When speech was heard last, and an event for each packet of it. Times of the running loop, in seconds."""

    heard_at: float = 0.0
    speech: asyncio.Event = field(default_factory=asyncio.Event)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One RTP packet; speech when it is neither silence nor a steady tone."""
        if data[1] & 0x7F == PCMU and len(set(data[RTP_HEADER:])) > 4:
            self.heard_at = asyncio.get_running_loop().time()
            self.speech.set()

    async def until_speech(self, *, after: float) -> float:
        """When the first came after that time."""
        while self.heard_at <= after:
            self.speech.clear()
            await self.speech.wait()
        return self.heard_at

    async def until_silence(self) -> None:
        """Until nothing was said for longer than a breath inside a prompt."""
        with suppress(TimeoutError):
            while True:
                self.speech.clear()
                async with asyncio.timeout(SILENT_FOR_S):
                    await self.speech.wait()


@asynccontextmanager
async def _caller(side: Side, sip_port: int) -> AsyncIterator[Caller]:
    loop = asyncio.get_running_loop()
    caller = Caller(f"1391{secrets.randbelow(10**7):07d}", "", ("127.0.0.1", sip_port))
    caller.source = side.source
    transport, _ = await loop.create_datagram_endpoint(lambda: caller, (side.source, 0))
    caller.transport, caller.port = transport, transport.get_extra_info("sockname")[1]
    try:
        yield caller
    finally:
        for line in caller.lines.values():
            await line.hang_up()
        transport.close()


async def reactions_s(side: Side, sip_port: int, *, announcement_s: float, count: int) -> list[float]:
    """Seconds from the end of a key to the first sound of the prompt it asks for, `count` times in one call.

    Raises TimeoutError when nobody answers or a prompt does not come.
    """
    async with _caller(side, sip_port) as caller:
        line = await caller.call("4000")
        if not line.is_up:
            raise TimeoutError("nobody answers")
        ear = Ear()
        line.media.set_protocol(ear)
        await asyncio.sleep(announcement_s)
        return [await _reaction_s(line, ear) for _ in range(count)]


async def _reaction_s(line: Line, ear: Ear) -> float:
    async with asyncio.timeout(WITHIN_S):
        await ear.until_silence()
        await line.press(AGAIN, gap_s=0)
        pressed_at = asyncio.get_running_loop().time()
        return await ear.until_speech(after=pressed_at) - pressed_at
