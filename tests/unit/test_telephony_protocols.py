"""The words Asterisk and we exchange: AGI blocks, replies and commands, AMI events, orders to call."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel.ids import Linkedid, Uniqueid
from telephony import names
from telephony.agi_protocol import AgiReply, checked_name, command_line, parse_reply, parse_request, quoted
from telephony.ami_events import (
    AgentCalled,
    AttendedTransfer,
    Channel,
    DialBegin,
    Hangup,
    NewCallerid,
    channel_of,
    parse_event,
)
from telephony.errors import AgiProtocolError
from telephony.originate import CallResult, Originate, call_result

pytestmark = pytest.mark.unit

BLOCK = """agi_network: yes
agi_network_script: hotline?a=1
agi_request: agi://127.0.0.1:4573/hotline?a=1
agi_channel: PJSIP/carrier-00000001
agi_language: zh_CN
agi_uniqueid: 1795300155.0
agi_callerid: 13800138000
agi_calleridname: 张三丰: the elder
agi_dnid: 4000
agi_extension: s
agi_arg_1: 1795300150.7

"""


def test_the_block_asterisk_sends_first_becomes_a_request() -> None:
    request = parse_request(BLOCK.encode())
    assert (request.path, request.caller, request.did) == ("hotline", "13800138000", "4000")
    assert (request.uniqueid, request.linkedid) == ("1795300155.0", "1795300150.7")
    assert (request.args, request.query) == (("1795300150.7",), {"a": "1"})
    assert "13800138000" not in repr(request)


def test_a_withheld_number_is_an_empty_one() -> None:
    assert parse_request(BLOCK.replace("13800138000", "unknown").encode()).caller == ""


@pytest.mark.parametrize(
    "block",
    [b"", b"\n\n", b"GET / HTTP/1.1\r\n\r\n", b"agi_request: agi://x/y\n\n", b"agi_request\n\n", b"\xff\xfe\n\n",
     b"agi_request: agi://[/x\nagi_uniqueid: 1\n\n", b"agi_uniqueid: " + b"1" * 5000 + b"\n\n"],
)  # fmt: skip
def test_what_is_no_agi_block_is_refused(block: bytes) -> None:
    with pytest.raises(AgiProtocolError):
        parse_request(block)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(block: bytes) -> None:
    with suppress(AgiProtocolError):
        parse_request(block)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", AgiReply(200, "0")),
        ("200 result=-1 endpos=11520", AgiReply(200, "-1", None, 11520)),
        ("200 result=1 (Alice B. Smith)", AgiReply(200, "1", "Alice B. Smith")),
        ("200 result=1 (a (b) endpos=3) endpos=8", AgiReply(200, "1", "a (b) endpos=3", 8)),
        ("200 result=1 ()", AgiReply(200, "1", "")),
        ("200 result= (timeout)", AgiReply(200, "", "timeout")),
        ("200 result=12# (timeout)", AgiReply(200, "12#", "timeout")),
        ("200 result=53 (dtmf) endpos=4000", AgiReply(200, "53", "dtmf", 4000)),
        ("510 Invalid or unknown command", AgiReply(510, "", "Invalid or unknown command")),
        ("511 Command Not Permitted on a dead channel", AgiReply(511, "", "Command Not Permitted on a dead channel")),
        ("520 End of proper usage.", AgiReply(520, "", "End of proper usage.")),
    ],
)
def test_replies_are_typed(line: str, reply: AgiReply) -> None:
    assert parse_reply(line) == reply


@pytest.mark.parametrize("line", ["", "200", "200 OK", "HANGUP", "20 result=0", "２００ result=0", "result=0"])
def test_what_is_no_reply_is_refused(line: str) -> None:
    with pytest.raises(AgiProtocolError):
        parse_reply(line)


def test_a_command_is_one_line_whatever_it_carries() -> None:
    assert (
        command_line("SET VARIABLE", "A", 'say "hi" \\ 你好') == 'SET VARIABLE "A" "say \\"hi\\" \\\\ 你好"\n'.encode()
    )
    for value in ("a\nHANGUP", "a\rb", "a\0b"):
        with pytest.raises(ValueError, match="line break"):
            quoted(value)
    with pytest.raises(ValueError, match="too long"):
        command_line("SET VARIABLE", "A", "长" * 800)


def test_only_names_of_variables_and_functions_are_names() -> None:
    assert checked_name("HCRM_NEXT") == "HCRM_NEXT"
    assert checked_name("CHANNEL(language)") == "CHANNEL(language)"
    for name in ("", "A B", "${SHELL(id)}", "SHELL(rm -rf /)", "A)", "A(b)c", "1A"):
        with pytest.raises(ValueError, match="name"):
            checked_name(name)


LEG = {"Channel": "PJSIP/carrier-00000000", "Uniqueid": "1.0", "Linkedid": "1.0", "ChannelState": "4", "Context": "c"}
LEG |= {"Exten": "4000", "CallerIDNum": "13800138000", "ConnectedLineNum": "<unknown>"}
CARRIER = Channel(
    name="PJSIP/carrier-00000000",
    uniqueid=Uniqueid("1.0"),
    linkedid=Linkedid("1.0"),
    state=4,
    context="c",
    extension="4000",
    number="13800138000",
)
DESK = Channel(name="PJSIP/desk-01-00000001", uniqueid=Uniqueid("1.1"), linkedid=Linkedid("1.0"), state=5)


def under(prefix: str, headers: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}{name}": value for name, value in headers.items()}


DESK_HEADERS = {"Channel": "PJSIP/desk-01-00000001", "Uniqueid": "1.1", "Linkedid": "1.0", "ChannelState": "5"}


ENV_LINES = st.sampled_from([b"agi_request: ", b"agi_uniqueid: ", b"agi_arg_1: ", b"agi_callerid: ", b"x: ", b""])


@given(st.lists(st.tuples(ENV_LINES, st.binary(max_size=200) | st.from_regex(rb"agi://[^\n]*\?[^\n]*"))))
def test_an_introduction_is_one_or_is_refused(lines: list[tuple[bytes, bytes]]) -> None:
    block = b"\n".join(name + value for name, value in lines) + b"\n\n"
    try:
        request = parse_request(block)
    except AgiProtocolError:
        return
    assert request.uniqueid
    assert request.linkedid
    assert len(request.query) <= 50


def test_events_name_their_legs() -> None:
    assert parse_event({"Event": "NewCallerid"} | LEG) == NewCallerid(CARRIER)
    assert parse_event({"Event": "Hangup", "Cause": "17", "Cause-txt": "User busy"} | LEG) == Hangup(
        CARRIER, 17, "User busy"
    )
    both = LEG | under("Dest", DESK_HEADERS)
    assert parse_event({"Event": "DialBegin", "DialString": "desk-01"} | both) == DialBegin(CARRIER, DESK, "desk-01")
    assert parse_event({"Event": "DialBegin"} | under("Dest", DESK_HEADERS)) == DialBegin(None, DESK, "")
    called = {"Event": "AgentCalled", "Queue": "operators", "Interface": "PJSIP/desk-01"}
    assert parse_event(called | both) == AgentCalled("operators", "PJSIP/desk-01", CARRIER, DESK)


def test_an_attended_transfer_names_four_legs_or_fewer() -> None:
    headers = {"Event": "AttendedTransfer", "Result": "Success"}
    headers |= under("OrigTransferer", DESK_HEADERS) | under("SecondTransferer", DESK_HEADERS)
    assert parse_event(headers) == AttendedTransfer(True, DESK, DESK, None, None)
    whole = headers | under("Transferee", LEG) | under("TransferTarget", DESK_HEADERS)
    assert parse_event(whole) == AttendedTransfer(True, DESK, DESK, CARRIER, DESK)


def test_events_nobody_reads_and_broken_ones_are_nothing() -> None:
    assert parse_event({"Event": "RTCPSent"}) is None
    assert parse_event({"Event": "Hangup", "Cause": "16"}) is None
    assert parse_event({}) is None
    assert channel_of({"ChannelState": "x", "Uniqueid": "1"}) is not None


def test_numbers_of_callers_are_never_printed() -> None:
    assert "13800138000" not in repr(parse_event({"Event": "NewCallerid"} | LEG))


@pytest.mark.parametrize("number", ["", "138;x", "１３８", "1&PJSIP/x", "1" * 21, "+", "1-2"])
def test_only_digits_are_dialled(number: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        names.carrier_interface(number)


def test_desks_are_known_by_their_channels() -> None:
    assert names.desk_of("PJSIP/desk-07-0000002a") == names.desk_of("PJSIP/desk-07") == "desk-07"
    assert names.desk_of("PJSIP/desk-41-0000002a") is None
    assert names.desk_of("PJSIP/carrier-0000002a") is names.desk_of("Local/desk-07@x-1;1") is None
    with pytest.raises(ValueError, match="desk"):
        names.desk_interface("desk-41")


def test_a_variable_of_an_order_cannot_become_two() -> None:
    order = Originate(interface="PJSIP/1@carrier", context="reminder", variables={"HCRM_ATTEMPT_ID": "7"})
    assert order.headers()["Variable"] == ["HCRM_ATTEMPT_ID=7"]
    for name, value in (("A", "1,B=2"), ("A=1", "2"), ("A", 'x"'), ("A", "\\")):
        with pytest.raises(ValueError, match="variable"):
            Originate(interface="x", context="c", variables={name: value}).headers()


def test_the_network_says_what_became_of_a_call() -> None:
    assert call_result(is_success=True, reason=4, cause=None) is CallResult.ANSWERED
    assert call_result(is_success=False, reason=3, cause=None) is CallResult.NO_ANSWER
    assert call_result(is_success=False, reason=0, cause=17) is CallResult.BUSY
    assert call_result(is_success=False, reason=0, cause=None) is CallResult.FAILED
