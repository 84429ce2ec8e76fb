"""What the text of a field must be to be what it says. Pure; each gives it as it is kept, or raises ValueError."""

import re
import unicodedata

from crm_core.kernel.msisdn import InvalidMsisdnError, parse_msisdn

_POSTCODE = re.compile(r"[0-9]{6}")


def postcode(text: str) -> str:
    """Six digits."""
    digits = unicodedata.normalize("NFKC", text).replace(" ", "")
    if _POSTCODE.fullmatch(digits) is None:
        raise ValueError("a postcode has six digits")
    return digits


def phone(text: str) -> str:
    """In E.164."""
    try:
        return parse_msisdn(text)
    except InvalidMsisdnError as error:
        raise ValueError(str(error)) from None
