"""A patient as the hospital knows them. Everything personal is hidden from `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from crm_core.kernel.cursor import Page
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients.fields import Facts
from crm_core.patients.fields import Language as Language
from crm_core.patients.fields import Sex as Sex


@dataclass(frozen=True, slots=True)
class Phone:
    """One number of a patient: E.164, as somebody wrote it, whose it is (OWNERS), what kind, and a note."""

    msisdn: Msisdn = field(repr=False)
    as_typed: str = field(repr=False)
    owner: str = ""
    kind: str = ""
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of somebody in one of the hospital's systems; without an end it is the one to use."""

    system: str
    value: str = field(repr=False)
    period_start: date | None = None
    period_end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Patient(Facts):
    """`phones` in the order of use. Several patients may have the same number: families share phones.

    `numbers` are the phones with whose they are. `identifiers` are those of earlier stays too; `card_no` and the like
    are those to use.

    `version` counts the changes of the record, its phones included.
    """

    id: PatientId
    version: int
    sex: Sex = Sex.UNKNOWN
    language: Language = Language.ZH_CN
    phones: tuple[Msisdn, ...] = ()
    numbers: tuple[Phone, ...] = ()
    identifiers: tuple[Identifier, ...] = ()

    def __repr__(self) -> str:
        """Which record, and nothing of what it says."""
        return f"Patient(id={self.id}, version={self.version})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewPatient(Facts):
    """What is typed at registration or read from a file. `phones` as typed, the first is used first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChange:
    """One field, before and after, as JSON values. `actor` is a person's name where they have an account."""

    field_name: str
    at: datetime
    actor: str
    old: object = field(repr=False)
    new: object = field(repr=False)
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Who made a record, when, and the names of its fields that have been changed since."""

    at: datetime
    actor: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How a record came to be as it is."""

    patient: Patient
    changes: Page[PatientChange]
    beginning: Beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """`kind`: what the other is to the person whose relation it is (kinship.KINDS)."""

    id: int
    other: Patient
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relatives:
    """The relations of one person."""

    patient: Patient
    relations: tuple[Relation, ...]


class TimelineKind(StrEnum):
    """What an entry of the one-page patient view is about."""

    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    LETTER = "letter"
    APPOINTMENT = "appointment"
    ENCOUNTER = "encounter"
    TASK = "task"
    RESPONSE = "response"
    COMPLAINT = "complaint"
    CONSULTATION = "consultation"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """`code` is a TimelineCode, or what another release wrote; `args` is what it names, `ref` what it leads to."""

    id: int
    patient_id: PatientId
    kind: TimelineKind
    at: datetime
    code: str
    args: Mapping[str, object] = field(repr=False)
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom somebody looks for: words as typed, a telephone or a card number; nothing at all lists everybody."""

    words: str = field(default="", repr=False)
    msisdn: Msisdn | None = field(default=None, repr=False)
    card_no: str = field(default="", repr=False)
    having: str = ""  # a field of the register that has `value` in it; besides the words
    value: str = field(default="", repr=False)

    @property
    def by(self) -> str:
        """How they are looked for: all that the audit says of it."""
        if self.msisdn is not None:
            return "phone"
        if self.having and self.value:
            return self.having
        return "card" if self.card_no else "words" if self.words else "all"


@dataclass(frozen=True, slots=True)
class Found:
    """A page of patients. `more` is the last id of this page when there is another, else None."""

    patients: tuple[Patient, ...]
    more: PatientId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Others at somebody's telephones: the first of them, how many more, and numbers that say nothing of anybody."""

    people: tuple[Patient, ...]
    more: int
    placeholders: Mapping[Msisdn, int] = field(repr=False)  # the number, and how many people have it


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPatient:
    """What the page of one patient tells of the register."""

    patient: Patient
    timeline: Page[TimelineEntry]
    family: Family
    history: History
