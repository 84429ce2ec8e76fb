"""Subscriber numbers: from what people and networks write to E.164 and back."""

import re

import phonenumbers

from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn

HOME_REGION = "CN"
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


def national(msisdn: Msisdn) -> str:
    """As people at home dial it: "13800138000", a landline "02088886666"; foreign numbers keep their '+'."""
    number = phonenumbers.parse(msisdn, None)
    if number.country_code != phonenumbers.country_code_for_region(HOME_REGION):
        return msisdn
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(character for character in written if character.isdigit())


def landline(msisdn: Msisdn) -> str:
    """A landline as people at home write it, the area code apart: 0571 8765 4321."""
    return phonenumbers.format_number(phonenumbers.parse(msisdn, None), phonenumbers.PhoneNumberFormat.NATIONAL)


def is_landline(msisdn: Msisdn) -> bool:
    """A number at home that no text reaches."""
    return national(msisdn).startswith("0")


def dialled(msisdn: Msisdn) -> str:
    """What a desk dials to reach it: a mobile, or a landline with its area code.

    Raises InvalidMsisdnError for what no desk may dial: service numbers, other countries, numbers cut short.
    """
    digits = national(msisdn)
    if not _DIALLED.fullmatch(digits):
        raise InvalidMsisdnError("this number cannot be dialled from here", field="to")
    return digits
