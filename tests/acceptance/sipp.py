"""SIPp as a patient's telephone: a scenario of what the patient does, run to the hospital's goodbye."""

import asyncio
import contextlib
import itertools
import logging
import os
import random
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from telephony.provision.tools import tool

log = logging.getLogger(__name__)
SCENARIO = Path(__file__).with_name("patient.xml")
HERE = "<!-- what the patient does -->"
LONGEST_CALL_S = 100
SPEECH_MS = 2000
PORTS_EACH = 500  # two a call, and the system gives none of them to others


def _ports() -> Iterator[int]:
    """Where a call's audio comes in: every worker has its own, and a call that is still on keeps its two."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    first = 61_000 + worker % 9 * PORTS_EACH
    for port in itertools.cycle(range(first, first + PORTS_EACH, 4)):
        if _is_free(port) and _is_free(port + 2):
            yield port


def _is_free(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
        one.bind(("127.0.0.1", port))
        return True
    return False


_free_ports = _ports()


@dataclass(frozen=True, slots=True)
class Wait:
    """Listen for a while."""

    ms: int


@dataclass(frozen=True, slots=True)
class Press:
    """One key by RFC 4733, payload 96. SIPp needs 0.6 s for it; the next one would cut it off."""

    key: str


@dataclass(frozen=True, slots=True)
class Speak:
    """Two seconds of noise as loud as a voice."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """BYE; without it the hospital ends the call."""


Step = Wait | Press | Speak | HangUp
BYE = """<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[caller]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>"""


def keys(text: str, *, every_ms: int = 2500) -> list[Step]:
    """Each key after listening for a while."""
    return [step for key in text for step in (Wait(every_ms), Press(key))]


def scenario(steps: Sequence[Step], speech: Path) -> str:
    """The XML that SIPp runs."""
    head, _, tail = SCENARIO.read_text("utf-8").partition(HERE)
    middle, end = "", tail
    for step in steps:
        match step:
            case Wait(ms):
                middle += f'<pause milliseconds="{ms}"/>'
            case Press(key):
                middle += f'<nop><action><exec play_dtmf="{key}"/></action></nop>'
            case Speak():
                middle += f'<nop><action><exec rtp_stream="{speech},1,0"/></action></nop>'
                middle += f'<pause milliseconds="{SPEECH_MS + 200}"/>'
            case HangUp():
                end = BYE
    return head + middle + end


def _written(caller: str, steps: Sequence[Step], folder: Path) -> Path:
    speech = folder / f"{caller}.ulaw"  # of this call alone: another call would empty it while SIPp reads it
    speech.write_bytes(random.Random(11).randbytes(SPEECH_MS * 8))
    path = folder / f"{caller}.xml"
    path.write_text(scenario(steps, speech), "utf-8")
    return path


async def call(sip_port: int, caller: str, steps: Sequence[Step], folder: Path) -> int:
    """SIPp's exit status: 0 when everything came as the scenario says; otherwise what it said is logged."""
    path = _written(caller, steps, folder)
    said = path.with_suffix(".out")
    status = await _run(sip_port, caller, path, said)
    if status:
        log.warning("SIPp ended with %s: %s", status, said.read_text("utf-8", "replace"))
    return status


async def _run(sip_port: int, caller: str, path: Path, said: Path) -> int:
    port = next(_free_ports)
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(str(tool("sipp")), f"127.0.0.1:{sip_port}", "-sf", str(path), "-m", "1", "-nostdin"),
            *("-key", "caller", caller, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-mp", str(port)),
            *("-timeout", f"{LONGEST_CALL_S}s"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=out,
            cwd=path.parent,
        )
    try:
        async with asyncio.timeout(LONGEST_CALL_S + 5):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
