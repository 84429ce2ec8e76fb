"""DELIVER PDUs put together without the product's own coder for them: what a telephone and an SMSC would make."""

from datetime import datetime

from sms import address, gsm7
from sms.segments import Alphabet, split


def swapped(number: int) -> str:
    """Two decimal digits, the low one first."""
    return f"{number:02d}"[::-1]


def stamp(at: datetime) -> str:
    """The SMSC's clock, eight hours east."""
    parts = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second, 32)
    return "".join(swapped(part) for part in parts)


def deliver(text: str, sender: str, *, at: datetime, reference: int = 1, wide: bool = False) -> list[str]:
    """One PDU per segment, hex with an SMSC's address."""
    who = address.address_of(sender) if sender.lstrip("+").isdigit() else address.Address(sender, address.ALPHANUMERIC)
    found = []
    for segment in split(text, wide_reference=wide):
        header = b""
        if segment.total > 1:
            number = reference.to_bytes(2 if wide else 1, "big")
            element = bytes([8 if wide else 0, len(number) + 2]) + number + bytes([segment.total, segment.number])
            header = bytes([len(element)]) + element
        first = 0x44 if header else 0x04
        if segment.alphabet is Alphabet.GSM7:
            in_header = -(-len(header) * 8 // 7)
            fill = in_header * 7 - len(header) * 8
            body, length = header + gsm7.pack(segment.payload, fill_bits=fill), in_header + len(segment.payload)
        else:
            body = header + segment.payload
            length = len(body)
        dcs = 0 if segment.alphabet is Alphabet.GSM7 else 8
        tpdu = (
            bytes([first]) + address.encode(who) + bytes([0, dcs]) + bytes.fromhex(stamp(at)) + bytes([length]) + body
        )
        found.append("0891683110304105F0" + tpdu.hex().upper())
    return found


def report(reference: int, recipient: str, status: int, at: datetime) -> str:
    """A STATUS-REPORT."""
    tpdu = bytes([0x06, reference]) + address.encode(address.address_of(recipient))
    return "00" + (tpdu + bytes.fromhex(stamp(at) * 2) + bytes([status])).hex().upper()
