"""What a patient meets on the line, whatever happens to our server."""

import asyncio
import sys
import wave
from contextlib import suppress
from pathlib import Path

import pytest

from telephony import names
from telephony.fastagi import AgiChannel
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk, answering, running_asterisk
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

ZHANG = "13800138000"
ROOT = Path(__file__).parents[2]
SERVER = """
import asyncio, sys
from telephony.fastagi import FastAgiServer

async def hotline(channel):
    print("called", flush=True)
    while True:
        await channel.wait_key(5)

async def main():
    server = FastAgiServer({"hotline": hotline}, port=int(sys.argv[1]))
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        await server.is_listening.wait()
        print("listening", flush=True)

asyncio.run(main())
"""


def waits_in_queue(asterisk: RealAsterisk) -> bool:
    return "No Callers" not in asterisk.cli("queue show operators")


async def to_the_queue(channel: AgiChannel) -> None:
    await channel.set_variable(names.VAR_NEXT, names.NEXT_QUEUE)


async def goodbye(channel: AgiChannel) -> None:
    await channel.set_variable(names.VAR_NEXT, names.NEXT_HANGUP)


async def think_for_ever(channel: AgiChannel) -> None:
    await channel.play(["hold"])
    while True:
        await channel.wait_key(5)


async def test_the_caller_is_known_by_number_and_dialled_number(asterisk: RealAsterisk) -> None:
    met: list[AgiChannel] = []

    async def hotline(channel: AgiChannel) -> None:
        met.append(channel)
        await goodbye(channel)

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        async with asyncio.timeout(60):
            await line.is_over.wait()
    assert (met[0].request.caller, met[0].request.did, met[0].request.language) == (ZHANG, "4000", "zh_CN")
    assert str(met[0].request.linkedid) == str(met[0].request.uniqueid)


async def test_a_caller_id_full_of_tricks_is_only_digits_inside(asterisk: RealAsterisk) -> None:
    met: list[str] = []

    async def hotline(channel: AgiChannel) -> None:
        met.append(channel.request.caller)

    async with (
        answering(asterisk, hotline=hotline),
        phone(asterisk.sip_port, "138%26SIP%2Fx%2C%24%7BSHELL(id)%7D+86%27%221") as patient,
    ):
        line = await patient.call("4000")
        await eventually(lambda: met, what="the call reaches the menu")
        await line.hang_up()
    assert met[0].strip("0123456789+") == ""


async def test_without_our_server_the_caller_reaches_the_queue(asterisk: RealAsterisk) -> None:
    async with phone(asterisk.sip_port, ZHANG) as patient:
        await patient.call("4000")
        await eventually(lambda: waits_in_queue(asterisk), what="the caller waits for a person")


async def test_a_route_nobody_serves_leads_to_the_queue(asterisk: RealAsterisk) -> None:
    async with answering(asterisk), phone(asterisk.sip_port, ZHANG) as patient:
        await patient.call("4000")
        await eventually(lambda: waits_in_queue(asterisk), what="the caller waits for a person")


async def test_a_handler_that_fails_leads_to_the_queue(asterisk: RealAsterisk) -> None:
    async def hotline(channel: AgiChannel) -> None:
        raise RuntimeError("a fault of ours")

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        await patient.call("4000")
        await eventually(lambda: waits_in_queue(asterisk), what="the caller waits for a person")


async def test_a_server_that_stops_in_the_middle_leads_to_the_queue(asterisk: RealAsterisk) -> None:
    async with phone(asterisk.sip_port, ZHANG) as patient:
        async with answering(asterisk, hotline=think_for_ever) as server:
            await patient.call("4000")
            await eventually(lambda: server.calls == 1, what="the menu has the caller")
        await eventually(lambda: waits_in_queue(asterisk), what="the caller waits for a person")


async def test_a_server_that_is_killed_in_the_middle_leads_to_the_queue(asterisk: RealAsterisk) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(asterisk.fastagi_port), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout
    try:
        async with asyncio.timeout(60), phone(asterisk.sip_port, ZHANG) as patient:
            assert await server.stdout.readline() == b"listening\n"
            line = await patient.call("4000")
            assert await server.stdout.readline() == b"called\n"
            server.kill()
            await eventually(lambda: waits_in_queue(asterisk), what="the caller waits for a person")
            assert line.is_up
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


