"""Text of somebody outside never becomes a manager event; who calls is known all the same.

Asterisk undoes %0d%0a in SIP addresses and writes the line breaks into its events.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from telephony import names
from telephony.ami_events import AmiEvent, NewCallerid
from telephony.fastagi import AgiChannel
from telephony.originate import CallResult, Originate
from telephony.provision.tools import tool
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk, answering, linked
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

ZHANG = "13800138000"
SCENARIO = Path(__file__).with_name("stranger.xml")
FORGED = "1%0d%0a%0d%0aEvent%3a%20UserEvent%0d%0aUserEvent%3a%20HcrmAnswered%0d%0aAttempt%3a%207%0d%0aBy%3a%20human"
EVIL = f"sip:{FORGED}@127.0.0.1"
ORDINARY = f"<sip:{ZHANG}@127.0.0.1>"


@asynccontextmanager
async def tapped(asterisk: RealAsterisk) -> AsyncIterator[bytearray]:
    """Every byte that our manager account is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.ami_port)
    writer.write(f"Action: Login\r\nUsername: hcrm\r\nSecret: {asterisk.secret}\r\n\r\n".encode())
    heard = bytearray()

    async def listen() -> None:
        while data := await reader.read(65_536):
            heard.extend(data)

    listening = asyncio.get_running_loop().create_task(listen())
    await eventually(lambda: b"Authentication accepted" in heard, what="we hear Asterisk")
    try:
        yield heard
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        writer.close()


def is_untorn(heard: bytearray) -> bool:
    """Each message says first what it is, in headers of one line; a forged one leaves a rest that does not."""
    _, *messages = bytes(heard).decode().split("\r\n\r\n")  # the greeting is glued to the first
    return all(re.match(r"(Event: \w+\r\nPrivilege: |Response: |$)", message) for message in messages)


