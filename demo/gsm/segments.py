"""A telephone's side of long messages: cuts a text into segments, puts what arrived together again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from demo.gsm import alphabet
from demo.gsm.pdu import Alphabet, UserData, text_of

SINGLE = {Alphabet.GSM7: 160, Alphabet.UCS2: 70}
MOST_SEGMENTS = 255
DUPLICATE_WITHIN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment belongs: (reference, total, number), counted from 1."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One segment as a telephone got it."""

    sender: str
    at: datetime
    data: UserData


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message; `at` is when its last missing segment came."""

    sender: str
    text: str
    at: datetime


def coding_of(text: str) -> Alphabet:
    """The cheapest alphabet that holds every character."""
    return Alphabet.GSM7 if alphabet.fits(text) else Alphabet.UCS2


def cut(text: str, *, reference: int, wide: bool = False) -> list[UserData]:
    """One segment or several; a surrogate pair or an escaped character is never cut. `wide`: 16 bit reference.

    Raises ValueError when more than 255 segments were needed.
    """
    coding = coding_of(text)
    units = [_unit(char, coding) for char in text]
    size = 1 if coding is Alphabet.GSM7 else 2
    if sum(len(unit) for unit in units) // size <= SINGLE[coding]:
        return [UserData(coding, b"", b"".join(units))]
    limit = (152 if wide else 153) if coding is Alphabet.GSM7 else (132 if wide else 134)
    bodies = _fill(units, limit)
    if len(bodies) > MOST_SEGMENTS:
        raise ValueError("text too long for 255 segments")
    return [
        UserData(coding, _header(Place(reference, len(bodies), number), wide=wide), body)
        for number, body in enumerate(bodies, 1)
    ]


def _unit(char: str, coding: Alphabet) -> bytes:
    return bytes(alphabet.septets(char)) if coding is Alphabet.GSM7 else char.encode("utf-16-be", errors="replace")


def _fill(units: Iterable[bytes], limit: int) -> list[bytes]:
    bodies = [b""]
    for unit in units:
        if len(bodies[-1]) + len(unit) > limit:
            bodies.append(b"")
        bodies[-1] += unit
    return bodies


def _header(place: Place, *, wide: bool) -> bytes:
    tail = bytes([place.total, place.number])
    if wide:
        return b"\x08\x04" + place.reference.to_bytes(2, "big") + tail
    return bytes([0x00, 0x03, place.reference & 0xFF]) + tail


def place_of(header: bytes) -> Place | None:
    """None for a message that stands alone or a header that contradicts itself."""
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if (kind, length, len(value)) in {(0x00, 3, 3), (0x08, 4, 4)}:
            total, number = value[-2:]
            return Place(int.from_bytes(value[:-2], "big"), total, number) if 1 <= number <= total else None
        at += 2 + length
    return None


def whole_messages(arrivals: Sequence[Arrival]) -> list[Message]:
    """Complete messages in the order they became complete; a segment that came twice counts once."""
    done: list[Message] = []
    open_parts: dict[tuple[str, int, int], dict[int, Arrival]] = {}
    closed: dict[tuple[str, int, int], tuple[datetime, dict[int, Arrival]]] = {}
    for arrival in arrivals:
        place = place_of(arrival.data.header)
        if place is None or place.total == 1:
            done.append(Message(arrival.sender, text_of(arrival.data), arrival.at))
            continue
        key = (arrival.sender, place.reference, place.total)
        if _is_repeat(closed.get(key), place, arrival):
            continue
        parts = open_parts.setdefault(key, {})
        parts.setdefault(place.number, arrival)
        if len(parts) == place.total:
            done.append(_join(open_parts.pop(key)))
            closed[key] = (arrival.at, parts)
    return done


def _is_repeat(closed: tuple[datetime, dict[int, Arrival]] | None, place: Place, arrival: Arrival) -> bool:
    if closed is None or (arrival.at - closed[0]).total_seconds() > DUPLICATE_WITHIN_S:
        return False
    return closed[1][place.number].data == arrival.data


def _join(parts: dict[int, Arrival]) -> Message:
    """Bodies first, then the text: a sender that cut a surrogate pair in two is still read."""
    ordered = [parts[number] for number in sorted(parts)]
    body = b"".join(part.data.body for part in ordered)
    last = max(part.at for part in ordered)
    return Message(ordered[0].sender, text_of(UserData(ordered[0].data.alphabet, b"", body)), last)
