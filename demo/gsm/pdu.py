"""TPDUs of 3GPP TS 23.040 as the network sees them: reads SMS-SUBMIT, writes SMS-DELIVER and SMS-STATUS-REPORT."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

from demo.gsm import alphabet

HOSPITAL_ZONE = timezone(timedelta(hours=8))
DEFAULT_VALIDITY_S = 3 * 86_400.0
BCD = "0123456789*#abc"


class BadPduError(ValueError):
    """Octets that are not what they say they are. The message has no content of the PDU in it."""


class Alphabet(Enum):
    """How the user data is coded; the rest of the DCS does not change the text."""

    GSM7 = "gsm7"
    OCTETS = "octets"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class UserData:
    """`header` without its length octet; `body` is plain: one septet per octet for GSM7, else octets as sent."""

    alphabet: Alphabet
    header: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Submit:
    """A message a modem gave to the network."""

    to: str
    reference: int
    wants_report: bool
    validity_s: float
    dcs: int
    data: UserData


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        piece = self._octets[self._at : self._at + count]
        if len(piece) < count:
            raise BadPduError("the PDU ends too early")
        self._at += count
        return piece

    def octet(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        return self._octets[self._at :]


def alphabet_of(dcs: int) -> Alphabet:
    """23.038, section 4; reserved values count as the default alphabet."""
    group = dcs >> 4
    if group <= 0x7:
        return {0b00: Alphabet.GSM7, 0b01: Alphabet.OCTETS, 0b10: Alphabet.UCS2, 0b11: Alphabet.GSM7}[(dcs >> 2) & 0b11]
    if group == 0xE:
        return Alphabet.UCS2
    if group == 0xF and dcs & 0b100:
        return Alphabet.OCTETS
    return Alphabet.GSM7


def message_class(dcs: int) -> int | None:
    """0 shown at once, 2 for the SIM ... or None."""
    if dcs >> 4 == 0xF or (dcs >> 4 <= 0x7 and dcs & 0x10):
        return dcs & 0b11
    return None


def text_of(data: UserData) -> str:
    """Never raises: half a surrogate pair or an odd octet shows as U+FFFD."""
    match data.alphabet:
        case Alphabet.GSM7:
            return alphabet.from_septets(list(data.body))
        case Alphabet.UCS2:
            return data.body.decode("utf-16-be", errors="replace")
        case Alphabet.OCTETS:
            return data.body.decode("latin-1")


def split_service_centre(octets: bytes) -> tuple[bytes, bytes]:
    """The SMSC address an AT modem wants in front of each PDU, and the TPDU."""
    if not octets or octets[0] > 12 or len(octets) < octets[0] + 1:
        raise BadPduError("no service centre address")
    cut = octets[0] + 1
    return octets[:cut], octets[cut:]


def decode_submit(tpdu: bytes, *, now: datetime) -> Submit:
    """`now` makes a length of an absolute validity period. Raises BadPduError."""
    reader = _Reader(tpdu)
    first = reader.octet()
    if first & 0b11 != 0b01:
        raise BadPduError("not an SMS-SUBMIT")
    reference = reader.octet()
    to = _read_address(reader)
    reader.octet()  # protocol identifier
    dcs = reader.octet()
    validity_s = _read_validity(reader, (first >> 3) & 0b11, now)
    data = _read_user_data(reader, dcs, has_header=bool(first & 0x40))
    return Submit(to, reference, bool(first & 0x20), validity_s, dcs, data)


def _read_address(reader: _Reader) -> str:
    digits, kind = reader.octet(), reader.octet()
    if digits > 20:
        raise BadPduError("address too long")
    octets = reader.take((digits + 1) // 2)
    if (kind >> 4) & 0b111 == 0b101:
        return alphabet.from_septets(alphabet.unpack(octets, digits * 4 // 7))
    nibbles = [nibble for octet in octets for nibble in (octet & 0xF, octet >> 4)][:digits]
    if any(nibble >= len(BCD) for nibble in nibbles) or not nibbles:
        raise BadPduError("address is no number")
    return ("+" if (kind >> 4) & 0b111 == 0b001 else "") + "".join(BCD[nibble] for nibble in nibbles)


def _read_validity(reader: _Reader, form: int, now: datetime) -> float:
    if form == 0b00:
        return DEFAULT_VALIDITY_S
    if form == 0b10:
        return _relative_validity_s(reader.octet())
    octets = reader.take(7)
    if form == 0b01:  # enhanced: only its two common forms
        return {0b001: _relative_validity_s(octets[1]), 0b010: float(octets[1])}.get(
            octets[0] & 0b111, DEFAULT_VALIDITY_S
        )
    return max(0.0, (decode_time(octets) - now).total_seconds())


def _relative_validity_s(value: int) -> float:
    if value <= 143:
        return (value + 1) * 300.0
    if value <= 167:
        return 43_200.0 + (value - 143) * 1_800.0
    return (value - 166) * 86_400.0 if value <= 196 else (value - 192) * 604_800.0


def _read_user_data(reader: _Reader, dcs: int, *, has_header: bool) -> UserData:
    length = reader.octet()
    coding = alphabet_of(dcs)
    size = (length * 7 + 7) // 8 if coding is Alphabet.GSM7 else length
    octets = reader.take(size)
    if size > 140 or reader.rest():
        raise BadPduError("user data of the wrong length")
    header = b""
    if has_header:
        if not octets or octets[0] >= len(octets):
            raise BadPduError("user data header of the wrong length")
        header = octets[1 : 1 + octets[0]]
    skip = len(header) + 1 if has_header else 0
    if coding is not Alphabet.GSM7:
        return UserData(coding, header, octets[skip:])
    gone = (skip * 8 + 6) // 7
    codes = alphabet.unpack(octets[skip:], length - gone, fill_bits=gone * 7 - skip * 8)
    return UserData(coding, header, bytes(codes))


def encode_address(number: str) -> bytes:
    """'+' is international, digits alone are unknown, anything else is a name of at most 11 characters."""
    digits = number.removeprefix("+")
    if digits and all(char in "0123456789*#" for char in digits):
        nibbles = [BCD.index(char) for char in digits] + [0xF] * (len(digits) % 2)
        octets = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
        return bytes([len(digits), 0x91 if number.startswith("+") else 0x81]) + octets
    octets = alphabet.pack(alphabet.to_septets(number[:11]))
    used = len(alphabet.to_septets(number[:11])) * 7
    return bytes([(used + 3) // 4, 0xD0]) + octets


def encode_service_centre(number: str) -> bytes:
    """As a modem writes it in front of a PDU: its length counts octets."""
    address = encode_address(number)[1:]
    return bytes([len(address)]) + address


def encode_user_data(data: UserData) -> bytes:
    """Length, header, body. The length counts septets for GSM7, octets otherwise."""
    header = bytes([len(data.header)]) + data.header if data.header else b""
    if data.alphabet is not Alphabet.GSM7:
        return bytes([len(header) + len(data.body)]) + header + data.body
    gone = (len(header) * 8 + 6) // 7
    body = alphabet.pack(list(data.body), fill_bits=gone * 7 - len(header) * 8)
    return bytes([gone + len(data.body)]) + header + body


def encode_deliver(sender: str, data: UserData, *, dcs: int, at: datetime, more: bool = False) -> bytes:
    """The TPDU of a message for the hospital's modem; `more` says that further ones wait."""
    first = (0x00 if more else 0x04) | (0x40 if data.header else 0x00)
    return bytes([first]) + encode_address(sender) + bytes([0, dcs]) + encode_time(at) + encode_user_data(data)


