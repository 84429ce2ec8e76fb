"""The demo's telephone carrier answers, on a real Asterisk, as the number's last digit says."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.carrier import Carrier, command, provision
from telephony.provision.tools import tool
from tests import ports
from tests.asterisk.carrier_caller import CarrierCall, call
from tests.asterisk.carrier_tree import asterisk_here
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    """A carrier of its own, whose people pick up at once."""
    with ports.row(101) as port:
        carrier = Carrier(
            folder=tmp_path_factory.mktemp("carrier"),
            asterisk=asterisk_here(),
            espeak=tool("espeak-ng"),
            sip_port=port,
            rtp_ports=(port + 1, port + 100),
            ring_s=0.2,
        )
        provision(carrier)
        process = subprocess.Popen(command(carrier), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            asyncio.run(eventually(lambda: is_listening(port), what="the carrier listens"))
            yield carrier
        finally:
            process.terminate()
            process.wait(60)


def is_listening(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


async def hello(line: CarrierCall) -> None:
    """Wait until somebody has said hello and listens again."""
    ear = line.ear
    await eventually(lambda: len(ear.loud) > 10 and ear.at() - ear.loud[-1] > 0.6, what="a short hello")
    assert ear.loud[-1] - ear.loud[0] < 1.4  # longer would be taken for a machine


async def answer(line: CarrierCall) -> None:
    """Wait until the other side has spoken once more and listens again."""
    ear, heard = line.ear, len(line.ear.loud)
    await eventually(lambda: len(ear.loud) > heard + 10 and ear.at() - ear.loud[-1] > 0.6, what="an answer")


async def say(line: CarrierCall, seconds: float) -> None:
    """Speak for that long: the passing of time is what is tested here."""
    line.speaking = True
    began = line.ear.at()
    await eventually(lambda: line.ear.at() - began > seconds, what="time passes")
    line.speaking = False


async def test_patients_press_their_key_after_the_voice_has_ended(carrier: Carrier, tmp_path: Path) -> None:
    pressed = await asyncio.gather(*(first_key(carrier, f"1380013800{digit}", tmp_path) for digit in range(5)))
    assert pressed == ["1", "1", "2", "3", "0"]


async def first_key(carrier: Carrier, number: str, folder: Path) -> str:
    """What this patient presses once we have said something."""
    async with call(carrier.sip_port, number, folder) as line:
        await hello(line)
        await say(line, 2.5)
        ended = line.ear.at()
        assert line.ear.keys == []
        await eventually(lambda: line.ear.keys, what="a key")
        pressed, at = line.ear.keys[0]
    assert 1.0 < at - ended < 8.0
    return pressed


async def test_a_patient_who_wants_another_time_takes_the_first_that_is_offered(
    carrier: Carrier, tmp_path: Path
) -> None:
    async with call(carrier.sip_port, "+8613800138003", tmp_path) as line:
        await hello(line)
        await say(line, 1)
        await answer(line)
        await say(line, 1)
        await eventually(lambda: line.ear.pressed() == "31", what="the first offer")


async def test_a_patient_keeps_talking_with_an_agent(carrier: Carrier, tmp_path: Path) -> None:
    async with call(carrier.sip_port, "13800138004", tmp_path) as line:
        await hello(line)
        await say(line, 1)
        await eventually(lambda: line.ear.pressed() == "0", what="asks for a person")
        await eventually(lambda: line.ear.at() - line.ear.keys[0][1] > 1.5, what="waits for an agent")
        for _ in range(2):
            await say(line, 1)
            await answer(line)


async def test_mailboxes_silent_busy_absent_and_unknown_numbers_at_once(carrier: Carrier, tmp_path: Path) -> None:
    await asyncio.gather(
        greets_at_length_and_beeps(carrier, tmp_path),
        answers_and_says_nothing(carrier, tmp_path),
        is_refused(carrier, tmp_path, "13800138006", "SIP/2.0 486"),
        is_refused(carrier, tmp_path, "13800138009", "SIP/2.0 404"),
        rings_and_rings(carrier, tmp_path),
    )


async def greets_at_length_and_beeps(carrier: Carrier, folder: Path) -> None:
    async with call(carrier.sip_port, "13800138005", folder) as line:
        ear = line.ear
        await eventually(lambda: len(ear.loud) > 200 and ear.at() - ear.loud[-1] > 1, what="a greeting")
        assert ear.loud[-1] - ear.loud[0] > 5
        assert line.sipp.returncode is None


async def answers_and_says_nothing(carrier: Carrier, folder: Path) -> None:
    async with call(carrier.sip_port, "13800138008", folder) as line:
        await eventually(lambda: line.ear.frames > 150, what="frames of a quiet room")
        assert line.ear.loud == []
        assert line.sipp.returncode is None


async def is_refused(carrier: Carrier, folder: Path, number: str, status: str) -> None:
    async with call(carrier.sip_port, number, folder) as line:
        log = folder / f"sip-{number}.log"
        await eventually(lambda: log.exists() and status in log.read_text(), what=status)
        assert line.ear.frames == 0


async def rings_and_rings(carrier: Carrier, folder: Path) -> None:
    async with call(carrier.sip_port, "13800138007", folder) as line:
        log = folder / "sip-13800138007.log"
        await eventually(lambda: log.exists() and "SIP/2.0 180" in log.read_text(), what="ringing")
        began = line.ear.at()
        await eventually(lambda: line.ear.at() - began > 3, what="time passes")
        assert line.ear.frames == 0
        assert "SIP/2.0 200" not in log.read_text()
