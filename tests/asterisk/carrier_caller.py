"""A caller of the simulated carrier: SIPp does the signalling, a socket here speaks, listens and notices keys."""

import asyncio
import random
import socket
import struct
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from telephony.provision.tools import tool

FRAME_S = 0.02
PCMA, KEYS = 8, 101
SILENCE = b"\xd5" * 160
SPEECH = random.Random(7).randbytes(160)  # noise is as loud as a voice
SCENARIO = Path(__file__).with_name("carrier_caller.xml")


@dataclass(slots=True)
class Ear(asyncio.DatagramProtocol):
    """What came from the other side, with the time it came: loud and quiet frames, keys."""

    started: float = field(default_factory=time.monotonic)
    loud: list[float] = field(default_factory=list)
    frames: int = 0
    keys: list[tuple[str, float]] = field(default_factory=list)
    peer: tuple[str, int] | None = None
    _last_event: int = -1

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One RTP packet."""
        self.peer = addr
        kind, stamp = data[1] & 0x7F, struct.unpack(">I", data[4:8])[0]
        if kind == KEYS and stamp != self._last_event:
            self._last_event = stamp
            self.keys.append(("0123456789*#"[data[12]], self.at()))
        if kind == PCMA:
            self.frames += 1
            if len(set(data[12:])) > 20:
                self.loud.append(self.at())

    def pressed(self) -> str:
        """The keys in order."""
        return "".join(key for key, _ in self.keys)

    def at(self) -> float:
        """Seconds since this call began."""
        return time.monotonic() - self.started


@dataclass(slots=True)
class CarrierCall:
    """A call under way: what is heard, the process that signals, and a mouth."""

    ear: Ear
    sipp: asyncio.subprocess.Process
    transport: asyncio.DatagramTransport
    speaking: bool = False
    sends_silence: bool = False  # Asterisk sends nothing while it plays nothing

    async def talk(self) -> None:
        """Send frames for as long as the call lasts: speech while `speaking`, else silence or nothing at all."""
        sequence = 0
        while True:
            if self.ear.peer and (self.speaking or self.sends_silence):
                header = struct.pack(">BBHII", 0x80, PCMA, sequence & 0xFFFF, sequence * 160, 77)
                self.transport.sendto(header + (SPEECH if self.speaking else SILENCE), self.ear.peer)
                sequence += 1
            await asyncio.sleep(FRAME_S)


@asynccontextmanager
async def call(sip_port: int, number: str, folder: Path) -> AsyncIterator[CarrierCall]:
    """Place a call; at the end SIPp is stopped and with it the line."""
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    transport, ear = await loop.create_datagram_endpoint(Ear, sock=sock)
    sipp = await asyncio.create_subprocess_exec(
        *(str(tool("sipp")), f"127.0.0.1:{sip_port}", "-sf", str(SCENARIO), "-s", number, "-m", "1", "-i", "127.0.0.1"),
        *("-key", "rtp", str(sock.getsockname()[1]), "-nostdin", "-trace_msg"),
        *("-message_file", str(folder / f"sip-{number}.log"), "-timeout", "60"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    call = CarrierCall(ear, sipp, transport)
    talking = asyncio.create_task(call.talk())
    try:
        yield call
    finally:
        talking.cancel()
        transport.close()
        if sipp.returncode is None:
            sipp.kill()
        await sipp.wait()
