"""How a text travels: which alphabet, how many segments, where it may be cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sms import gsm7

HEADER_BYTES = {False: 6, True: 7}  # concatenation header with an 8 or a 16 bit reference, its length byte included
USER_DATA_BYTES = 140
MAX_SEGMENTS = 255  # what the header can count


class Alphabet(StrEnum):
    """How user data is written. `DATA` is 8 bit: bytes whose meaning nobody states."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"
    DATA = "data"


class TextTooLongError(ValueError):
    """More than 255 segments."""


class UnsendableTextError(ValueError):
    """Holds half a surrogate pair: not text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One message of the network. `payload` is one byte per septet (GSM-7) or UTF-16BE (UCS-2)."""

    number: int  # from 1
    total: int
    alphabet: Alphabet
    payload: bytes


@dataclass(frozen=True, slots=True)
class Size:
    """What a text will cost. `units` are septets or UTF-16 code units; `room` is what fits into these segments."""

    alphabet: Alphabet
    units: int
    segments: int
    room: int


def alphabet_of(text: str) -> Alphabet:
    """GSM-7 when every character is in it, else UCS-2."""
    return Alphabet.GSM7 if all(gsm7.septets_of(char) for char in text) else Alphabet.UCS2


def units_per_segment(alphabet: Alphabet, *, is_long: bool, wide_reference: bool = False) -> int:
    """160 or 153 (152 with a 16 bit reference) septets, 70 or 67 (66) UTF-16 units."""
    free = USER_DATA_BYTES - (HEADER_BYTES[wide_reference] if is_long else 0)
    return free * 8 // 7 if alphabet is Alphabet.GSM7 else free // 2


def split(text: str, *, wide_reference: bool = False) -> tuple[Segment, ...]:
    """Cut between characters only: no escape pair and no surrogate pair is ever split.

    An empty text is one empty segment. Raises TextTooLongError, UnsendableTextError.
    """
    alphabet = alphabet_of(text)
    chunks = _encoded(text, alphabet)
    short = units_per_segment(alphabet, is_long=False)
    per_unit = 1 if alphabet is Alphabet.GSM7 else 2
    if sum(map(len, chunks)) <= short * per_unit:
        return (Segment(1, 1, alphabet, b"".join(chunks)),)
    room = units_per_segment(alphabet, is_long=True, wide_reference=wide_reference) * per_unit
    payloads = tuple(_filled(chunks, room))
    if len(payloads) > MAX_SEGMENTS:
        raise TextTooLongError("more than 255 segments")
    return tuple(Segment(number, len(payloads), alphabet, body) for number, body in enumerate(payloads, start=1))


def size(text: str) -> Size:
    """For counting while somebody types. Raises like `split`."""
    parts = split(text)
    alphabet = parts[0].alphabet
    units = sum(len(part.payload) for part in parts) // (1 if alphabet is Alphabet.GSM7 else 2)
    return Size(alphabet, units, len(parts), len(parts) * units_per_segment(alphabet, is_long=len(parts) > 1))


def text_of(alphabet: Alphabet, payload: bytes) -> str:
    """Any payload becomes text a database can keep: broken UTF-16 shows as U+FFFD, NUL disappears."""
    match alphabet:
        case Alphabet.GSM7:
            text = gsm7.text_of(payload)
        case Alphabet.UCS2:
            text = payload.decode("utf-16-be", errors="replace")
        case Alphabet.DATA:
            text = _text_of_data(payload)
    return text.replace("\0", "")


def _text_of_data(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def _encoded(text: str, alphabet: Alphabet) -> list[bytes]:
    """One entry per character: what must stay together."""
    if alphabet is Alphabet.GSM7:
        return [gsm7.septets_of(char) or b"" for char in text]
    try:
        return [char.encode("utf-16-be") for char in text]
    except UnicodeEncodeError:
        raise UnsendableTextError("half a surrogate pair") from None


def _filled(chunks: list[bytes], room: int) -> Iterator[bytes]:
    body = bytearray()
    for chunk in chunks:
        if len(body) + len(chunk) > room:
            yield bytes(body)
            body.clear()
        body += chunk
    yield bytes(body)
