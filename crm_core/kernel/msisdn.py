"""Subscriber numbers: from what people and networks write to E.164 and back."""

import re

import phonenumbers

from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn

HOME_REGION = "CN"
HOME_CODE = "86"
SHORTEST_TAIL = 3
SHORTEST_HEAD = 5
NO_NUMBER = "x"
_DIALLED = re.compile(
    r"1[3-9]\d{9}|0[1-9]\d{8,10}"
)  # as `[outside]` of the dialplan: no other country, no service number


class InvalidMsisdnError(InvalidInputError):
    """Not a number anybody could be reached at."""

    code = "invalid_msisdn"


def parse_msisdn(text: str, *, region: str = HOME_REGION) -> Msisdn:
    """E.164 of a number as typed, dialled or shown: "138 0013 8000", "+8613800138000", "0086138...".

    Raises InvalidMsisdnError for short codes, placeholders and garbage. Full-width digits are understood.
    """
    if len(text) > 40:
        raise InvalidMsisdnError("number too long", field="phone")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise InvalidMsisdnError("not a telephone number", field="phone") from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise InvalidMsisdnError("not a possible telephone number", field="phone")
    return Msisdn(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def try_parse_msisdn(text: str, *, region: str = HOME_REGION) -> Msisdn | None:
    """The same, None for a withheld or impossible number."""
    try:
        return parse_msisdn(text, region=region)
    except InvalidMsisdnError:
        return None


def digits_of(text: str) -> str:
    """Those of a number as typed, however it is grouped; "" for anything but a number."""
    plain = re.sub(r"[\s()\-.]", "", text).removeprefix("+86").removeprefix("+")
    return plain if plain.isascii() and plain.isdigit() else ""


def ends_of(digits: str) -> tuple[str, str, str, str]:
    """From where to before where numbers stand in an index that end in these digits, turned round, and that begin with
    them, as E.164 writes it. Too few digits would find everybody: then where no number stands."""
    tail = digits[::-1] if len(digits) >= SHORTEST_TAIL else NO_NUMBER
    head = f"+{HOME_CODE}{digits.removeprefix('0')}" if len(digits) >= SHORTEST_HEAD else NO_NUMBER
    return tail, f"{tail}:", head, _behind(head)  # ':' follows '9'


def _behind(head: str) -> str:
    """What follows every number of this beginning in the order of any language: +8613 is before +862."""
    kept = head.rstrip("9")
    return head if head == NO_NUMBER else f"{kept[:-1]}{int(kept[-1]) + 1}"


def national(msisdn: Msisdn) -> str:
    """As people at home dial it: "13800138000", a landline "02088886666"; foreign numbers keep their '+'."""
    number = phonenumbers.parse(msisdn, None)
    if number.country_code != phonenumbers.country_code_for_region(HOME_REGION):
        return msisdn
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(character for character in written if character.isdigit())


def dialled(msisdn: Msisdn) -> str:
    """What a desk dials to reach it: a mobile, or a landline with its area code.

    Raises InvalidMsisdnError for what no desk may dial: service numbers, other countries, numbers cut short.
    """
    digits = national(msisdn)
    if not _DIALLED.fullmatch(digits):
        raise InvalidMsisdnError("this number cannot be dialled from here", field="to")
    return digits
