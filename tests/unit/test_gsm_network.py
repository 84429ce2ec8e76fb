"""Days in the life of the simulated network, in no time: every event happens at the time that is passed in."""

import itertools
from datetime import UTC, datetime

import pytest

from demo.gsm import faults
from demo.gsm.inboxes import Inboxes, from_record, to_record
from demo.gsm.network import Network, Plug, ToTerminal, Unplug
from demo.gsm.smsc import Landed, subscriber
from demo.gsm.timing import Timing
from tests.unit.gsm_tpdu import NOON, PATIENT, submit

pytestmark = pytest.mark.unit

START = NOON.timestamp()


class Town:
    """A network, a clock, and what came out."""

    def __init__(self, timing: Timing | None = None) -> None:
        self.network = Network(timing or Timing())
        self.inboxes = Inboxes()
        self.now = START
        self.output = b""
        self.written: list[tuple[float, bytes]] = []
        self.plugs: list[str] = []
        self.type("ATE0\r", 1)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (at := self.network.next_at()) is not None and at <= end:
            self.now = max(at, self.now)
            self._settle()
        self.now = end
        self._settle()

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def _settle(self) -> None:
        for outcome in self.network.run(self.now):
            match outcome:
                case ToTerminal(data):
                    self.output += data
                    self.written.append((self.now - START, data))
                case Landed():
                    self.inboxes.put(outcome)
                case Unplug() | Plug():
                    self.plugs.append(type(outcome).__name__)

    def type(self, text: str, seconds: float) -> bytes:
        self.output = b""
        self.network.typed(text.encode(), self.now)
        self.pass_time(seconds)
        return self.output

    def send(self, text: str, *, seconds: float = 5, validity: int = 167) -> bytes:
        tpdu = submit(text, validity=validity)
        self.type(f"AT+CMGS={len(tpdu)}\r", 0.1)
        return self.type("00" + tpdu.hex() + "\x1a", seconds)

    def fault(self, name: str, **params: str) -> None:
        faults.apply(self.network, name, params, self.now)
        self.pass_time(0)

    def inbox(self) -> list[str]:
        return [message.text for message in self.inboxes.messages(PATIENT)]


@pytest.fixture
def town() -> Town:
    town = Town()
    town.type("AT+CNMI=2,1,0,1,0\r", 1)
    return town


def status_of(output: bytes) -> list[int]:
    """TP-ST of every delivery report in the output."""
    lines = output.split(b"\r\n")
    return [int(line[-2:], 16) for head, line in itertools.pairwise(lines) if head.startswith(b"+CDS:")]


def test_a_text_reaches_the_patient_and_the_report_the_hospital(town: Town) -> None:
    output = town.send("预约成功")
    assert b"+CMGS: 1\r\n\r\nOK" in output
    assert town.inbox() == ["预约成功"]
    assert status_of(output) == [0]


def test_the_line_and_the_air_take_the_time_that_is_documented() -> None:
    timing = Timing(baud=9600, air_s=3.0)
    town = Town(timing)
    tpdu = submit("约" * 70)
    begun = town.now
    town.type(f"AT+CMGS={len(tpdu)}\r", 0)
    while not town.output.endswith(b"> "):
        town.pass_time(0.0001)
    town.type("00" + tpdu.hex() + "\x1a", 0)
    while not town.output.endswith(b"OK\r\n"):
        town.pass_time(0.0001)
    assert town.now - begun == pytest.approx(timing.segment_s(len(tpdu)), abs=0.01)
    assert Timing().segments_per_min() == pytest.approx(113, abs=1)


def test_a_patient_texts_the_hospital(town: Town) -> None:
    town.network.text(PATIENT, "约" * 100, town.now)
    town.output = b""
    town.pass_time(2)
    assert town.output == b'\r\n+CMTI: "SM",1\r\n\r\n+CMTI: "SM",2\r\n'


def test_a_telephone_that_is_off_gets_its_texts_later(town: Town) -> None:
    town.fault("phone_off", number="13800138000")
    town.send("预约成功")
    assert town.inbox() == []
    town.output = b""
    town.fault("phone_on", number="13800138000")
    town.pass_time(2)
    assert town.inbox() == ["预约成功"]
    assert status_of(town.output) == [0]