def encode_report(to: str, reference: int, *, accepted_at: datetime, done_at: datetime, status: int) -> bytes:
    """The TPDU of a delivery report. `status` is TP-ST: 0 delivered, 0x20.. still trying, 0x40.. given up."""
    times = encode_time(accepted_at) + encode_time(done_at)
    return bytes([0x06, reference]) + encode_address(to) + times + bytes([status])


def encode_submit(to: str, data: UserData, *, dcs: int, first: int, validity: int, reference: int = 0) -> bytes:
    """What a modem in text mode builds from a number and a text; `validity` in the relative form."""
    form = (first >> 3) & 0b11
    period = bytes([validity]) if form == 0b10 else b""
    kind = first & ~0x18 | (0x10 if period else 0)
    flags = kind | (0x40 if data.header else 0)
    return bytes([flags, reference]) + encode_address(to) + bytes([0, dcs]) + period + encode_user_data(data)


def encode_time(at: datetime) -> bytes:
    """Local time of the hospital in swapped digits, with the zone in quarters of an hour."""
    local = at.astimezone(HOSPITAL_ZONE)
    parts = (local.year % 100, local.month, local.day, local.hour, local.minute, local.second, 32)
    return bytes((part % 10) << 4 | part // 10 for part in parts)


def decode_time(octets: bytes) -> datetime:
    """Aware, in UTC. Raises BadPduError for impossible dates."""
    parts = [(octet & 0xF) * 10 + (octet >> 4) for octet in octets[:6]]
    quarters = (octets[6] & 0x7) * 10 + (octets[6] >> 4)
    offset = timedelta(minutes=15 * quarters) * (-1 if octets[6] & 0x8 else 1)
    try:
        local = datetime(2000 + parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=UTC)
    except ValueError:
        raise BadPduError("impossible time") from None
    return local - offset


@dataclass(frozen=True, slots=True)
class Shown:
    """What a modem in text mode shows of a stored PDU; `at` is the SMSC's time, '' for a message not sent yet."""

    kind: int  # message type indicator: 0 deliver, 1 submit, 2 status report
    number: str
    reference: int
    at: str
    done_at: str
    status: int
    first: int
    dcs: int
    data: UserData


def show(tpdu: bytes) -> Shown:
    """Any of the three kinds. Raises BadPduError."""
    reader = _Reader(tpdu)
    first = reader.octet()
    kind = first & 0b11
    reference = reader.octet() if kind else 0
    number = _read_address(reader)
    nothing = UserData(Alphabet.GSM7, b"", b"")
    if kind == 0b10:
        at, done = _time_text(reader.take(7)), _time_text(reader.take(7))
        return Shown(kind, number, reference, at, done, reader.octet(), first, 0, nothing)
    reader.octet()
    dcs = reader.octet()
    at = _time_text(reader.take(7)) if kind == 0 else ""
    if kind == 1:
        _read_validity(reader, (first >> 3) & 0b11, datetime.min.replace(tzinfo=UTC))
    data = _read_user_data(reader, dcs, has_header=bool(first & 0x40))
    return Shown(kind, number, reference, at, "", 0, first, dcs, data)


def _time_text(octets: bytes) -> str:
    year, month, day, hour, minute, second, zone = (f"{octet & 0xF}{octet >> 4:x}" for octet in octets)
    return f"{year}/{month}/{day},{hour}:{minute}:{second}+{zone}"