async def test_nobody_in_time_ends_in_the_voicemail_box(asterisk: RealAsterisk) -> None:
    async def hotline(channel: AgiChannel) -> None:
        await channel.set_variable(names.VAR_NEXT, names.NEXT_VOICEMAIL)

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        line.speaks = True
        message = await eventually(
            lambda: list(asterisk.monitor.glob("*-voicemail.wav")), what="the message is recorded"
        )
        await asyncio.sleep(1.5)  # what the patient says
        await line.hang_up()
        await eventually(lambda: seconds_of(message[0]) > 0.5, what="the message is kept after the hang-up")


def seconds_of(path: object) -> float:
    try:
        with wave.open(str(path)) as file:
            return float(file.getnframes() / file.getframerate())
    except (EOFError, wave.Error):
        return 0.0


async def test_both_sides_are_recorded_in_step(asterisk: RealAsterisk) -> None:
    uniqueids: list[str] = []

    async def hotline(channel: AgiChannel) -> None:
        uniqueids.append(channel.request.uniqueid)
        await channel.play([str(asterisk.home / "music/hold")])

    async with answering(asterisk, hotline=hotline), phone(asterisk.sip_port, ZHANG) as patient:
        line = await patient.call("4000")
        line.speaks = True
        await eventually(lambda: line.ear.loud > 50, what="the patient hears a second of sound")
        await line.hang_up()
    names_ = [asterisk.monitor / f"{uniqueids[0]}{suffix}" for suffix in (names.SUFFIX_RX, names.SUFFIX_TX)]
    await eventually(lambda: all(seconds_of(name) > 0.5 for name in names_), what="both files are complete")
    assert abs(seconds_of(names_[0]) - seconds_of(names_[1])) < 0.1


async def test_a_waiting_patient_speaks_with_the_agent_who_answers(asterisk: RealAsterisk) -> None:
    async with (
        answering(asterisk, hotline=to_the_queue),
        phone(asterisk.sip_port, ZHANG) as patient,
        phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk,
    ):
        await desk.register()
        asterisk.cli("queue add member PJSIP/desk-31 to operators")
        patients_line = await patient.call("4000")
        desks_line = await desk.next_ring()
        assert desks_line.invite
        assert ZHANG in desks_line.invite.headers["from"]
        desks_line.accept()
        patients_line.speaks = desks_line.speaks = True
        await eventually(lambda: patients_line.ear.loud > 50, what="the patient hears the agent")
        await eventually(lambda: desks_line.ear.loud > 50, what="the agent hears the patient")
        await desks_line.hang_up()
        async with asyncio.timeout(60):
            await patients_line.is_over.wait()


async def test_an_agent_sends_a_patient_to_a_colleague_or_back_to_the_queue_and_nowhere_else(
    asterisk: RealAsterisk,
) -> None:
    async with (
        answering(asterisk, hotline=to_the_queue),
        phone(asterisk.sip_port, ZHANG) as patient,
        phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk,
        phone(asterisk.sip_port, "desk-32", asterisk.desk_secret) as colleague,
    ):
        await desk.register()
        await colleague.register()
        asterisk.cli("queue add member PJSIP/desk-31 to operators")
        patients_line = await patient.call("4000")
        first = await desk.next_ring()
        first.accept()
        await eventually(lambda: patients_line.ear.frames > 5, what="they speak")
        await first.transfer("13900139000")
        await eventually(lambda: any("404" in text for text in first.notified), what="an outside number is refused")
        assert await first.transfer("desk-32") == 202
        second = await colleague.next_ring()
        second.accept()
        second.speaks = True
        heard = patients_line.ear.loud
        await eventually(lambda: patients_line.ear.loud > heard + 25, what="the patient hears the colleague")
        assert await second.transfer("operators") == 202
        third = await desk.next_ring()
        assert patients_line.is_up
        await third.hang_up()


