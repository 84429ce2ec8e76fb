"""What a test's telephone hears and says: RTP over UDP on this machine, keys by RFC 4733."""

import asyncio
import random
import socket
import struct
from dataclasses import dataclass

FRAME_S = 0.02
PCMU, EVENTS = 0, 101
QUIET = b"\xff" * 160
SPEECH = random.Random(7).randbytes(160)  # noise is as loud as a voice
KEYS = "0123456789*#"


@dataclass
class Ear(asyncio.DatagramProtocol):
    """Audio that came in."""

    frames: int = 0
    loud: int = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One RTP packet; loud when it is neither silence nor one tone's repetition."""
        if len(data) > 12 and data[1] & 0x7F == PCMU:
            self.frames += 1
            self.loud += len(set(data[12:])) > 4


@dataclass(kw_only=True)
class Media:
    """The audio of one call, both ways."""

    ear: Ear
    media: asyncio.DatagramTransport
    speaks: bool = False
    rtp_to: tuple[str, int] | None = None
    sequence: int = 0
    stamp: int = 0
    talking: asyncio.Task[None] | None = None

    async def _talk(self) -> None:
        while True:
            self._frame(PCMU, SPEECH if self.speaks else QUIET)
            await asyncio.sleep(FRAME_S)

    def _frame(self, kind: int, payload: bytes, *, marker: bool = False, stamp: int | None = None) -> None:
        self.sequence += 1
        if stamp is None:
            self.stamp += 160
        header = struct.pack(
            ">BBHII", 0x80, kind | (0x80 if marker else 0), self.sequence & 0xFFFF, stamp or self.stamp, 77
        )
        if self.rtp_to and not self.media.is_closing():
            self.media.sendto(header + payload, self.rtp_to)

    async def press(self, keys: str, *, for_s: float = 0.1, gap_s: float = 0.1) -> None:
        """Keys one after another."""
        for key in keys:
            stamp = self.stamp
            for frame in range(int(for_s / FRAME_S)):
                event = struct.pack(">BBH", KEYS.index(key), 10, (frame + 1) * 160)
                self._frame(EVENTS, event, marker=frame == 0, stamp=stamp)
                await asyncio.sleep(FRAME_S)
            for _ in range(3):
                event = struct.pack(">BBH", KEYS.index(key), 0x80 | 10, int(for_s * 8000))
                self._frame(EVENTS, event, stamp=stamp)
            await asyncio.sleep(gap_s)

    def falls_silent(self) -> None:
        """As a machine that loses its power: nothing is sent any more, not even a goodbye."""
        if self.talking:
            self.talking.cancel()


async def open_media() -> tuple[asyncio.DatagramTransport, Ear]:
    """A port of our own; which one is left to the system."""
    return await asyncio.get_running_loop().create_datagram_endpoint(Ear, ("127.0.0.1", 0), family=socket.AF_INET)