def test_a_text_that_is_too_old_expires(town: Town) -> None:
    town.fault("phone_off", number=PATIENT)
    town.send("预约成功", validity=0)
    town.output = b""
    town.pass_time(310)
    assert status_of(town.output) == [0x46]
    town.fault("phone_on", number=PATIENT)
    town.pass_time(10)
    assert town.inbox() == []


@pytest.mark.parametrize(
    ("fault", "statuses", "arrives"),
    [
        ("delivery_failed", [0x41], False),
        ("delivery_temporary", [0x20, 0], True),
        ("no_report", [], True),
        ("duplicate_report", [0, 0], True),
    ],
)
def test_delivery_can_go_wrong_in_known_ways(town: Town, fault: str, statuses: list[int], arrives: bool) -> None:
    town.fault(fault)
    assert status_of(town.send("预约成功")) == statuses
    assert town.inbox() == (["预约成功"] if arrives else [])
    assert status_of(town.send("再次")) == [0]


def test_a_report_can_overtake_the_answer(town: Town) -> None:
    town.fault("early_report")
    output = town.send("预约成功")
    assert 0 < output.index(b"+CDS") < output.index(b"+CMGS")


def test_the_next_send_can_be_refused(town: Town) -> None:
    town.fault("refuse_send", error="38")
    assert town.send("预约成功").endswith(b"\r\n+CMS ERROR: 38\r\n")
    assert town.inbox() == []
    assert b"+CMGS" in town.send("预约成功")


@pytest.mark.parametrize(("accepted", "texts"), [("1", ["预约成功"]), ("0", [])])
def test_the_modem_can_die_with_the_message_in_its_hands(town: Town, accepted: str, texts: list[str]) -> None:
    town.fault("die_after_pdu", seconds="3", accepted=accepted)
    assert b"+CMGS:" not in town.send("预约成功", seconds=10)
    assert town.plugs == ["Unplug", "Plug"]
    assert town.inbox() == texts
    assert b"OK" in town.type("AT\r", 1)


def test_what_comes_while_unplugged_waits_in_the_network(town: Town) -> None:
    town.fault("unplug")
    town.network.text(PATIENT, "预约", town.now)
    town.pass_time(60)
    assert town.type("AT\r", 0) == b""
    town.fault("replug")
    town.pass_time(1)
    assert b"+CMGL: 1,0" in town.type("AT+CMGL=4\r", 1)


def test_an_indication_can_be_lost_or_late(town: Town) -> None:
    town.fault("drop_indication")
    town.network.text(PATIENT, "一", town.now)
    town.output = b""
    town.pass_time(2)
    assert town.output == b""
    town.fault("delay_indication", seconds="30")
    town.network.text(PATIENT, "二", town.now)
    town.pass_time(20)
    assert town.output == b""
    town.pass_time(20)
    assert town.output == b'\r\n+CMTI: "SM",2\r\n'


def test_segments_come_twice_in_reverse_or_not_at_all(town: Town) -> None:
    for name, places in (("reorder", [3, 2, 1]), ("duplicate_segment", [1, 1, 2, 2, 3, 3]), ("lose_segment", [1, 2])):
        town.fault(name)
        town.network.text(PATIENT, "约" * 200, town.now)
        town.pass_time(3)
        stored = town.network.modem.storages["SM"].messages
        heads = [bytes.fromhex(f"050003{ref:02x}03") for ref in range(1, 9)]
        assert [
            one.pdu[one.pdu.index(head) + 5] for one in stored.values() for head in heads if head in one.pdu
        ] == places
        town.type("AT+CMGD=1,4\r", 1)


def test_a_full_storage_keeps_messages_in_the_network(town: Town) -> None:
    town.fault("full_storage")
    town.network.text(PATIENT, "预约", town.now)
    town.pass_time(30)
    assert town.network.modem.storages["SM"].messages == {}
    assert status_of(town.send("报告仍然到达")) == [0]
    town.fault("free_storage")
    town.pass_time(1)
    assert len(town.network.modem.storages["SM"].messages) == 1


