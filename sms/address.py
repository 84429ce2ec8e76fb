"""TP addresses: what the network calls a sender or a recipient, and who that is for us."""

import re
from dataclasses import dataclass

from crm_core.kernel.ids import Msisdn
from crm_core.kernel.msisdn import try_parse_msisdn
from sms import gsm7

INTERNATIONAL, NATIONAL, ALPHANUMERIC = 1, 2, 5  # type of number
_DIGITS = "0123456789*#abc"
_CHINESE_SUBSCRIBER = re.compile(r"(?:86)?1[3-9]\d{9}|0[1-9]\d{8,10}")
_FROM_ABROAD = re.compile(r"00[1-9]\d{6,}")


class AddressError(ValueError):
    """Not an address: wrong characters, or bytes missing."""


@dataclass(frozen=True, slots=True)
class Address:
    """`value` is digits without '+', or the name of an alphanumeric sender."""

    value: str
    type_of_number: int = 0

    @property
    def is_name(self) -> bool:
        """An operator's or a shop's name; it cannot be answered."""
        return self.type_of_number == ALPHANUMERIC


def peer_of(address: Address) -> str:
    """The MSISDN where it is one; short codes, service numbers and names stay as they are, with no '+' glued on."""
    if address.is_name:
        return address.value
    if address.type_of_number == INTERNATIONAL:
        return try_parse_msisdn(f"+{address.value}") or address.value
    if _CHINESE_SUBSCRIBER.fullmatch(address.value) or _FROM_ABROAD.fullmatch(address.value):
        return try_parse_msisdn(address.value) or address.value
    return address.value


def msisdn_of_peer(peer: str) -> Msisdn | None:
    """The peer as a subscriber; None for short codes and names: those are never answered."""
    return Msisdn(peer) if peer.startswith("+") and try_parse_msisdn(peer) == peer else None


def address_of(peer: str) -> Address:
    """For sending: '+' makes it international. Raises AddressError for names."""
    digits = peer.removeprefix("+")
    if not digits or len(digits) > 20 or not all(char in "0123456789*#" for char in digits):
        raise AddressError("not a number that can be sent to")
    return Address(digits, INTERNATIONAL if peer.startswith("+") else 0)


def encode(address: Address) -> bytes:
    """Length in useful semi-octets, type of address, value: as in TP-OA, TP-DA and TP-RA."""
    toa = 0x80 | address.type_of_number << 4 | (0 if address.is_name else 1)
    if address.is_name:
        septets = b"".join(gsm7.septets_of(char) or b"?" for char in address.value)
        return bytes([(7 * len(septets) + 3) // 4, toa]) + gsm7.pack(septets)
    return bytes([len(address.value), toa]) + _semi_octets(address.value)


def decode(data: bytes) -> tuple[Address, bytes]:
    """The address at the start of `data` and what follows. Raises AddressError when bytes are missing."""
    if len(data) < 2:
        raise AddressError("address cut off")
    semi_octets, toa = data[0], data[1]
    end = 2 + (semi_octets + 1) // 2
    if semi_octets > 20 or len(data) < end:
        raise AddressError("address cut off or too long")
    type_of_number = toa >> 4 & 7
    if type_of_number == ALPHANUMERIC:
        name = gsm7.text_of(gsm7.unpack(data[2:end], semi_octets * 4 // 7))
        return Address(name.replace("\0", ""), type_of_number), data[end:]
    return Address(_digits(data[2:end], semi_octets), type_of_number), data[end:]


def _semi_octets(digits: str) -> bytes:
    codes = [_DIGITS.index(char) for char in digits]
    if len(codes) % 2:
        codes.append(0xF)
    return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))


def _digits(data: bytes, count: int) -> str:
    codes = [code for byte in data for code in (byte & 0xF, byte >> 4)][:count]
    return "".join(_DIGITS[code] for code in codes if code != 0xF)
