"""What a patient's record may contain, and what has changed between two versions of it."""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from crm_core.kernel.errors import InvalidInputError
from crm_core.patients import numbers
from crm_core.patients.field import Field, Kind
from crm_core.patients.fields import BY_NAME, FIELDS
from crm_core.patients.model import NewPatient, Patient, Phone

LONGEST_TEXT = 200
LONGEST_LINES = 2000  # of a field of some lines
MOST_PHONES = 10
MOST_SHARERS = 20  # people of one number: beyond a large family it is a placeholder, or a ward's telephone
MOST_WORDS = 50
EARLIEST_BIRTH = date(1880, 1, 1)
_PADDED = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")  # 张　三: padded to the width of three
_NOTHING = re.compile(r"(?:0+|1{7,}|9{7,}|-+|/+|无|没有|暂无|不详|未知|none|null|nil|n/?a|x+)", re.IGNORECASE)


def is_placeholder(text: str) -> bool:
    """Whether somebody had to type something: "0", "无", 11111111111. Such a value names nobody."""
    return not text.strip() or _NOTHING.fullmatch(unicodedata.normalize("NFKC", text).strip()) is not None


def is_nobodys(people: int) -> bool:
    """Whether a number that so many have says nothing about who calls: nobody is recognised by it."""
    return people > MOST_SHARERS


def checked(new: NewPatient) -> NewPatient:
    """The same, trimmed, placeholders emptied. Raises InvalidInputError naming the field."""
    said: dict[str, Any] = {field.name: CHECKED[field.kind](field, getattr(new, field.name)) for field in FIELDS}
    name = _PADDED.sub("", said["name"])
    if not name:
        raise InvalidInputError("a patient needs a name", field="name")
    return dataclasses.replace(new, **said | {"name": name})


def ensure_born(birth_date: date | None, now: datetime) -> None:
    """Nobody is registered before they are born; a day more, as days begin earlier east of Greenwich."""
    if birth_date is not None and birth_date > (now + timedelta(days=1)).date():
        raise InvalidInputError("not born yet", field="birth_date")


def phones(typed: tuple[str, ...]) -> tuple[Phone, ...]:
    """E.164 of each, in order, each number once; placeholders are left out. Raises InvalidMsisdnError."""
    if len(typed) > MOST_PHONES:
        raise InvalidInputError("too many phones", field="phones")
    found: dict[str, Phone] = {}
    for text in typed:
        if not is_placeholder(text):
            phone = numbers.read(text)
            found.setdefault(phone.msisdn, phone)
    return tuple(found.values())


def values(patient: Patient) -> dict[str, object]:
    """What a form or a file may change of the record."""
    return {field.name: getattr(patient, field.name) for field in FIELDS} | {"phones": _lines_of(patient)}


def _lines_of(patient: Patient) -> tuple[str, ...]:
    return tuple(numbers.written(phone) for phone in patient.numbers) or patient.phones


def as_new(patient: Patient) -> NewPatient:
    """The record as it would be typed today."""
    fields: dict[str, Any] = values(patient)
    return NewPatient(**fields)


def with_changes(patient: Patient, changes: Mapping[str, object]) -> NewPatient:
    """The record after the changes, checked. Raises InvalidInputError for a field that does not exist."""
    typed: dict[str, Any] = dict(changes)
    for name in typed:
        if name not in BY_NAME:
            raise InvalidInputError("no such field", field=name)
        if BY_NAME[name].kind in (Kind.PHONES, Kind.TEXTS, Kind.CHOICES):
            typed[name] = _texts(name, typed[name])
    return checked(dataclasses.replace(as_new(patient), **typed))


def differences(
    before: Patient, after: NewPatient, after_phones: tuple[Phone, ...]
) -> dict[str, tuple[object, object]]:
    """Field -> (old, new) as JSON values; empty when nothing is new."""
    old = {field.name: _json(getattr(before, field.name)) for field in FIELDS}
    new = {field.name: _json(getattr(after, field.name)) for field in FIELDS}
    old["phones"] = list(_lines_of(before))
    new["phones"] = [numbers.written(phone) for phone in after_phones]
    return {name: (old[name], new[name]) for name in old if old[name] != new[name]}


def _json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _texts(field: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise InvalidInputError("a list of texts is wanted", field=field)
    return tuple(value)


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInputError("a text is wanted", field=field)
    text = " ".join(value.split())
    if len(text) > LONGEST_TEXT or any(unicodedata.category(char) == "Cc" for char in text):
        raise InvalidInputError("too long, or has control characters", field=field)
    return text


def _line(field: Field, value: object) -> str:
    text = _text(field.name, value)
    if not text or field.check is None:
        return text
    try:
        return field.check(text)
    except ValueError as error:
        raise InvalidInputError(str(error), field=field.name) from None


def _lines(field: Field, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_LINES:
        raise InvalidInputError("a text of bearable length is wanted", field=field.name)
    text = "\n".join(" ".join(line.split()) for line in value.splitlines()).strip()
    if any(unicodedata.category(char) == "Cc" and char != "\n" for char in text):
        raise InvalidInputError("has control characters", field=field.name)
    return text


def _identifier(field: Field, value: object) -> str | None:
    if value is None:
        return None
    text = unicodedata.normalize("NFKC", _text(field.name, value)).replace(" ", "")
    return None if is_placeholder(text) else text


def _words(field: Field, values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > MOST_WORDS:
        raise InvalidInputError("too many", field=field.name)
    return tuple(dict.fromkeys(text for text in (_text(field.name, value) for value in values) if text))


def _one_of(field: Field, value: object) -> str:
    if str(value) not in field.words:
        raise InvalidInputError("not one of the allowed values", field=field.name)
    return str(value)


def _some_of(field: Field, values: tuple[str, ...]) -> tuple[str, ...]:
    """In the order of the set."""
    said = {_one_of(field, value) for value in values}
    return tuple(str(code) for code in field.words if code in said)


def _day(field: Field, value: object) -> date | None:
    if value is not None and not (type(value) is date and value >= EARLIEST_BIRTH):
        raise InvalidInputError("not a date, or too long ago", field=field.name)
    return value


CHECKED: Mapping[Kind, Callable[[Field, Any], object]] = {
    Kind.TEXT: _line,
    Kind.LONG: _lines,
    Kind.CHOICE: _one_of,
    Kind.CHOICES: _some_of,
    Kind.DAY: _day,
    Kind.TEXTS: _words,
    Kind.IDENTIFIER: _identifier,
    Kind.PHONES: lambda _field, typed: typed,  # `phones` says which of them are numbers
}
