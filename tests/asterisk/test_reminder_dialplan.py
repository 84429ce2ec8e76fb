"""A call of the hospital's is answered: by a person, by a person who says nothing, by a machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from telephony import names
from telephony.ami import Ami
from telephony.ami_events import AmiEvent, UserEvent
from telephony.fastagi import AgiChannel
from telephony.originate import Originate
from tests.asterisk.phone import Line, Phone, phone
from tests.asterisk.real_asterisk import RealAsterisk, answering, linked
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

ANALYSIS_S = 5.0  # asterisk_conf/amd.conf: so long it thinks about whom it does not understand

LI = "13900139000"


@dataclass
class Outgoing:
    """A hospital that calls one patient."""

    asterisk: RealAsterisk
    ami: Ami
    patient: Phone
    said: list[UserEvent] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def call(self, **variables: str) -> Line:
        """The patient's telephone has rung and was picked up."""
        order = Originate(
            interface=names.carrier_interface(LI),
            context=names.CONTEXT_REMINDER,
            caller_id="02088886666",
            variables={names.VAR_ATTEMPT_ID: "7", **variables},
        )
        placing = asyncio.get_running_loop().create_task(self.ami.originate(order))
        line = await self.patient.next_ring()
        line.accept()
        await placing
        return line

    async def answered_by(self) -> tuple[str, str]:
        """Attempt and who picked up, as the dialplan reports it."""
        event = (await eventually(lambda: self.said, what="the dialplan says who answered"))[0]
        assert event.name == names.EVENT_ANSWERED
        return event.fields["Attempt"], event.fields["By"]


@pytest.fixture
async def outgoing(asterisk: RealAsterisk) -> AsyncIterator[Outgoing]:
    async with calling(asterisk) as made:
        yield made


@asynccontextmanager
async def calling(asterisk: RealAsterisk) -> AsyncIterator[Outgoing]:
    ami = asterisk.ami()
    async with phone(asterisk.sip_port, "carrier", port=asterisk.carrier_port) as patient:
        made = Outgoing(asterisk, ami, patient)

        async def hear(event: AmiEvent) -> None:
            if isinstance(event, UserEvent):
                made.said.append(event)

        async def reminder(channel: AgiChannel) -> None:
            made.asked.append(await channel.get_variable(names.VAR_ATTEMPT_ID) or "")
            made.asked.append(await channel.get_variable(names.VAR_ANSWERED_BY) or "")
            made.asked.append(channel.request.caller)
            made.asked.append((await channel.read_digits([], max_digits=1, first_timeout_s=5)).digits)
            await channel.set_variable(names.VAR_NEXT, names.NEXT_HANGUP)

        ami.subscribe(hear)
        async with linked(ami), answering(asterisk, reminder=reminder):
            yield made


async def test_a_person_who_says_nothing_is_not_a_machine(outgoing: Outgoing) -> None:
    line = await outgoing.call()
    assert await outgoing.answered_by() == ("7", names.BY_HUMAN)
    await eventually(lambda: len(outgoing.asked) == 3, what="the reminder speaks")
    await line.press("1")
    await eventually(line.is_over.is_set, what="the call ends")
    assert outgoing.asked == ["7", names.BY_HUMAN, LI, "1"]


async def test_a_person_says_hello_and_is_spoken_to_soon(outgoing: Outgoing) -> None:
    line = await outgoing.call()
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(0.4)
    line.speaks = True
    await asyncio.sleep(0.5)
    line.speaks = False
    assert await outgoing.answered_by() == ("7", names.BY_HUMAN)
    assert asyncio.get_running_loop().time() - began < ANALYSIS_S
    await line.hang_up()


async def test_a_machine_gets_a_short_message_and_no_menu(outgoing: Outgoing) -> None:
    line = await outgoing.call()
    line.speaks = True
    assert await outgoing.answered_by() == ("7", names.BY_MACHINE)
    line.speaks = False
    await eventually(line.is_over.is_set, what="the call ends after the message")
    assert line.ear.loud > 0
    assert outgoing.asked == []


async def test_a_machine_is_hung_up_on_when_the_hospital_wants_that(outgoing: Outgoing) -> None:
    line = await outgoing.call(**{names.VAR_ON_MACHINE: "hangup"})
    line.speaks = True
    await eventually(line.is_over.is_set, what="the call ends")
    assert line.ear.loud == 0


async def test_without_our_server_the_patient_reaches_a_person(asterisk: RealAsterisk) -> None:
    ami = asterisk.ami()
    async with linked(ami), phone(asterisk.sip_port, "carrier", port=asterisk.carrier_port) as patient:
        await Outgoing(asterisk, ami, patient).call()
        await eventually(
            lambda: (
                LI in asterisk.cli("core show channels concise")
                and "!Queue!" in asterisk.cli("core show channels concise")
            ),
            what="the patient waits for a person, who will see the number",
        )
