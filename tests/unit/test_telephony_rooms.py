"""Which leg is heard, who is in a room, and what an ear does."""

import pytest

from crm_core.calls.model import Mode
from crm_core.kernel.ids import Linkedid, Uniqueid
from telephony import names, reconcile, rooms
from telephony.ami_events import BridgeEnter, Channel, ChanSpyStart, parse_event
from telephony.ears import differs, heir, mode_of, unseen
from telephony.reconcile import Living

pytestmark = pytest.mark.unit

PATIENT = Uniqueid("1.1")


def living(name: str, uniqueid: str, bridge: str = "", application: str = "", extension: str = "") -> Living:
    channel = Channel(name=name, uniqueid=Uniqueid(uniqueid), linkedid=Linkedid("1.1"), extension=extension)
    return Living(channel, application, "", bridge)


CALL = [
    living("PJSIP/carrier-00000001", "1.1", "b1", "Queue"),
    living("PJSIP/desk-01-00000002", "1.2", "b1"),
    living("PJSIP/desk-01-00000003", "1.3", "b2", "Dial"),
    living("PJSIP/desk-02-00000004", "1.4", "b2"),
]


def test_the_leg_that_is_heard_is_the_one_with_the_patient() -> None:
    assert rooms.leg_with(CALL, PATIENT, "desk-01") == "1.2"
    assert rooms.leg_with(CALL, PATIENT, "desk-02") is None
    assert rooms.leg_with(CALL, Uniqueid("9.9"), "desk-01") is None
    assert rooms.leg_with([living("PJSIP/carrier-00000001", "1.1"), *CALL[1:]], PATIENT, "desk-01") is None


def test_the_leg_that_is_let_in_is_the_one_that_is_asked() -> None:
    assert rooms.leg_asked(CALL, "desk-02", "desk-01") == "1.4"
    assert rooms.leg_asked(CALL, "desk-02", "desk-03") is None


def test_who_is_in_a_room_and_who_is_alone_there() -> None:
    room = [
        living("PJSIP/carrier-00000001", "1.1", "r", "ConfBridge"),
        living("PJSIP/desk-03-00000005", "hcrm-ear-1", "r", "ConfBridge"),
        living("PJSIP/desk-01-00000002", "1.2", "r", "ConfBridge"),
    ]
    assert rooms.leg_with(room, PATIENT, "desk-01") == "1.2"
    assert (rooms.is_in_room(room, PATIENT), rooms.is_in_room(CALL, PATIENT)) == (True, False)
    assert (reconcile.rooms(room), reconcile.alone(room)) == ([(PATIENT, "r")], [])
    assert reconcile.alone(room[:1]) == [PATIENT]


def test_what_an_ear_does_is_what_its_channel_runs() -> None:
    assert mode_of(living("PJSIP/desk-03-00000005", "hcrm-ear-1", "", "ChanSpy", "whisper")) is Mode.WHISPER
    assert mode_of(living("PJSIP/desk-04-00000006", "hcrm-ear-2", "r", "ConfBridge", "1.1")) is Mode.BARGE
    assert mode_of(living("PJSIP/desk-05-00000007", "hcrm-ear-3")) is None


def test_who_listens_unseen_is_found_whatever_their_channel_is_called() -> None:
    theirs = [*CALL, living("PJSIP/desk-03-00000005", "1.5", "", "ChanSpy", "listen")]
    assert unseen(theirs, {Uniqueid("hcrm-ear-1")}) == ["1.5"]
    assert unseen(theirs, {Uniqueid("1.5")}) == []
    assert heir(theirs, "desk-03") == "1.5"
    assert (heir(theirs, "desk-01"), heir(theirs, "desk-03", {Uniqueid("1.5")})) == (None, None)


@pytest.mark.parametrize(
    ("written", "heard", "is_news"),
    [
        (Mode.LISTEN, Mode.LISTEN, False),
        (Mode.LISTEN, Mode.BARGE, True),
        (Mode.TAKE_OVER, Mode.BARGE, False),
        (Mode.TAKE_OVER, Mode.WHISPER, True),
        (Mode.BARGE, None, False),
    ],
)
def test_only_what_is_known_to_differ_is_corrected(written: Mode, heard: Mode | None, *, is_news: bool) -> None:
    assert differs(written, heard) is is_news


def test_only_a_uniqueid_becomes_an_extension() -> None:
    assert names.checked_uniqueid("1772424000.12") == "1772424000.12"
    for text in ("", "1.1,1", "a b", "x" * 81, "1\r\nAction: Logoff", "${EXTEN}"):
        with pytest.raises(ValueError, match="no Uniqueid"):
            names.checked_uniqueid(text)


def test_events_say_which_room_and_which_ear() -> None:
    leg = {"Uniqueid": "1.2", "Channel": "PJSIP/desk-01-00000002", "BridgeUniqueid": "b", "BridgeName": "1.1"}
    for creator, room in (("ConfBridge", "1.1"), ("<unknown>", "")):
        event = parse_event({"Event": "BridgeEnter", "BridgeCreator": creator, **leg})
        assert isinstance(event, BridgeEnter)
        assert event.room == room
    event = parse_event({"Event": "ChanSpyStart", "SpyerUniqueid": "hcrm-ear-1", "SpyeeUniqueid": "1.2"})
    assert isinstance(event, ChanSpyStart)
    assert event.spyer.uniqueid == "hcrm-ear-1"