async def invite(asterisk: RealAsterisk, sender: str, extra: str = "Subject: x", number: str = "4000") -> int:
    """SIPp calls with this From until the hospital hangs up."""
    process = await asyncio.create_subprocess_exec(
        *(str(tool("sipp")), f"127.0.0.1:{asterisk.sip_port}", "-sf", str(SCENARIO), "-s", number, "-m", "1"),
        *("-i", "127.0.0.1", "-nostdin", "-timeout", "10s", "-key", "from", sender, "-key", "extra", extra),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def goodbye(channel: AgiChannel) -> None:
    await channel.set_variable(names.VAR_NEXT, names.NEXT_HANGUP)


@pytest.mark.parametrize(
    ("sender", "extra"),
    [
        (f'"x" <{EVIL}>', "Subject: x"),
        (f"<sip:{ZHANG};cpc={FORGED}@127.0.0.1>", "Subject: x"),
        (f'"{FORGED}" {ORDINARY}', "Subject: x"),
        (f'"1\\r\\n\\r\\nEvent: UserEvent" {ORDINARY}', "Subject: x"),
        (ORDINARY, f"P-Asserted-Identity: <{EVIL}>"),
        (ORDINARY, f"Remote-Party-ID: <{EVIL}>;party=calling"),
        (ORDINARY, f"Diversion: <{EVIL}>;reason=unconditional"),
        (ORDINARY, f"History-Info: <{EVIL}>;index=1"),
        (ORDINARY, f"Referred-By: <{EVIL}>"),
        (ORDINARY, f"User-Agent: {FORGED}"),
        (ORDINARY, f'Reason: Q.850;cause=17;text="{FORGED}"'),
    ],
)
async def test_no_header_of_a_caller_writes_an_event(asterisk: RealAsterisk, sender: str, extra: str) -> None:
    async with tapped(asterisk) as heard, answering(asterisk, hotline=goodbye):
        assert await invite(asterisk, sender, extra) == 0
        await eventually(lambda: b"Event: Hangup" in heard, what="the call is over")
    assert b"HcrmAnswered" not in heard
    assert is_untorn(heard)


async def test_a_forged_tel_address_is_no_call(asterisk: RealAsterisk) -> None:
    async with tapped(asterisk) as heard:
        assert await invite(asterisk, f"<tel:{FORGED}>") != 0
    assert b"HcrmAnswered" not in heard
    assert is_untorn(heard)


async def test_no_dialled_number_writes_an_event(asterisk: RealAsterisk) -> None:
    async with tapped(asterisk) as heard, phone(asterisk.sip_port, ZHANG) as patient:
        assert (await patient.call(f"4000{FORGED}")).status == 404
        assert (await patient.call(FORGED)).status == 404
    assert b"HcrmAnswered" not in heard


async def test_no_header_of_a_handset_writes_an_event(asterisk: RealAsterisk) -> None:
    async with (
        tapped(asterisk) as heard,
        answering(asterisk, hotline=goodbye),
        phone(asterisk.sip_port, "handset-02", asterisk.desk_secret) as handset,
    ):
        await handset.register()
        handset.identity = FORGED
        line = await handset.call(names.HOTLINE_DID)
        async with asyncio.timeout(60):
            await line.is_over.wait()
        await eventually(lambda: b"Event: Hangup" in heard, what="the call is over")
    assert b"HcrmAnswered" not in heard
    assert is_untorn(heard)


async def test_no_transfer_and_no_dialling_of_a_desk_writes_an_event(asterisk: RealAsterisk) -> None:
    async with (
        tapped(asterisk) as heard,
        phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk,
        phone(asterisk.sip_port, "desk-32", asterisk.desk_secret) as colleague,
    ):
        await desk.register()
        await colleague.register()
        colleague.picks_up = True
        assert (await desk.call(f"desk-32{FORGED}")).status == 404
        line = await desk.call("desk-32")
        assert line.is_up
        await line.transfer(f"desk-32{FORGED}")
        await eventually(lambda: "SIP/2.0 404 Not Found" in line.notified, what="there is no such colleague")
    assert b"HcrmAnswered" not in heard
    assert is_untorn(heard)


async def test_where_the_carrier_sends_us_writes_no_event(asterisk: RealAsterisk) -> None:
    async with (
        tapped(asterisk) as heard,
        linked(asterisk.ami()) as ami,
        phone(asterisk.sip_port, "carrier", port=asterisk.carrier_port) as carrier,
    ):
        carrier.moved_to, carrier.reject_with = EVIL, 486
        order = Originate(interface=names.carrier_interface(ZHANG), context=names.CONTEXT_REMINDER)
        assert (await ami.originate(order)).result is CallResult.BUSY
    assert b"HcrmAnswered" not in heard
    assert is_untorn(heard)


async def test_a_redirected_call_goes_to_the_carrier_and_nobody_else(asterisk: RealAsterisk) -> None:
    """Not into our own dialplan, where the hotline would answer a reminder, and to no stranger's address."""
    async with (
        linked(asterisk.ami()) as ami,
        phone(asterisk.sip_port, "stranger") as stranger,
        phone(asterisk.sip_port, "carrier", port=asterisk.carrier_port) as carrier,
    ):
        carrier.moved_to = f"sip:4000@127.0.0.1:{stranger.port}"
        order = Originate(interface=names.carrier_interface(ZHANG), context=names.CONTEXT_REMINDER, ring_s=20)
        placed = asyncio.get_running_loop().create_task(ami.originate(order))
        line = await carrier.next_ring()
        assert line.invite
        assert line.invite.start.startswith("INVITE sip:4000@")
        assert "Channel: Local" not in asterisk.cli("core show channels concise")
        carrier.reply(line.invite, 486, "Busy Here", line.local)
        assert (await placed).result is CallResult.BUSY
    assert stranger.rings.empty()
    assert stranger.lines == {}


async def test_where_a_desk_sends_a_call_writes_no_event_and_is_not_followed(asterisk: RealAsterisk) -> None:
    async with (
        tapped(asterisk) as heard,
        phone(asterisk.sip_port, "desk-31", asterisk.desk_secret) as desk,
        phone(asterisk.sip_port, "desk-32", asterisk.desk_secret) as colleague,
    ):
        await desk.register()
        await colleague.register()
        colleague.moved_to = EVIL
        assert not (await desk.call("desk-32")).is_up
        colleague.moved_to = "sip:desk-31@127.0.0.1"
        assert not (await desk.call("desk-32")).is_up
    assert desk.rings.empty()
    assert b"\r\nUserEvent: HcrmAnswered" not in heard
    assert is_untorn(heard)


@pytest.mark.parametrize(
    ("sender", "known_as"),
    [
        (ORDINARY, ZHANG),
        (f'"张三丰; evil, \\"x\\" <sip:999@x>" {ORDINARY}', ZHANG),
        ("<sip:+8613800138000@127.0.0.1>", "+8613800138000"),
        ("<sip:%2B8613800138000@127.0.0.1>", "+8613800138000"),
        ("<sip:008613800138000@127.0.0.1>", "008613800138000"),
        ("<sip:08613800138000@127.0.0.1>", "08613800138000"),
        ("<sip:+86013800138000@127.0.0.1>", "+86013800138000"),
        ("<sip:013800138000@127.0.0.1>", "013800138000"),
        ("<sip:88886666@127.0.0.1>", "88886666"),
        ("<sip:138-0013-8000@127.0.0.1>", ZHANG),
        ("<sip:138%200013%208000@127.0.0.1>", ZHANG),
        ("<sip:alice13800138000@127.0.0.1>", ZHANG),
        ("<sip:02088886666x105@127.0.0.1>", "02088886666105"),
        ("<sip:123456789012345678901234567890@127.0.0.1>", "12345678901234567890"),
        ("<sip:13800138000:password@127.0.0.1>", ZHANG),
        ("<sip:13800138000@127.0.0.1;cpc=ordinary>", ZHANG),
        ("<sip:13800138000;cpc=payphone;isup-oli=0;npdi@127.0.0.1>", ZHANG),
        ("<sip:+8613800138000;phone-context=ims.mnc000.org@ims.mnc000.org;user=phone>", "+8613800138000"),
        ("<tel:+8613800138000>", "+8613800138000"),
        ("<tel:13800138000;phone-context=+86>", ZHANG),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', ""),
        ("<sip:carrier@127.0.0.1>", ""),
        ("<sip:127.0.0.1>", ""),
    ],
)
async def test_who_calls_is_known_by_every_form_of_a_number(asterisk: RealAsterisk, sender: str, known_as: str) -> None:
    """To the menu, and to the call log even when there is no menu: it reads the first NewCallerid."""
    met: list[str] = []
    said: list[AmiEvent] = []

    async def hotline(channel: AgiChannel) -> None:
        met.append(channel.request.caller)
        await goodbye(channel)

    async def see(event: AmiEvent) -> None:
        said.append(event)

    ami = asterisk.ami()
    ami.subscribe(see)
    async with linked(ami), answering(asterisk, hotline=hotline):
        assert await invite(asterisk, sender) == 0
    first = next(event for event in said if isinstance(event, NewCallerid))
    assert (met, first.channel.number, first.channel.extension) == ([known_as], known_as, "4000")


async def test_a_privately_asserted_identity_is_not_looked_at(asterisk: RealAsterisk) -> None:
    met: list[str] = []

    async def hotline(channel: AgiChannel) -> None:
        met.append(channel.request.caller)
        await goodbye(channel)

    async with answering(asterisk, hotline=hotline):
        asserted = "P-Asserted-Identity: <sip:+8613800138000@ims.chinamobile.com>"
        assert await invite(asterisk, '"Anonymous" <sip:anonymous@anonymous.invalid>', asserted) == 0
        assert await invite(asterisk, "<sip:02088880000@127.0.0.1>", asserted) == 0
    assert met == ["", "02088880000"]
