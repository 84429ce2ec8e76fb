"""Which alphabet, how many segments, and no character cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import gsm7
from sms.segments import (
    Alphabet,
    Segment,
    TextTooLongError,
    UnsendableTextError,
    size,
    split,
    text_of,
    units_per_segment,
)

pytestmark = pytest.mark.unit

GSM_CHARS = gsm7.BASIC.replace("\x1b", "") + "".join(gsm7.EXTENSION.values())
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=600)


def joined(segments: tuple[Segment, ...]) -> str:
    return text_of(segments[0].alphabet, b"".join(segment.payload for segment in segments))


@pytest.mark.parametrize(
    ("text", "alphabet", "segments"),
    [
        ("", Alphabet.GSM7, 1),
        ("a" * 160, Alphabet.GSM7, 1),
        ("a" * 161, Alphabet.GSM7, 2),
        ("a" * 306, Alphabet.GSM7, 2),
        ("a" * 307, Alphabet.GSM7, 3),
        ("€" * 80, Alphabet.GSM7, 1),
        ("€" * 81, Alphabet.GSM7, 2),
        ("约" * 70, Alphabet.UCS2, 1),
        ("约" * 71, Alphabet.UCS2, 2),
        ("约" * 134, Alphabet.UCS2, 2),
        ("约" * 135, Alphabet.UCS2, 3),
        ("😀" * 35, Alphabet.UCS2, 1),
        ("𠮷" * 36, Alphabet.UCS2, 2),
    ],
)
def test_a_text_costs_what_the_network_charges(text: str, alphabet: Alphabet, segments: int) -> None:
    assert (size(text).alphabet, size(text).segments) == (alphabet, segments)


def test_an_emoji_at_the_border_moves_to_the_next_segment_whole() -> None:
    first, second = split("约" * 66 + "😀" + "约" * 20)
    assert text_of(Alphabet.UCS2, first.payload) == "约" * 66
    assert text_of(Alphabet.UCS2, second.payload) == "😀" + "约" * 20


def test_an_escape_pair_at_the_border_moves_to_the_next_segment_whole() -> None:
    first, second = split("a" * 152 + "€" + "a" * 40)
    assert (len(first.payload), gsm7.text_of(second.payload)[0]) == (152, "€")


@given(TEXT, st.booleans())
def test_any_text_survives_being_cut(text: str, wide: bool) -> None:
    segments = split(text, wide_reference=wide)
    room = units_per_segment(segments[0].alphabet, is_long=len(segments) > 1, wide_reference=wide)
    unit = 1 if segments[0].alphabet is Alphabet.GSM7 else 2
    assert joined(segments) == text
    assert all(len(segment.payload) <= room * unit for segment in segments)
    assert [segment.number for segment in segments] == list(range(1, segments[0].total + 1))
    assert all("\ufffd" not in text_of(segment.alphabet, segment.payload) or "\ufffd" in text for segment in segments)


@given(st.text(GSM_CHARS, max_size=400))
def test_the_gsm_alphabet_is_used_whenever_it_can_be(text: str) -> None:
    assert size(text).alphabet is Alphabet.GSM7
    assert joined(split(text)) == text


@given(st.binary(max_size=200), st.sampled_from(Alphabet))
def test_any_payload_becomes_text_the_database_keeps(payload: bytes, alphabet: Alphabet) -> None:
    text = text_of(alphabet, payload)
    assert "\0" not in text
    text.encode("utf-8")


@given(st.binary(max_size=160).map(lambda data: bytes(code & 0x7F for code in data)), st.integers(0, 6))
def test_septets_survive_packing(septets: bytes, fill_bits: int) -> None:
    packed = gsm7.pack(septets, fill_bits=fill_bits)
    assert gsm7.unpack(packed, len(septets), fill_bits=fill_bits) == septets


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnsendableTextError):
        split("约\ud83d")


def test_more_segments_than_a_header_counts_are_refused() -> None:
    with pytest.raises(TextTooLongError):
        split("约" * 67 * 256)