def test_a_lost_network_is_told_and_found_again(town: Town) -> None:
    town.type("AT+CREG=1\r", 1)
    town.output = b""
    town.fault("registration", state="lost")
    town.network.text(PATIENT, "预约", town.now)
    town.pass_time(10)
    assert town.output == b"\r\n+CREG: 2\r\n"
    town.fault("registration", state="home")
    town.pass_time(1)
    assert b'+CREG: 1\r\n\r\n+CMTI: "SM",1' in town.output


def test_a_direct_message_without_acknowledgement_comes_again(town: Town) -> None:
    town.type("AT+CSMS=1;+CNMI=2,2,0,1,0\r", 1)
    town.network.text(PATIENT, "预约", town.now)
    town.output = b""
    town.pass_time(5)
    assert town.output.count(b"+CMT:") == 1
    town.pass_time(15)
    assert b"+CMGL: 1,0" in town.type("AT+CMGL=4\r", 1)  # direct routes are off now


def test_an_acknowledged_direct_message_is_gone(town: Town) -> None:
    town.type("AT+CSMS=1;+CNMI=2,2,0,1,0\r", 1)
    for text in ("一", "二"):
        town.network.text(PATIENT, text, town.now)
    town.output = b""
    town.pass_time(2)
    assert town.output.count(b"+CMT:") == 1
    assert b"+CMT:" in town.type("AT+CNMA\r", 2)
    town.type("AT+CNMA\r", 30)
    assert town.network.smsc.inbound == []


def test_noise_silence_and_crumbs(town: Town) -> None:
    town.output = b""
    town.fault("garbage", hex="fffe00")
    town.pass_time(1)
    assert town.output == b"\xff\xfe\x00"
    town.fault("no_answer")
    assert town.type("AT\r", 1) == b""
    assert town.type("AT\r", 1) == b"\r\nOK\r\n"
    town.fault("fragment", state="on")
    town.written.clear()
    town.type("AT\r", 1)
    assert [data for _, data in town.written] == [b"\r", b"\n", b"O", b"K", b"\r", b"\n"]
    town.fault("clear")


def test_every_fault_is_explained_and_an_unknown_one_is_refused(town: Town) -> None:
    assert all(fault.help for fault in faults.FAULTS.values())
    with pytest.raises(faults.UnknownFaultError):
        town.fault("earthquake")


def test_the_sms_centre_survives_being_written_down(town: Town) -> None:
    town.fault("phone_off", number=PATIENT)
    town.send("预约成功")
    town.fault("unplug")
    town.network.text(PATIENT, "取消", town.now)
    other = Network()
    other.smsc.read_back(town.network.smsc.written_down())  # type: ignore[arg-type]
    assert other.smsc.written_down() == town.network.smsc.written_down()
    assert len(other.smsc.inbound) == 1
    assert len(other.smsc.outbound) == 1


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("13800138000", PATIENT),
        ("+86 138 0013 8000", PATIENT),
        ("008613800138000", PATIENT),
        ("10086", "10086"),
        ("ICBC", "ICBC"),
    ],
)
def test_a_telephone_has_one_name(typed: str, known: str) -> None:
    assert subscriber(typed) == known


def test_whoever_waits_is_told_what_came_since_and_the_answer_to_their_own_text(town: Town) -> None:
    inboxes, asked_at = town.inboxes, town.moment()
    assert inboxes.new_since(PATIENT, asked_at) == asked_at
    inboxes.texted(PATIENT, asked_at)
    town.send("您的预约")
    since = inboxes.new_since(PATIENT, town.moment())
    assert inboxes.has_news(PATIENT, since)
    inboxes.shown(PATIENT, town.moment())
    assert not inboxes.has_news(PATIENT, inboxes.new_since(PATIENT, town.moment()))
    town.pass_time(61)
    assert inboxes.new_since(PATIENT, town.moment()) == town.moment()


def test_an_inbox_survives_being_written_down(town: Town) -> None:
    town.send("您的预约 😀")
    [landed] = town.inboxes.all()
    assert from_record(to_record(landed)) == landed
