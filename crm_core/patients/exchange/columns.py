"""What a column of a file means, and what its cells say. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, assert_never

from crm_core.kernel.errors import InvalidInputError
from crm_core.patients.exchange.spreadsheet import Cell
from crm_core.patients.field import Field, Kind, codes_of, folded
from crm_core.patients.fields import BY_NAME, FIELDS
from crm_core.patients.model import NewPatient, Patient
from crm_core.patients.rules import checked, is_placeholder, phones

_SEPARATORS = re.compile(r"[;；,，、|\n/]+")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0{1,2}:00(?::00)?)?|(\d{4})(\d{2})(\d{2})"
)
_ROUNDED = re.compile(r"\d+(\.\d+)?[eE]\+?\d+")  # 1.38E+10: the digits are gone
LARGEST_EXACT = 10**15  # a spreadsheet keeps 15 digits


def _titles(field: Field) -> set[str]:
    return {folded(title) for title in (field.chinese, field.english, field.name, *field.also.split())}


FIELD_BY_TITLE = {title: field.name for field in FIELDS for title in _titles(field)}


def field_of(title: object) -> str | None:
    """The field a column's title names, in Chinese or English; phone columns may be numbered (电话2)."""
    key = folded(title)
    return FIELD_BY_TITLE.get(key) or FIELD_BY_TITLE.get(key.rstrip("0123456789"))


def given(fields: Sequence[str | None], row: Sequence[Cell]) -> dict[str, str]:
    """Field -> text of the cells that say something; several columns of phones are joined. Raises InvalidInputError."""
    found: dict[str, str] = {}
    for field, cell in zip(fields, row, strict=False):
        text = _text(field, cell) if field else ""
        if field and text:
            found[field] = f"{found[field]};{text}" if field in found and field == "phones" else text
    return found


def _text(field: str, cell: Cell) -> str:
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, (int, float)):
        return _digits(field, cell)
    if isinstance(cell, date):
        return cell.isoformat()
    text = unicodedata.normalize("NFKC", cell).strip()
    if BY_NAME[field].kind in (Kind.PHONES, Kind.IDENTIFIER) and _ROUNDED.fullmatch(text):
        raise InvalidInputError("a number lost its digits in the file: make the column a text", field=field)
    return text


def _digits(field: str, number: float) -> str:
    if number != int(number) or not 0 <= number < LARGEST_EXACT:
        raise InvalidInputError("a number lost its digits in the file: make the column a text", field=field)
    return str(int(number))


def changes_of(texts: Mapping[str, str]) -> dict[str, object]:
    """Field -> value, only of what the row says; placeholders say nothing. Raises InvalidInputError."""
    says = ((BY_NAME[name], text) for name, text in texts.items())
    return {
        field.name: _value(field, text)
        for field, text in says
        if not is_placeholder(text) or (field.kind is Kind.CHOICE and _code(field, text) is not None)
    }


def _value(field: Field, text: str) -> object:
    match field.kind:
        case Kind.CHOICE:
            return _one_of(field, text)
        case Kind.DAY:
            return _date(field, text)
        case Kind.PHONES | Kind.TEXTS:
            return _parts(text)
        case Kind.CHOICES:
            return tuple(_one_of(field, part) for part in _parts(text))
        case Kind.TEXT | Kind.LONG | Kind.IDENTIFIER:
            return text
        case _:
            assert_never(field.kind)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _SEPARATORS.split(text) if not is_placeholder(part))


def _one_of(field: Field, text: str) -> str:
    code = _code(field, text)
    if code is None:
        raise InvalidInputError("not one of the allowed values", field=field.name)
    return code


def _code(field: Field, text: str) -> str | None:
    return next(iter(codes_of(field.words, text)), None)


def _date(field: Field, text: str) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise InvalidInputError("not a date", field=field.name)
    try:
        return date(*(int(part) for part in found.groups() if part is not None))
    except ValueError:
        raise InvalidInputError("not a date", field=field.name) from None


def as_new(values: Mapping[str, object]) -> NewPatient:
    """The record a row describes, checked, its phones in E.164. Raises InvalidInputError, InvalidMsisdnError."""
    if "name" not in values:
        raise InvalidInputError("a patient needs a name", field="name")
    new = checked(NewPatient(**values))  # type: ignore[arg-type]
    phones(new.phones)
    return new


def titles(*, chinese: bool) -> list[str]:
    """The first line of an export."""
    return [field.chinese if chinese else field.english for field in FIELDS]


def as_row(patient: Patient, *, chinese: bool) -> list[str]:
    """One line of an export, in the order of `titles`; `field_of` and `changes_of` read it back."""
    return [_cell(field, getattr(patient, field.name), chinese=chinese) for field in FIELDS]


def _cell(field: Field, value: Any, *, chinese: bool) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return ";".join(_cell(field, one, chinese=chinese) for one in value)
        case date():
            return value.isoformat()
    word = field.words.get(value)
    return str(value) if word is None else word.chinese if chinese else word.english
