"""What the rest of the house relies on in the manager link: the same tests on a fake and on a real Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from crm_core.kernel.errors import OutcomeUnknownError, TemporarySendError
from crm_core.kernel.status import StatusBoard
from telephony import names
from telephony.ami import Ami, AmiSettings
from telephony.ami_events import AmiEvent, LinkDown, LinkUp, UserEvent
from telephony.errors import AmiLinkError, AmiRefusedError
from telephony.originate import CallResult, Originate
from tests.asterisk.phone import Phone, phone
from tests.asterisk.real_asterisk import RealAsterisk, linked, running_asterisk
from tests.contracts.cable import Cable, cable
from tests.contracts.fake_ami import FakeAmi, fake_ami
from tests.eventually import eventually

ZHANG = "13800138000"


@dataclass
class Bench:
    """One Asterisk, pretended or real, a cable to it, and a patient's telephone."""

    line: Cable
    secret: str
    fake: FakeAmi | None = None
    patient: Phone | None = None

    def answer_with(self, status: int) -> None:
        """What becomes of the next calls: 200 answered, 0 rings to the end, else a SIP status."""
        if self.fake:
            self.fake.answers_with = status
        if self.patient:
            self.patient.reject_with = 0 if status in (0, 200) else status
            self.patient.picks_up = status == 200

    def ami(self, *, secret: str = "", status: StatusBoard | None = None) -> Ami:
        """An adapter with little patience."""
        settings = AmiSettings(
            port=self.line.port,
            secret=secret or self.secret,
            ping_every_s=0.2,
            answer_s=1.5,
            first_wait_s=0.05,
            longest_wait_s=0.2,
        )
        return Ami(settings, status=status)


@pytest.fixture(scope="module")
def real() -> Iterator[RealAsterisk]:
    """Started by the first test that wants it."""
    with running_asterisk() as asterisk:
        yield asterisk


@pytest.fixture(
    params=[
        pytest.param("fake", marks=pytest.mark.unit),
        pytest.param("real", marks=pytest.mark.asterisk),
    ]
)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """The two ends of the contract."""
    if request.param == "fake":
        async with fake_ami() as fake, cable(fake.port) as line:
            yield Bench(line, fake.secret, fake=fake)
        return
    asterisk: RealAsterisk = request.getfixturevalue("real")
    asterisk.hang_up_all()
    async with (
        cable(asterisk.ami_port) as line,
        phone(asterisk.sip_port, "patient", port=asterisk.carrier_port) as patient,
    ):
        yield Bench(line, asterisk.secret, patient=patient)


@asynccontextmanager
async def listening(bench: Bench) -> AsyncIterator[tuple[Ami, list[AmiEvent]]]:
    """A link that is up, and all it hears."""
    ami, heard = bench.ami(), list[AmiEvent]()

    async def hear(event: AmiEvent) -> None:
        heard.append(event)

    ami.subscribe(hear)
    async with linked(ami):
        yield ami, heard


def order(**changes: object) -> Originate:
    """A reminder to the patient."""
    fields = {"interface": names.carrier_interface(ZHANG), "context": names.CONTEXT_REMINDER, "ring_s": 1.0}
    return Originate(**(fields | changes))  # type: ignore[arg-type]


async def test_a_wrong_secret_is_refused_and_shown(bench: Bench) -> None:
    status = StatusBoard()
    ami = bench.ami(secret="guess", status=status)
    task = asyncio.get_running_loop().create_task(ami.run())
    await eventually(lambda: status.parts().get("ami") == "login refused", what="the refusal is shown")
    assert not ami.is_up
    with pytest.raises(AmiLinkError):
        await ami.action("Ping")
    task.cancel()


async def test_the_link_comes_up_and_says_so(bench: Bench) -> None:
    async with listening(bench) as (ami, heard):
        assert (await ami.action("Ping")).headers["Ping"] == "Pong"
        await eventually(lambda: heard[:1] == [LinkUp()], what="LinkUp comes first")


async def test_what_asterisk_does_not_know_is_refused(bench: Bench) -> None:
    async with listening(bench) as (ami, _):
        with pytest.raises(AmiRefusedError):
            await ami.action("NoSuchAction")


async def test_what_our_account_may_not_do_is_refused(bench: Bench) -> None:
    async with listening(bench) as (ami, _):
        with pytest.raises(AmiRefusedError):
            await ami.action("Command", Command="core show version")


@pytest.mark.parametrize("value", ["x\r\nAction: Originate", "x\nVariable: a=b", "x\0", "长" * 400, "\ud800"])
async def test_a_value_that_could_be_two_headers_is_never_sent(bench: Bench, value: str) -> None:
    async with listening(bench) as (ami, _):
        said = len(bench.line.sent)
        with pytest.raises(ValueError, match=r"AMI header|surrogates"):
            await ami.action("UserEvent", UserEvent="Note", Text=value)
        assert b"UserEvent" not in bytes(bench.line.sent[said:])


