"""What a cell says, whatever a spreadsheet program did to it: numbers, days, texts. Pure."""

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from crm_core.kernel.cells import unguarded
from crm_core.kernel.errors import InvalidInputError
from crm_core.patients.exchange.spreadsheet import Cell

LARGEST_EXACT = 10**15  # a spreadsheet keeps 15 digits
DAY_NOUGHT = date(1899, 12, 30)  # a bare number in a column of days counts from here
FIRST_SERIAL, LATEST_SERIAL = 2_101, 73_050  # 1905 to 2100; what is less may be a year
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f"))
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})")
_WHOLE = re.compile(r"(\d+)\.0*")
_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_DAY = re.compile(
    rf"(\d{{4}}) ?[-/.年] ?(\d{{1,2}}) ?[-/.月] ?(\d{{1,2}}) ?[日号]?{_CLOCK}|(\d{{4}})(\d{{2}})(\d{{2}})"
)
_DIGITS = {char: str(digit) for digit, char in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_CHINESE = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]?"
)


def text(cell: Cell) -> str:
    """As a person reads it: full-width letters and digits as plain ones, no unseen characters, no padding."""
    if isinstance(cell, str):
        return " ".join(unguarded(cell).split()) if cell.isascii() else _plain(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None or isinstance(cell, bool) else number(cell)


@lru_cache(maxsize=4096)  # columns repeat themselves: departments, regions, sexes
def _plain(said: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unguarded(said)).translate(_UNSEEN).split())


def number(cell: int | float) -> str:
    """Its digits; a fraction as it is. Raises InvalidInputError when a spreadsheet has rounded it."""
    if isinstance(cell, float) and not cell.is_integer():
        return repr(cell)
    if not 0 <= cell < LARGEST_EXACT:
        raise InvalidInputError("a number lost its digits in the file: make the column a text")
    return str(int(cell))


def digits(cell: Cell) -> str:
    """A telephone, card or hospital number: 13800138000.0 and 1.3800138000E+10 are whole, 1.38E+10 is not.

    Raises InvalidInputError.
    """
    said = text(cell).lstrip("'‘’")  # what makes a text of it in a spreadsheet
    if said.isdecimal() or not said:
        return said
    whole, scientific = _WHOLE.fullmatch(said), _SCIENTIFIC.fullmatch(said)
    if isinstance(cell, float) and whole is None and not cell.is_integer():
        raise InvalidInputError("a number lost its digits in the file: make the column a text")
    if whole:
        return whole[1]
    if scientific is None:
        return said
    first, decimals, exponent = scientific[1], scientific[2] or "", int(scientific[3])
    if len(decimals) < exponent or decimals[exponent:].strip("0"):
        raise InvalidInputError("a number lost its digits in the file: make the column a text")
    return str(int(Decimal(f"{first}.{decimals or 0}e{exponent}")))


def day(cell: Cell) -> date | None:
    """A day in any of the ways it is written; None for an empty cell. Raises InvalidInputError."""
    if isinstance(cell, datetime):
        return cell.date()
    return cell if isinstance(cell, date) else _day(digits(cell))


@lru_cache(maxsize=4096)
def _day(said: str) -> date | None:
    if not said:
        return None
    if said.isdecimal() and len(said) <= 5 and FIRST_SERIAL <= int(said) <= LATEST_SERIAL:
        return DAY_NOUGHT + timedelta(days=int(said))
    found = _DAY.fullmatch(_from_chinese(said))
    if found is None:
        raise InvalidInputError("not a date")
    try:
        return date(*(int(part) for part in found.groups() if part is not None))
    except ValueError:
        raise InvalidInputError("not a date") from None


def _from_chinese(said: str) -> str:
    """二〇二四年三月五日 -> 2024-3-5; anything else as it is."""
    found = _CHINESE.fullmatch(said.replace(" ", ""))
    if found is None:
        return said
    year = "".join(_DIGITS[char] for char in found[1])
    return f"{year}-{_small(found[2])}-{_small(found[3])}"


def _small(said: str) -> int:
    """十, 十二, 二十, 三十一."""
    tens, ten, ones = said.rpartition("十") if "十" in said else ("", "", said)
    return (int(_DIGITS.get(tens, "1")) * 10 if ten else 0) + int(_DIGITS.get(ones, "0"))
