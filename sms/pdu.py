"""PDUs of 3GPP TS 23.040 as modems write them: hex, the SMSC's address first.

Whatever is not a PDU raises PduError and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sms import address, gsm7
from sms.address import Address, AddressError
from sms.segments import Alphabet, Segment, text_of

_DELIVER, _STATUS_REPORT = 0b00, 0b10
_SUBMIT, _HAS_HEADER, _WANTS_REPORT, _RELATIVE_VALIDITY = 0x01, 0x40, 0x20, 0x10
_CONCAT_8, _CONCAT_16 = 0x00, 0x08
MAX_TPDU_BYTES = 255


class PduError(ValueError):
    """Not a PDU we can read. The message says what is wrong, never what it holds."""


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Which part of which long message."""

    reference: int
    total: int
    number: int
    wide: bool = False  # a 16 bit reference


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message from the network. `payload` is one byte per septet for GSM-7."""

    sender: Address
    alphabet: Alphabet
    payload: bytes
    sent_at: datetime | None  # the SMSC's clock with its zone; None when the stamp makes no sense
    concatenation: Concatenation | None = None

    @property
    def text(self) -> str:
        """This part alone; a character cut by a careless phone shows as U+FFFD."""
        return text_of(self.alphabet, self.payload)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of a segment of ours: `status` is TP-ST."""

    reference: int
    recipient: Address
    submitted_at: datetime | None
    discharged_at: datetime | None
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A segment to send. `concat_reference` matters only for long messages."""

    to: Address
    segment: Segment
    concat_reference: int = 0
    wide_reference: bool = False
    validity: timedelta | None = None
    wants_report: bool = True


@dataclass(frozen=True, slots=True)
class EncodedPdu:
    """`hex` is what goes to the modem, `length` what AT+CMGS announces: bytes without the SMSC's address."""

    hex: str
    length: int


def encode_submit(submit: Submit) -> EncodedPdu:
    """With the SMSC of the SIM. Raises ValueError when the segment does not fit into one PDU."""
    segment = submit.segment
    header = _concat_header(submit)
    first = _SUBMIT | (_HAS_HEADER if header else 0) | (_WANTS_REPORT if submit.wants_report else 0)
    first |= _RELATIVE_VALIDITY if submit.validity is not None else 0
    dcs = {Alphabet.GSM7: 0x00, Alphabet.UCS2: 0x08, Alphabet.DATA: 0x04}[segment.alphabet]
    tpdu = bytes([first, 0]) + address.encode(submit.to) + bytes([0, dcs])
    if submit.validity is not None:
        tpdu += bytes([relative_validity(submit.validity)])
    tpdu += _user_data(header, segment)
    return EncodedPdu("00" + tpdu.hex().upper(), len(tpdu))