async def test_queue_members_come_and_go(bench: Bench) -> None:
    async with listening(bench) as (ami, _):
        member = {"Queue": "operators", "Interface": "PJSIP/desk-07"}
        await ami.action("QueueAdd", **member, Paused="true")
        with pytest.raises(AmiRefusedError):
            await ami.action("QueueAdd", **member)
        rows = (await ami.action("QueueStatus", Queue="operators")).rows
        assert [(row["Location"], row["Paused"]) for row in rows if row["Event"] == "QueueMember"] == [
            ("PJSIP/desk-07", "1")
        ]
        await ami.action("QueueRemove", **member)
        with pytest.raises(AmiRefusedError):
            await ami.action("QueueRemove", **member)


async def test_an_empty_list_is_an_answer(bench: Bench) -> None:
    async with listening(bench) as (ami, _):
        assert (await ami.action("CoreShowChannels")).rows == ()


async def test_chinese_names_survive_any_cut_of_the_bytes(bench: Bench) -> None:
    bench.line.piece = 1
    async with listening(bench) as (ami, heard):
        await ami.action("UserEvent", UserEvent="Note", Text="张三丰 𠮷 é")
        events = await eventually(lambda: [e for e in heard if isinstance(e, UserEvent)], what="the event arrives")
        assert (events[0].name, events[0].fields["Text"]) == ("Note", "张三丰 𠮷 é")


async def test_a_handler_that_fails_costs_neither_link_nor_events(bench: Bench) -> None:
    ami, heard = bench.ami(), list[AmiEvent]()

    async def fail(event: AmiEvent) -> None:
        raise RuntimeError("a fault of ours")

    async def hear(event: AmiEvent) -> None:
        heard.append(event)

    ami.subscribe(fail)
    ami.subscribe(hear)
    async with linked(ami):
        for _ in range(3):
            await ami.action("UserEvent", UserEvent="Note")
        await eventually(lambda: sum(isinstance(event, UserEvent) for event in heard) == 3, what="all events")
        assert LinkDown() not in heard


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, CallResult.ANSWERED),
        (486, CallResult.BUSY),
        (603, CallResult.BUSY),
        (480, CallResult.NO_ANSWER),
        (0, CallResult.NO_ANSWER),
        (404, CallResult.FAILED),
        (503, CallResult.FAILED),
    ],
)
async def test_a_call_that_was_taken_has_a_result(bench: Bench, status: int, result: CallResult) -> None:
    bench.answer_with(status)
    async with listening(bench) as (ami, _):
        wanted = order()
        taken = await ami.originate(wanted)
        assert (taken.uniqueid, taken.result) == (wanted.uniqueid, result)


async def test_a_call_asterisk_refuses_rang_nobody(bench: Bench) -> None:
    async with listening(bench) as (ami, _):
        with pytest.raises(TemporarySendError):
            await ami.originate(order(context="no-such-context"))


async def test_without_a_link_no_call_is_placed(bench: Bench) -> None:
    with pytest.raises(TemporarySendError):
        await bench.ami().originate(order())


async def test_a_call_whose_link_breaks_is_unknown_and_never_sent_again(bench: Bench) -> None:
    bench.answer_with(0)
    async with listening(bench) as (ami, heard):
        call = asyncio.get_running_loop().create_task(ami.originate(order(ring_s=5.0)))
        await eventually(lambda: b"Action: Originate" in bench.line.sent, what="the order is on its way")
        bench.line.pull()
        with pytest.raises(OutcomeUnknownError):
            await call
        await eventually(lambda: heard.count(LinkUp()) == 2, what="the link is back by itself")
        assert bytes(bench.line.sent).count(b"Action: Originate") == 1


async def test_a_call_asterisk_says_nothing_about_is_unknown(bench: Bench) -> None:
    async with listening(bench) as (ami, _):
        bench.line.is_silent = True
        with pytest.raises(OutcomeUnknownError):
            await ami.originate(order())


async def test_a_half_open_link_is_noticed_and_replaced(bench: Bench) -> None:
    status = StatusBoard()
    ami = bench.ami(status=status)
    async with linked(ami):
        bench.line.is_silent = True
        await eventually(lambda: not ami.is_up, what="silence ends the link")
        assert not status.is_ok()
        bench.line.is_silent = False
        await eventually(lambda: ami.is_up, what="the link is back by itself")
        assert status.is_ok()
        assert (await ami.action("Ping")).headers["Ping"] == "Pong"


async def test_closing_leaves_nothing_running(bench: Bench) -> None:
    before = asyncio.all_tasks()
    async with linked(bench.ami()):
        pass
    carried = bench.line.carried
    await eventually(lambda: not {t for t in asyncio.all_tasks() - before if "Ami" in repr(t)}, what="no task is left")
    await asyncio.sleep(0.3)
    assert bench.line.carried == carried
