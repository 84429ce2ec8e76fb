"""Is the person of this row in the register already? Pure.

Keys: card, outpatient and inpatient number; telephone with the same name and no other birth date. A telephone alone
is no key: families share it. docs/decisions/0022-import-keys.md gives the reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crm_core.kernel.ids import Msisdn
from crm_core.patients.fields import IDENTIFIERS, SEVERAL
from crm_core.patients.model import NewPatient, Patient
from crm_core.patients.pinyin import normal


@dataclass(frozen=True, slots=True)
class Nobody:
    """A new person; `shares_number` when somebody else in the register can be reached at the same telephone."""

    shares_number: bool


@dataclass(frozen=True, slots=True)
class Somebody:
    """This patient."""

    patient: Patient


@dataclass(frozen=True, slots=True)
class Conflict:
    """The keys contradict each other; a person must look. `reason` is a sentence for the report."""

    reason: str


Match = Nobody | Somebody | Conflict


def match(row: NewPatient, numbers: frozenset[Msisdn], candidates: Iterable[Patient]) -> Match:
    """`candidates` are all patients who have any of the row's numbers or identifiers."""
    found = list(candidates)
    by_identifier = {patient.id: patient for patient in found if _same_identifier(row, patient)}
    by_phone = {patient.id: patient for patient in found if _same_person_by_phone(row, numbers, patient)}
    either = by_identifier | by_phone
    if len(either) > 1:
        return Conflict("the numbers of this row belong to two different patients")
    if not either:
        return Nobody(shares_number=any(numbers & set(patient.phones) for patient in found))
    (patient,) = either.values()
    if not by_identifier and _contradicts(row, patient):
        return Conflict("same name and telephone, but another card or hospital number")
    return Somebody(patient)


def has_key(row: NewPatient, numbers: frozenset[Msisdn]) -> bool:
    """Whether the row could ever be recognised again."""
    return bool(numbers) or any(getattr(row, field) for field in IDENTIFIERS)


def has_number(patient: Patient, system: str, value: object) -> bool:
    """Whether this number names them, now or of an earlier stay."""
    numbers = {getattr(patient, system), *(one.value for one in patient.identifiers if one.system == system)}
    return value is not None and value in numbers


def _same_identifier(row: NewPatient, patient: Patient) -> bool:
    return any(has_number(patient, system, getattr(row, system)) for system in IDENTIFIERS)


def _same_person_by_phone(row: NewPatient, numbers: frozenset[Msisdn], patient: Patient) -> bool:
    same_birth = row.birth_date is None or patient.birth_date is None or row.birth_date == patient.birth_date
    return same_birth and normal(row.name) == normal(patient.name) and bool(numbers & set(patient.phones))


def _contradicts(row: NewPatient, patient: Patient) -> bool:
    """Two namesakes at one telephone, unless the birth date says that they are one."""
    if row.birth_date is not None and row.birth_date == patient.birth_date:
        return False
    pairs = ((getattr(row, field), getattr(patient, field)) for field in IDENTIFIERS if field not in SEVERAL)
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)