def relative_validity(validity: timedelta) -> int:
    """TP-VP: steps of 5 minutes to 12 hours, 30 minutes to a day, a day to 30 days, a week to 63; rounded up."""
    minutes = max(5, -(-int(validity.total_seconds()) // 60))
    if minutes <= 12 * 60:
        return -(-minutes // 5) - 1
    if minutes <= 24 * 60:
        return 143 + -(-(minutes - 12 * 60) // 30)
    days = -(-minutes // (24 * 60))
    return 166 + days if days <= 30 else min(192 + -(-days // 7), 255)


def decode(hex_text: str) -> Deliver | StatusReport:
    """What a modem hands over by +CMGL, +CMGR, +CMT or +CDS. Raises PduError for everything else."""
    try:
        data = bytes.fromhex(hex_text.strip())
    except ValueError:
        raise PduError("not hex") from None
    if not data or len(data) < 2 + data[0]:
        raise PduError("SMSC address cut off")
    return decode_tpdu(data[1 + data[0] :])


def sender_of(hex_text: str) -> Address | None:
    """Who wrote a message of which nothing else can be read."""
    try:
        data = bytes.fromhex(hex_text.strip())
        tpdu = data[1 + data[0] :]
        return address.decode(tpdu[1:])[0] if tpdu[0] & 0b11 == 0b00 else None
    except (ValueError, IndexError, AddressError):
        return None


def decode_tpdu(tpdu: bytes) -> Deliver | StatusReport:
    """The same without the SMSC's address."""
    if not tpdu or len(tpdu) > MAX_TPDU_BYTES:
        raise PduError("empty or too long")
    try:
        match tpdu[0] & 0b11:
            case 0b00:
                return _decode_deliver(tpdu)
            case 0b10:
                return _decode_report(tpdu)
            case _:
                raise PduError("neither DELIVER nor STATUS-REPORT")
    except AddressError as error:
        raise PduError(str(error)) from None
    except IndexError:
        raise PduError("cut off") from None


def _decode_deliver(tpdu: bytes) -> Deliver:
    sender, rest = address.decode(tpdu[1:])
    if len(rest) < 10:
        raise PduError("cut off")
    alphabet = alphabet_of_dcs(rest[1])
    payload, concatenation = _decode_user_data(rest[9], rest[10:], alphabet, has_header=bool(tpdu[0] & _HAS_HEADER))
    return Deliver(sender, alphabet, payload, decode_time(rest[2:9]), concatenation)


def _decode_report(tpdu: bytes) -> StatusReport:
    reference = tpdu[1]
    recipient, rest = address.decode(tpdu[2:])
    if len(rest) < 15:
        raise PduError("cut off")
    return StatusReport(reference, recipient, decode_time(rest[:7]), decode_time(rest[7:14]), rest[14])


def alphabet_of_dcs(dcs: int) -> Alphabet:
    """By coding group; reserved ones are read as GSM-7, as the standard asks. Raises PduError for compressed text."""
    group = dcs >> 4
    if group < 0b1000:  # general, and marked for automatic deletion
        if dcs & 0x20:
            raise PduError("compressed text")
        return (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)[dcs >> 2 & 0b11]
    if group == 0b1110:
        return Alphabet.UCS2
    if group == 0b1111:
        return Alphabet.DATA if dcs & 0b100 else Alphabet.GSM7
    return Alphabet.GSM7


def decode_time(stamp: bytes) -> datetime | None:
    """Seven swapped-digit bytes; the zone counts quarter hours. None for stamps that are no time."""
    digits = [(byte & 0xF) * 10 + (byte >> 4) for byte in stamp]
    quarters = (stamp[6] & 0x7) * 10 + (stamp[6] >> 4)
    zone_minutes = 15 * (-quarters if stamp[6] & 0x8 else quarters)
    try:
        zone = timezone(timedelta(minutes=zone_minutes))
        year, month, day, hour, minute, second = digits[:6]
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def _decode_user_data(
    length: int, data: bytes, alphabet: Alphabet, *, has_header: bool
) -> tuple[bytes, Concatenation | None]:
    """The payload without its header. A modem that cuts the PDU short is an error, not half a message."""
    needed = (length * 7 + 7) // 8 if alphabet is Alphabet.GSM7 else length
    if len(data) < needed:
        raise PduError("user data cut off")
    header_bytes = data[0] + 1 if has_header and length else 0
    if header_bytes > needed:
        raise PduError("header longer than the user data")
    concatenation = _concatenation(data[1:header_bytes])
    if alphabet is not Alphabet.GSM7:
        return data[header_bytes:length], concatenation
    skip = -(-header_bytes * 8 // 7)  # the text starts on the next septet boundary
    return gsm7.unpack(data[:needed], length)[skip:], concatenation


def _concatenation(header: bytes) -> Concatenation | None:
    """The first concatenation element that makes sense; others are passed over."""
    while len(header) >= 2:
        kind, size = header[0], header[1]
        value, header = header[2 : 2 + size], header[2 + size :]
        found: Concatenation | None = None
        if kind == _CONCAT_8 and len(value) == 3:
            found = Concatenation(value[0], value[1], value[2])
        elif kind == _CONCAT_16 and len(value) == 4:
            found = Concatenation(int.from_bytes(value[:2], "big"), value[2], value[3], wide=True)
        if found and 1 <= found.number <= found.total:
            return found
    return None


def _concat_header(submit: Submit) -> bytes:
    segment = submit.segment
    if segment.total == 1:
        return b""
    if submit.wide_reference:
        element = bytes([_CONCAT_16, 4]) + (submit.concat_reference & 0xFFFF).to_bytes(2, "big")
    else:
        element = bytes([_CONCAT_8, 3, submit.concat_reference & 0xFF])
    element += bytes([segment.total, segment.number])
    return bytes([len(element)]) + element


def _user_data(header: bytes, segment: Segment) -> bytes:
    """TP-UDL and TP-UD. The length counts septets for GSM-7, the header's included."""
    if segment.alphabet is Alphabet.GSM7:
        header_septets = -(-len(header) * 8 // 7)
        fill_bits = header_septets * 7 - len(header) * 8
        body = header + gsm7.pack(segment.payload, fill_bits=fill_bits)
        length = header_septets + len(segment.payload)
    else:
        body = header + segment.payload
        length = len(body)
    if len(body) > 140:
        raise ValueError("segment longer than 140 bytes")
    return bytes([length]) + body
