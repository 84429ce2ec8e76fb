"""A patient as the hospital knows them. Everything personal is hidden from `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from crm_core.kernel.cursor import Page
from crm_core.kernel.ids import Msisdn, PatientId


class Sex(StrEnum):
    """As FHIR's administrative gender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Language(StrEnum):
    """What the hotline and the texts speak to this person."""

    ZH_CN = "zh_CN"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Phone:
    """One number of a patient: E.164, and as somebody wrote it."""

    msisdn: Msisdn = field(repr=False)
    as_typed: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """`phones` in the order of use. Several patients may have the same number: families share phones.

    `version` counts the changes of the record, its phones included.
    """

    id: PatientId
    version: int
    name: str = field(repr=False)
    sex: Sex
    birth_date: date | None = field(repr=False)
    card_no: str | None = field(repr=False)
    outpatient_no: str | None = field(repr=False)
    inpatient_no: str | None = field(repr=False)
    region: str
    source: str
    department: str
    diseases: tuple[str, ...] = field(repr=False)
    member_level: str
    language: Language
    phones: tuple[Msisdn, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPatient:
    """What is typed at registration or read from a file. `phones` as typed, the first is used first."""

    name: str = field(repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    sex: str = Sex.UNKNOWN
    birth_date: date | None = field(default=None, repr=False)
    card_no: str | None = field(default=None, repr=False)
    outpatient_no: str | None = field(default=None, repr=False)
    inpatient_no: str | None = field(default=None, repr=False)
    region: str = ""
    source: str = ""
    department: str = ""
    diseases: tuple[str, ...] = field(default=(), repr=False)
    member_level: str = ""
    language: str = Language.ZH_CN


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChange:
    """One field, before and after, as JSON values. `actor` is a person's name where they have an account."""

    field_name: str
    at: datetime
    actor: str
    old: object = field(repr=False)
    new: object = field(repr=False)


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

    @property
    def by(self) -> str:
        """How they are looked for: all that the audit says of it."""
        if self.msisdn is not None:
            return "phone"
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
