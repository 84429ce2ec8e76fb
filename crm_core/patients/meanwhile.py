"""Somebody else changed the record while a form was open: what the form shows then. Pure.

Three versions of each field: as it was when the form was opened, as typed, as it is now. What the reader did not touch
follows the others; what they did touch stays as typed, with the others' value beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from crm_core.patients import rules
from crm_core.patients.field import Kind
from crm_core.patients.fields import BY_NAME
from crm_core.patients.model import Patient, PatientChange


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """`record` is the record now; `values` what the form shows; `changes` the others' last word by field.

    `both`: fields that the reader changed too, to something else.
    """

    record: Patient
    values: Mapping[str, object] = field(repr=False)
    changes: Mapping[str, PatientChange]
    both: frozenset[str]


def meanwhile(record: Patient, since: Sequence[PatientChange], typed: Mapping[str, object]) -> Meanwhile:
    """`since`: every change made after the form was opened, oldest first."""
    now = rules.values(record)
    opened = dict(now) | {one.field_name: _value(one.field_name, one.old) for one in reversed(since)}
    touched = {name for name, value in typed.items() if value != opened[name]}
    changes = {one.field_name: one for one in since}
    return Meanwhile(
        record=record,
        values={name: typed[name] if name in touched else now[name] for name in typed},
        changes={name: one for name, one in changes.items() if opened[name] != now[name]},
        both=frozenset(name for name in touched & changes.keys() if typed[name] != now[name]),
    )


def _value(name: str, said: Any) -> object:
    """From the history's JSON."""
    if BY_NAME[name].kind is Kind.DAY:
        return date.fromisoformat(said) if said else None
    return tuple(said) if isinstance(said, list) else said
