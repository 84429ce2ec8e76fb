"""What may come in from outside, for pages and API alike: each type takes only what can be stored and reckoned with.

pydantic by itself takes 0 for a day, 0.5 for a time, "1_0" for ten and "yes" for true; the API's document does not.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, ValidationInfo

from crm_core.consent.model import Window
from crm_core.kernel.ids import Msisdn
from crm_core.kernel.msisdn import parse_msisdn

LARGEST_ID = 2**63 - 1
EXACT = 2**53
FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST_LINE = 100
LONGEST_PHRASE = 200
LONGEST_TEXT = 5000
NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f]*$"
NO_CONTROL_BUT_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
NOT_BLANK = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}[Tt ][0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_TYPED = str.maketrans("：－–—~～至", ":------")
_SPREAD = re.compile(r"\s+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _whole(value: object, info: ValidationInfo) -> object:
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT:  # 12.0 is an integer in JSON
        return int(value)
    if info.mode == "json" or not isinstance(value, str):
        return value
    if _WHOLE.fullmatch(value) is None:
        raise ValueError("not a whole number")
    return int(value)


def _flag(value: object, info: ValidationInfo) -> object:
    if info.mode == "json" or not isinstance(value, str):
        return value
    if value not in {"true", "false"}:
        raise ValueError("neither true nor false")
    return value == "true"


def _written(form: re.Pattern[str], read: Callable[[str], object], words: str) -> BeforeValidator:
    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        if form.fullmatch(value) is None:
            raise ValueError(words)
        return read(value)

    return BeforeValidator(check)


def _within_years(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"the year must be from {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _lines(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.splitlines()))) if isinstance(value, str) else value


def _hours(value: object) -> object:
    """As people type them: 8：00 – 24：00."""
    return Window.of(_SPREAD.sub("", value.translate(_TYPED))) if isinstance(value, str) else value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


Id = Annotated[int, Field(ge=1, le=LARGEST_ID), BeforeValidator(_whole)]
Whole = Annotated[int, BeforeValidator(_whole)]
Position = Annotated[int, Field(ge=0, le=LARGEST_ID), BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Day = Annotated[date, AfterValidator(_within_years), _written(_DAY, date.fromisoformat, "not a day as 2026-03-31")]
Moment = Annotated[
    AwareDatetime, AfterValidator(_within_years), _written(_MOMENT, _moment, "not a time with offset, see RFC 3339")
]
Hours = Annotated[Window, BeforeValidator(_hours)]
Uuid = Annotated[UUID, _written(_UUID, UUID, "not a UUID")]
Ticked = Annotated[bool, BeforeValidator(bool)]  # a box that is sent only when it is ticked
Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE, pattern=NO_CONTROL)]
Phrase = Annotated[str, StringConstraints(max_length=LONGEST_PHRASE, pattern=NO_CONTROL)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_lines)]
FilledLine = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_LINE, pattern=NOT_BLANK)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=NO_CONTROL_BUT_LINES)]
PhoneAsTyped = Annotated[str, StringConstraints(max_length=40, pattern=NO_CONTROL)]
Subscriber = Annotated[Msisdn, *PhoneAsTyped.__metadata__, AfterValidator(parse_msisdn)]
