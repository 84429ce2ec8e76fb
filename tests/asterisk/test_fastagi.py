"""Our FastAGI server and a real Asterisk: sounds, keys, recordings, and a thousand peers that misbehave."""

import asyncio
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from telephony import names
from telephony.agi_channel import DigitsRead, End
from telephony.fastagi import AgiChannel, CallerHungUp
from telephony.provision.tools import tool
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk, answering
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

ZHANG = "13800138000"
SCENARIO = Path(__file__).with_name("patient.xml")


class Told:
    """What a handler found out."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.asked = asyncio.Event()


async def test_a_key_stops_the_prompt_and_keys_typed_ahead_are_not_lost(asterisk: RealAsterisk) -> None:
    told = Told()
    music = str(asterisk.home / "music/hold")

    async def hotline(channel: AgiChannel) -> None:
        told.asked.set()
        told.seen.append(await channel.play([music], "123"))
        await asyncio.sleep(0.7)  # the server thinks; three keys come meanwhile
        told.seen.append(await channel.play([music], "123"))
        told.seen.append(await channel.read_digits([music], max_digits=2))
        told.seen.append(await channel.wait_key(0.2))

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        await told.asked.wait()
        await line.press("2", for_s=0.06)
        await line.press("145", for_s=0.06, gap_s=0.06)
        await eventually(lambda: len(told.seen) == 4, what="the handler has asked everything")
    assert told.seen == ["2", "1", DigitsRead("45", End.FULL), ""]


async def test_reading_ends_at_the_hash_key_and_at_silence(asterisk: RealAsterisk) -> None:
    told = Told()

    async def hotline(channel: AgiChannel) -> None:
        told.asked.set()
        told.seen.append(await channel.read_digits([], max_digits=8, first_timeout_s=5, next_timeout_s=1))
        told.seen.append(await channel.read_digits([], max_digits=8, first_timeout_s=5, next_timeout_s=0.5))
        told.seen.append(await channel.read_digits([], max_digits=8, first_timeout_s=0.2))

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        await told.asked.wait()
        await line.press("19#77")
        await eventually(lambda: len(told.seen) == 3, what="the handler has asked everything")
    assert told.seen == [
        DigitsRead("19", End.TERMINATOR),
        DigitsRead("77", End.TIMEOUT),
        DigitsRead("", End.TIMEOUT),
    ]


async def test_keys_can_be_forgotten_before_a_question_that_matters(asterisk: RealAsterisk) -> None:
    told = Told()

    async def hotline(channel: AgiChannel) -> None:
        told.asked.set()
        await asyncio.sleep(0.8)
        await channel.forget_keys()
        told.seen.append(await channel.wait_key(0.2))

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        await told.asked.wait()
        await line.press("11", for_s=0.06)
        await eventually(lambda: told.seen, what="the question is asked")
    assert told.seen == [""]


async def test_a_missing_sound_is_skipped_and_the_call_goes_on(asterisk: RealAsterisk) -> None:
    told = Told()

    async def hotline(channel: AgiChannel) -> None:
        told.seen.append(await channel.play(["no/such/sound", "hcrm/recorded"], "1"))
        told.seen.append(await channel.channel_status())

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        await patient.call("4000")
        await eventually(lambda: len(told.seen) == 2, what="both answers are there")
    assert told.seen == ["", 6]


async def test_variables_come_back_as_they_were(asterisk: RealAsterisk) -> None:
    told = Told()
    value = 'a "quoted" \\ value, 张三丰 (timeout) endpos=12'

    async def hotline(channel: AgiChannel) -> None:
        await channel.set_variable("HCRM_NOTE", value)
        told.seen.append(await channel.get_variable("HCRM_NOTE"))
        told.seen.append(await channel.get_variable("HCRM_NEVER_SET"))
        await channel.set_variable(names.VAR_LANGUAGE, "en")
        told.seen.append(await channel.get_variable(names.VAR_LANGUAGE))
        told.seen.append(await channel.exec_("NoSuchApplication", "x"))

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        await patient.call("4000")
        await eventually(lambda: len(told.seen) == 4, what="all answers are there")
    assert told.seen == [value, None, "en", "-2"]


@pytest.mark.parametrize("where", ["playing", "waiting", "thinking", "recording"])
async def test_a_caller_who_leaves_is_one_exception_wherever_we_are(asterisk: RealAsterisk, where: str) -> None:
    told, has_left = Told(), asyncio.Event()

    async def hotline(channel: AgiChannel) -> None:
        told.asked.set()
        try:
            match where:
                case "playing":
                    await channel.play([str(asterisk.home / "music/hold")], "1")
                case "waiting":
                    await channel.wait_key(20)
                case "recording":
                    await channel.record_file(str(asterisk.monitor / "spoken"), max_s=20, silence_s=0)
                case _:
                    await has_left.wait()
                    while True:  # Asterisk may need a moment to notice, too
                        await channel.set_variable("HCRM_NOTE", "too late")
        except CallerHungUp:
            told.seen.append("gone")
            raise
        finally:
            told.seen.append(channel.is_hung_up)

    async with answering(asterisk, hotline=hotline) as server, phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        await told.asked.wait()
        await line.hang_up()
        has_left.set()
        await eventually(lambda: told.seen, what="the handler notices")
        await eventually(lambda: server.calls == 0, what="the server has forgotten the call")
    assert told.seen == ["gone", True]


async def test_a_recording_ends_at_its_key(asterisk: RealAsterisk) -> None:
    told = Told()

    async def hotline(channel: AgiChannel) -> None:
        told.asked.set()
        told.seen.append(await channel.record_file(str(asterisk.monitor / "prompt"), max_s=20, silence_s=0))

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        line.speaks = True
        await told.asked.wait()
        await eventually((asterisk.monitor / "prompt.wav").exists, what="the recording runs")
        await line.press("#")
        recorded = await eventually(lambda: told.seen and told.seen[0], what="the recording is over")
    assert (recorded.key, recorded.is_timeout) == ("#", False)  # type: ignore[attr-defined]


async def test_a_thousand_peers_that_misbehave_harm_no_call(asterisk: RealAsterisk) -> None:
    told = Told()

    async def hotline(channel: AgiChannel) -> None:
        told.asked.set()
        told.seen.append(await channel.read_digits([], max_digits=1, first_timeout_s=10))

    with ExitStack() as peers:
        async with answering(asterisk, hotline=hotline) as server, phone(asterisk.sip_port, ZHANG) as patient:
            earlier = await patient.call("4000")
            await told.asked.wait()
            for number in range(1000):
                peer = peers.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                if number % 3 == 1:
                    peer.send(b"GET / HTTP/1.1\r\n\r\n\x00\xff\n\n")
                if number % 3 == 2:
                    peer.send(b"agi_network: yes\nagi_request: agi://127.0.0.1/hot")
            told.asked.clear()
            later = await patient.call("4000")
            async with asyncio.timeout(2):  # while strangers are given 5 s to introduce themselves
                await told.asked.wait()
            await earlier.press("1")
            await later.press("2")
            await eventually(lambda: len(told.seen) == 2, what="both callers are heard")
    assert told.seen == [DigitsRead("1", End.FULL), DigitsRead("2", End.FULL)]


async def test_sipp_calls_the_hotline_and_presses_keys(asterisk: RealAsterisk, tmp_path: Path) -> None:
    """An independent telephone: SIPp with RFC 4733 from recorded packets."""
    told = Told()

    async def hotline(channel: AgiChannel) -> None:
        told.seen.append(channel.request.caller)
        told.seen.append(await channel.read_digits([str(asterisk.home / "music/hold")], max_digits=3))
        await channel.set_variable(names.VAR_NEXT, names.NEXT_HANGUP)

    async with answering(asterisk, hotline=hotline):
        sipp = await asyncio.create_subprocess_exec(
            str(tool("sipp")),
            f"127.0.0.1:{asterisk.sip_port}",
            *("-sf", str(SCENARIO), "-s", "4000", "-key", "caller", ZHANG),
            *("-m", "1", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-timeout", "30", "-nostdin"),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            assert await sipp.wait() == 0
    assert told.seen == [ZHANG, DigitsRead("159", End.FULL)]
