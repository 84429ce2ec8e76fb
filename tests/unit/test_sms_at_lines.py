"""What a modem's bytes mean, in any pieces and with any noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.at_lines import LONGEST_LINE, AtParser, Prompt, Reply, Signal, Unsolicited

pytestmark = pytest.mark.unit


def heard(data: bytes, command: str = "AT", *, prefix: str = "", prompt: bool = False) -> list[Signal]:
    parser = AtParser()
    parser.begin(command, reply_prefix=prefix, awaits_prompt=prompt)
    return parser.feed(data)


@pytest.mark.parametrize("final", ["OK", "ERROR", "+CMS ERROR: 38", "+CME ERROR: SIM not inserted", "NO CARRIER"])
def test_a_final_result_ends_a_reply(final: str) -> None:
    assert heard(f"\r\n{final}\r\n".encode()) == [Reply(final, ())]


def test_ok_see_you_does_not_end_a_reply() -> None:
    assert heard(b"\r\nOK, see you\r\n\r\nOK\r\n") == [Reply("OK", ("OK, see you",))]


@pytest.mark.parametrize("echo", [b"", b"AT+CGMM\r"])
def test_echo_on_or_off_is_the_same(echo: bytes) -> None:
    assert heard(echo + b"\r\nE1750\r\n\r\nOK\r\n", "AT+CGMM") == [Reply("OK", ("E1750",))]


def test_a_new_message_announced_amid_a_reply_is_kept() -> None:
    data = b'\r\n+CSQ: 20,99\r\n\r\n+CMTI: "SM",3\r\n\r\nOK\r\n'
    assert heard(data, "AT+CSQ", prefix="+CSQ:") == [Unsolicited('+CMTI: "SM",3'), Reply("OK", ("+CSQ: 20,99",))]


def test_a_delivery_report_amid_a_listing_is_kept_and_the_listing_is_whole() -> None:
    data = b"+CMGL: 1,0,,20\r\n+CDS: 25\r\n0006AABB\r\n07911234\r\nOK\r\n"
    assert heard(data, "AT+CMGL=4") == [
        Unsolicited("+CDS: 25", "0006AABB"),
        Reply("OK", ("+CMGL: 1,0,,20", "07911234")),
    ]


def test_a_report_whose_pdu_was_lost_does_not_swallow_the_reply() -> None:
    assert heard(b"+CDS: 25\r\nOK\r\n") == [Unsolicited("+CDS: 25"), Reply("OK", ())]


def test_registration_is_a_reply_when_asked_for_and_unsolicited_otherwise() -> None:
    assert heard(b"+CREG: 0,1\r\nOK\r\n", "AT+CREG?", prefix="+CREG:") == [Reply("OK", ("+CREG: 0,1",))]
    assert heard(b"+CREG: 1\r\nOK\r\n") == [Unsolicited("+CREG: 1"), Reply("OK", ())]


def test_lines_nobody_asked_for_are_kept_without_a_command() -> None:
    assert AtParser().feed(b'RING\r\n^RSSI:20\r\n+CMTI: "ME",1\r\n') == [
        Unsolicited("RING"),
        Unsolicited("^RSSI:20"),
        Unsolicited('+CMTI: "ME",1'),
    ]


def test_the_prompt_has_no_line_end() -> None:
    assert heard(b"AT+CMGS=20\r\r\n> ", "AT+CMGS=20", prompt=True) == [Prompt()]


def test_a_prompt_with_something_right_behind_it_is_a_prompt() -> None:
    data = b'\r\n> \r\n+CMTI: "SM",1\r\n'
    assert heard(data, "AT+CMGS=20", prompt=True) == [Prompt(), Unsolicited('+CMTI: "SM",1')]


def test_the_echo_of_the_pdu_is_no_reply() -> None:
    parser = AtParser()
    parser.begin("AT+CMGS=20", awaits_prompt=True)
    assert parser.feed(b"\r\n> ") == [Prompt()]
    parser.payload_sent("0011AABB")
    assert parser.feed(b"0011AABB\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n") == [Reply("OK", ("+CMGS: 7",))]


def test_a_refusal_instead_of_the_prompt_is_a_reply() -> None:
    assert heard(b"\r\n+CMS ERROR: 302\r\n", prompt=True) == [Reply("+CMS ERROR: 302", ())]


def test_an_answer_that_comes_too_late_is_nobodys() -> None:
    parser = AtParser()
    assert parser.feed(b"\r\nOK\r\n") == []


def test_a_line_without_end_does_not_eat_the_memory() -> None:
    parser = AtParser()
    parser.begin("AT")
    for _ in range(1000):
        parser.feed(b"\xff" * 1000)
    (reply,) = parser.feed(b"\r\nOK\r\n")
    assert isinstance(reply, Reply)
    assert sum(map(len, reply.lines)) <= LONGEST_LINE


@given(st.binary(max_size=300))
def test_after_any_noise_the_modem_is_understood_again(noise: bytes) -> None:
    parser = AtParser()
    parser.feed(noise + b"\r\n\r\n")
    parser.begin("AT+CSQ")
    parser.feed(b"\r\n")
    assert parser.feed(b"+CSQ: 9,99\r\nOK\r\n")[-1] == Reply("OK", ("+CSQ: 9,99",))


@given(st.lists(st.integers(1, 7), max_size=40))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    data = b'AT+CMGL=4\r\r\n+CMGL: 1,0,,20\r\n0791AB\r\n+CMTI: "SM",2\r\n+CDS: 5\r\n0006AA\r\nOK\r\n'
    whole = heard(data, "AT+CMGL=4")
    parser = AtParser()
    parser.begin("AT+CMGL=4")
    signals: list[Signal] = []
    for cut in [*cuts, len(data)]:
        signals += parser.feed(data[:cut])
        data = data[cut:]
    assert signals == whole