async def test_an_agent_speaks_with_a_colleague_first_and_then_joins_the_two(asterisk: RealAsterisk) -> None:
    async with (
        answering(asterisk, hotline=to_the_queue),
        phone(asterisk.sip_port, ZHANG) as patient,
        phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk,
        phone(asterisk.sip_port, "desk-32", asterisk.desk_secret) as colleague,
    ):
        await desk.register()
        await colleague.register()
        asterisk.cli("queue add member PJSIP/desk-31 to operators")
        patients_line = await patient.call("4000")
        first = await desk.next_ring()
        first.accept()
        await first.hold()
        consult = await desk.dial("desk-32")
        second = await colleague.next_ring()
        second.accept()
        await eventually(lambda: consult.is_up, what="the two agents speak")
        assert await first.transfer("desk-32", consult) == 202
        second.speaks = True
        heard = patients_line.ear.loud
        await eventually(lambda: patients_line.ear.loud > heard + 25, what="the patient hears the colleague")
        await first.hang_up()
        await eventually(consult.is_over.is_set, what="the first agent is free")
        assert patients_line.is_up


@pytest.mark.parametrize("number", ["+12125550100", "0012125550100", "9001234567", "120", "4001234567", "*67"])
async def test_desks_dial_no_foreign_and_no_service_numbers(asterisk: RealAsterisk, number: str) -> None:
    async with phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk:
        await desk.register()
        line = await desk.call(number)
        assert (line.is_up, line.status) == (False, 404)


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [("13900139000", "13900139000"), ("+8613900139000", "13900139000"), ("+862088880000", "02088880000")],
)
async def test_desks_dial_patients_as_the_hospital_and_are_recorded(
    asterisk: RealAsterisk, typed: str, dialled: str
) -> None:
    before = set(asterisk.monitor.iterdir())
    async with (
        phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk,
        phone(asterisk.sip_port, "carrier", port=asterisk.carrier_port) as carrier,
    ):
        await desk.register()
        line = await desk.dial(typed)
        patients_line = await carrier.next_ring()
        assert patients_line.invite
        assert f"sip:{dialled}@" in patients_line.invite.start
        assert "sip:02088886666@" in patients_line.invite.headers["from"]
        patients_line.accept()
        await eventually(lambda: line.is_up, what="they speak")
        await line.hang_up()
    made = {path.name.rpartition("-")[2] for path in set(asterisk.monitor.iterdir()) - before}
    assert made == {"rx.wav", "tx.wav"}


async def test_a_desk_needs_its_password(asterisk: RealAsterisk) -> None:
    async with phone(asterisk.sip_port, "desk-31", "guess") as desk:
        with pytest.raises(AssertionError, match="registration refused"):
            await desk.register()
        line = await desk.dial("desk-32")
        await eventually(line.is_over.is_set, what="no call without the password")
        assert line.status == 401


async def test_a_patient_whose_agent_vanishes_is_connected_with_another() -> None:
    with running_asterisk(rtp_timeout_s=2) as own:
        async with (
            answering(own, hotline=to_the_queue),
            phone(own.sip_port, ZHANG) as patient,
            phone(own.sip_port, "desk-31", own.desk_secret) as desk,
            phone(own.sip_port, "desk-32", own.desk_secret) as colleague,
        ):
            await desk.register()
            await colleague.register()
            own.cli("queue add member PJSIP/desk-31 to operators")
            patients_line = await patient.call("4000")
            dying = await desk.next_ring()
            dying.accept()
            own.cli("queue add member PJSIP/desk-32 to operators")
            dying.falls_silent()
            second = await colleague.next_ring(within_s=15)
            second.accept()
            second.speaks = True
            heard = patients_line.ear.loud
            await eventually(lambda: patients_line.ear.loud > heard + 25, what="the patient hears the colleague")
            own.cli("queue remove member PJSIP/desk-32 from operators")
            await second.hang_up()
            await eventually(patients_line.is_over.is_set, what="a call that ends is not put through again")
