"""Patients on a real telephone line: they hear a voice, press keys by RFC 4733, and are booked in the database.

One of them hears espeak-ng; the others a voice that says each sentence in a tenth of a second.
"""

import asyncio
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crm_core.calls import store as calls
from crm_core.calls.model import Call
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Linkedid
from ivr import housekeeping
from ivr import service as flows
from ivr.prompt_files import PromptFiles
from ivr.reception import Reception
from ivr.tts import EspeakNg, TtsEngine
from telephony.fastagi import AgiChannel
from telephony.provision.tools import tool
from tests.asterisk.phone import Line, Phone, phone
from tests.asterisk.real_asterisk import RealAsterisk, answering
from tests.db.ivr_fixtures import HOSPITAL, SHANGHAI, ZHANG, Beeping, Filled, filled, reception
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

PATIENT = Path(__file__).with_name("patient.xml")
STRANGER = "13999999999"


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Filled]:
    async with filled(database_url) as hospital:
        yield hospital


@pytest.fixture(scope="session")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the module: what is spoken once need not be spoken again."""
    folder = tmp_path_factory.mktemp("prompts")
    folder.chmod(0o755)
    return folder


class Desk:
    """The hotline with its FastAGI server; remembers whom it met."""

    def __init__(self, hospital: Filled, folder: Path, voice: TtsEngine) -> None:
        self.hospital = hospital
        self.reception: Reception = reception(hospital.db, PromptFiles(folder, voice))
        self.linkedids: list[Linkedid] = []

    async def hotline(self, channel: AgiChannel) -> None:
        """As wired in production."""
        self.linkedids.append(channel.request.linkedid)
        await self.reception.hotline(channel)

    async def call_log(self) -> list[Call]:
        """The last call, once its path is written."""
        async with self.hospital.db.connection() as conn:
            call = await calls.get_by_linkedid(conn, self.linkedids[-1])
        return [call] if call and call.path else []


@pytest.fixture
async def desk(hospital: Filled, prompts: Path, asterisk: RealAsterisk) -> AsyncIterator[Desk]:
    """It beeps."""
    async with opened(Desk(hospital, prompts, Beeping()), asterisk) as desk:
        yield desk


@pytest.fixture
async def speaking_desk(hospital: Filled, prompts: Path, asterisk: RealAsterisk) -> AsyncIterator[Desk]:
    """As in production."""
    async with opened(Desk(hospital, prompts, EspeakNg(tool("espeak-ng"), limit_s=60)), asterisk) as desk:
        yield desk


@asynccontextmanager
async def opened(desk: Desk, asterisk: RealAsterisk) -> AsyncIterator[Desk]:
    hospital = desk.hospital
    likely = await housekeeping.likely_fragments(hospital.db, hospital=HOSPITAL, zone=SHANGHAI)
    await desk.reception.prompts.prewarm(likely)
    async with answering(asterisk, hotline=desk.hotline, reminder=desk.reception.reminder):
        yield desk


@asynccontextmanager
async def calling(asterisk: RealAsterisk, number: str) -> AsyncIterator[tuple[Phone, Line]]:
    async with phone(asterisk.sip_port, number) as patient:
        line = await patient.call("4000")
        assert line.is_up
        yield patient, line


async def over(line: Line, *, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        await line.is_over.wait()


def waits_in_queue(asterisk: RealAsterisk) -> bool:
    return "No Callers" not in asterisk.cli("queue show operators")


def heard(asterisk: RealAsterisk, linkedid: Linkedid) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the patient heard, from the recording of the hospital's side, -1..1."""
    with wave.open(str(asterisk.monitor / f"{linkedid}-tx.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples.astype(np.float64) / 32_768


async def test_a_known_caller_books_with_four_times_one_and_hears_speech(
    asterisk: RealAsterisk, speaking_desk: Desk
) -> None:
    desk = speaking_desk
    async with calling(asterisk, ZHANG) as (_, line):
        await line.press("1111", gap_s=0.5)
        await eventually(lambda: desk.hospital.appointments("booked"), what="the appointment")
        await over(line)
    (booked,) = await desk.hospital.appointments("booked")
    assert (booked.patient_id, booked.slot.id) == (desk.hospital.zhang, desk.hospital.slots[0])
    (call,) = await desk.call_log()
    assert call.path[-3:] == ("book", "anything_else", "goodbye")
    sound = heard(asterisk, desk.linkedids[-1])
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    levels = np.sqrt((frames**2).mean(axis=1))
    assert 0.03 < float(np.sqrt((sound[np.abs(sound) > 0.01] ** 2).mean())) < 0.3
    assert float((levels > 0.01).mean()) > 0.3  # of the time somebody speaks


async def sipp(asterisk: RealAsterisk, folder: Path, caller: str, keys: str) -> int:
    """SIPp calls 4000 and presses keys, each after a pause in which it hears something."""
    scenario = PATIENT.read_text("utf-8")
    head, _, rest = scenario.partition('<pause milliseconds="1500"/>')
    tail = rest[rest.index('<recv request="BYE"/>') :]
    press = "".join(
        f'<pause milliseconds="2500"/><nop><action><exec play_dtmf="{key}"/></action></nop>' for key in keys
    )
    (folder / "scenario.xml").write_text(head + press + tail, "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(
            str(tool("sipp")),
            f"127.0.0.1:{asterisk.sip_port}",
            "-sf",
            str(folder / "scenario.xml"),
            "-m",
            "1",
            "-nostdin",
        ),
        *("-s", "4000", "-key", "caller", caller, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-timeout", "70s"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    async with asyncio.timeout(80):
        return await process.wait()


async def test_another_telephone_books_too_and_is_said_goodbye_to(
    asterisk: RealAsterisk, desk: Desk, tmp_path: Path
) -> None:
    assert await sipp(asterisk, tmp_path, ZHANG, "1111") == 0
    (booked,) = await desk.hospital.appointments("booked")
    assert booked.patient_id == desk.hospital.zhang
    (call,) = await desk.call_log()
    assert call.path[-1] == "goodbye"


async def test_plus_86_is_the_same_person(asterisk: RealAsterisk, desk: Desk) -> None:
    async with calling(asterisk, f"+86{ZHANG}") as (_, line):
        await line.press("1111", gap_s=0.5)
        await eventually(lambda: desk.hospital.appointments("booked"), what="the appointment")
    (booked,) = await desk.hospital.appointments("booked")
    assert booked.patient_id == desk.hospital.zhang


async def test_a_stranger_books_with_card_number_and_date_of_birth(asterisk: RealAsterisk, desk: Desk) -> None:
    async with calling(asterisk, STRANGER) as (_, line):
        await line.press("1", gap_s=0.5)
        await line.press("10000001#19800102211", gap_s=0.3)
        await eventually(lambda: desk.hospital.appointments("booked"), what="the appointment")
    (booked,) = await desk.hospital.appointments("booked")
    assert (booked.patient_id, booked.slot.id) == (desk.hospital.zhang, desk.hospital.surgery[0])


async def test_nine_speaks_english_and_the_next_call_begins_in_english(asterisk: RealAsterisk, desk: Desk) -> None:
    async with calling(asterisk, ZHANG) as (_, line):
        await line.press("91111", gap_s=0.5)
        await eventually(lambda: desk.hospital.appointments("booked"), what="the appointment")
    (first,) = await eventually(desk.call_log, what="the path in the call log")
    assert (first.language, first.path[4:6]) == ("en", ("which_language", "to_english"))
    async with calling(asterisk, ZHANG) as (_, line):
        await eventually(lambda: len(desk.linkedids) == 2, what="the menu has the caller")
        await line.press("0")
        await eventually(lambda: waits_in_queue(asterisk), what="the caller waits for a person")
        channel = asterisk.cli("core show channels concise").split("!")[0]
        assert "language" in asterisk.cli(f"core show channel {channel}").lower()
        assert asterisk.cli(f"core show channel {channel}").count("en\n") >= 1
    (second,) = await eventually(desk.call_log, what="the path in the call log")
    assert second.language == "en"


def impatient(flow: str) -> dict[str, Any]:
    """The flow that ships, with a second for each answer."""
    found: dict[str, Any] = json.loads(resources.files("ivr").joinpath(f"flows/{flow}.json").read_text("utf-8"))
    for node in found["nodes"].values():
        if node["type"] == "menu":
            node["timeout_s"] = 1
    return found


async def test_three_silences_reach_the_queue(asterisk: RealAsterisk, desk: Desk) -> None:
    version = await flows.draft(desk.hospital.db, SYSTEM, "hotline", impatient("hotline"))
    await flows.publish(desk.hospital.db, SYSTEM, "hotline", version)
    async with calling(asterisk, STRANGER) as (_, _line):
        await eventually(lambda: waits_in_queue(asterisk), within_s=80, every_s=0.5, what="the caller is in the queue")
    (call,) = await eventually(desk.call_log, what="the path in the call log")
    assert call.path == ("recognise", "greet", "hours", "main", "operators")


async def test_a_key_stops_the_prompt(asterisk: RealAsterisk, speaking_desk: Desk) -> None:
    """The greeting and the menu in full last twice as long as this caller may need to reach a person."""
    desk = speaking_desk
    async with calling(asterisk, STRANGER) as (_, line):
        await eventually(lambda: desk.linkedids, what="the menu has the caller")
        await line.press("0")
        await eventually(lambda: waits_in_queue(asterisk), within_s=8.0, what="the caller is in the queue at once")


async def test_a_caller_who_leaves_keeps_the_path_and_the_booking(asterisk: RealAsterisk, desk: Desk) -> None:
    async with calling(asterisk, ZHANG) as (_, line):
        await line.press("1111", gap_s=0.5)
        await eventually(lambda: desk.hospital.appointments("booked"), what="the appointment")
        await line.hang_up()
    (call,) = await eventually(desk.call_log, what="the path in the call log")
    assert call.path[-1] == "book"
    assert len(await desk.hospital.appointments("booked")) == 1


async def test_the_database_goes_away_and_the_caller_reaches_a_person(asterisk: RealAsterisk, desk: Desk) -> None:
    async with calling(asterisk, ZHANG) as (_, line):
        await eventually(lambda: desk.linkedids, what="the menu has the caller")
        await asyncio.sleep(1)  # into the menu
        desk.hospital.db.pool.terminate()
        await line.press("1")
        await eventually(lambda: waits_in_queue(asterisk), what="the caller is in the queue")
    async with calling(asterisk, ZHANG) as (_, line):
        await eventually(lambda: waits_in_queue(asterisk), what="so is whoever calls later")
