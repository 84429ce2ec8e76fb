"""The simulated network's own PDU coder, against octets written by other programs and the examples of the standards."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.gsm import alphabet, pdu
from demo.gsm.pdu import Alphabet, BadPduError, UserData
from demo.gsm.segments import Arrival, cut, place_of, whole_messages

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GSM7_TEXT = st.text(alphabet="abcXYZ 0123@£ÄÖñ\n€{}[]~|^\\", max_size=500)
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=400)


def joined(parts: list[UserData]) -> list[str]:
    arrivals = [Arrival("+8613800138000", NOON, part) for part in parts]
    return [message.text for message in whole_messages(arrivals)]


def test_hellohello_packs_as_in_every_textbook() -> None:
    packed = alphabet.pack(alphabet.to_septets("hellohello"))
    assert packed.hex().upper() == "E8329BFD4697D9EC37"
    assert alphabet.from_septets(alphabet.unpack(packed, 10)) == "hellohello"


def test_a_submit_that_gammu_wrote_is_read() -> None:
    octets = bytes.fromhex("0031000B813108108300F00008A70498847EA6")
    centre, tpdu = pdu.split_service_centre(octets)
    submit = pdu.decode_submit(tpdu, now=NOON)
    assert centre == b"\0"
    assert (submit.to, submit.wants_report, submit.validity_s) == ("13800138000", True, 86_400.0)
    assert pdu.text_of(submit.data) == "预约"


def test_numbers_and_names_are_addresses() -> None:
    assert pdu.encode_address("+8613800138000").hex().upper() == "0D91683108108300F0"
    assert pdu.encode_address("10086").hex().upper() == "05810180F6"
    assert pdu.encode_address("CMCC").hex().upper() == "07D0C3E67008"


@pytest.mark.parametrize(
    ("value", "seconds"), [(0, 300), (143, 43_200), (144, 45_000), (167, 86_400), (168, 172_800), (197, 3_024_000)]
)
def test_validity_follows_the_table_of_23_040(value: int, seconds: int) -> None:
    data = UserData(Alphabet.GSM7, b"", b"A")
    tpdu = pdu.encode_submit("+8613800138000", data, dcs=0, first=0x11, validity=value)
    assert pdu.decode_submit(tpdu, now=NOON).validity_s == seconds


def test_an_absolute_validity_counts_from_now() -> None:
    until = pdu.encode_time(NOON + timedelta(hours=3))
    tpdu = b"\x19\x00" + pdu.encode_address("+8613800138000") + b"\0\0" + until + b"\x01\x41"
    assert pdu.decode_submit(tpdu, now=NOON).validity_s == 3 * 3600
    assert pdu.decode_time(until) == NOON + timedelta(hours=3)


@pytest.mark.parametrize("octets", ["", "01", "0100", "01000B91", "01000D91683108108300F000000541", "00000D91"])
def test_a_broken_submit_is_an_error_not_a_crash(octets: str) -> None:
    with pytest.raises(BadPduError):
        pdu.decode_submit(bytes.fromhex(octets), now=NOON)


@given(st.binary(max_size=180))
def test_no_octets_crash_the_coder(octets: bytes) -> None:
    for read in (pdu.show, lambda tpdu: pdu.decode_submit(tpdu, now=NOON)):
        try:
            read(octets)
        except BadPduError:
            continue


@given(GSM7_TEXT | ANY_TEXT, st.booleans())
def test_any_text_comes_back_from_its_segments(text: str, wide: bool) -> None:
    parts = cut(text, reference=7, wide=wide)
    through_the_air = []
    for part in parts:
        tpdu = pdu.encode_submit(
            "+8613800138000", part, dcs=8 if part.alphabet is Alphabet.UCS2 else 0, first=0x11, validity=0
        )
        assert len(pdu.encode_user_data(part)) <= 141
        through_the_air.append(pdu.decode_submit(tpdu, now=NOON).data)
    twice = through_the_air[::-1] + through_the_air if len(parts) > 1 else through_the_air
    assert joined(twice) == [text]


def test_seventy_units_are_one_segment_and_seventy_one_are_two() -> None:
    assert len(cut("约" * 70, reference=1)) == 1
    assert len(cut("约" * 71, reference=1)) == 2
    assert len(cut("a" * 160, reference=1)) == 1
    assert len(cut("a" * 159 + "€", reference=1)) == 2


def test_no_character_is_cut_in_two() -> None:
    parts = cut("约" * 66 + "𠮷" * 40, reference=1)
    assert all(len(part.body) <= 134 for part in parts)
    assert all("\ufffd" not in pdu.text_of(part) for part in parts)


def test_a_header_that_contradicts_itself_makes_no_long_message() -> None:
    assert place_of(bytes.fromhex("0003010300")) is None
    assert place_of(bytes.fromhex("0003010304")) is None
    assert place_of(bytes.fromhex("0504158A158A")) is None
    assert place_of(bytes.fromhex("05040B8423F00003010302")) is not None


def test_the_same_long_text_sent_again_later_is_a_second_message() -> None:
    parts = cut("约" * 100, reference=1)
    later = [Arrival("1", NOON + timedelta(hours=2), part) for part in parts]
    arrivals = [Arrival("1", NOON, part) for part in parts] + later
    assert len(whole_messages(arrivals)) == 2
