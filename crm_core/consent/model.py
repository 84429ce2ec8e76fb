"""Purposes, decisions people made, hours in which they are left in peace, and the answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from crm_core.kernel.ids import Msisdn, PatientId


class Purpose(StrEnum):
    """Why we write or call. Only marketing needs to be asked for first."""

    CARE = "care"  # about this patient's own treatment or appointment
    NOTICE = "notice"  # thanks, satisfaction, changes at the hospital
    MARKETING = "marketing"


class ContactChannel(StrEnum):
    """By what way."""

    SMS = "sms"
    CALL = "call"
    EMAIL = "email"
    LETTER = "letter"


class Choice(StrEnum):
    """What somebody said."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"


class AddressKind(StrEnum):
    """What a decision is about. `PERSON`: them, by whatever address."""

    PHONE = "phone"
    EMAIL = "email"
    PERSON = "person"


class GivenBy(StrEnum):
    """Who said it. For a child under 14 a guardian does (PIPL 31)."""

    PERSON = "person"
    GUARDIAN = "guardian"


CHILD_UNTIL = 14  # years of age


class Rule(StrEnum):
    """Which rule decided."""

    ALLOWED = "allowed"
    REPLY = "reply"
    NEVER_DIAL = "never_dial"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    NO_GUARDIAN = "no_guardian"
    QUIET_HOURS = "quiet_hours"


class DayName(StrEnum):
    """What hours are set for. A public holiday is no day of the week; a weekend that is worked (调休) is a Monday."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"
    HOLIDAY = "holiday"


WEEKDAYS = tuple(DayName)[:5]
DAY_MIN = 24 * 60
_WINDOW = re.compile(r"([0-9]{1,2}):([0-5][0-9])-([0-9]{1,2}):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens_min` until before `closes_min`, in minutes of the hospital's day; 1440 is midnight at its end."""

    opens_min: int
    closes_min: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens_min < self.closes_min <= DAY_MIN:
            raise ValueError("a window opens before it closes, on the same day")

    @classmethod
    def of(cls, text: str) -> Self:
        """From `08:00-24:00`. Raises ValueError."""
        found = _WINDOW.fullmatch(text)
        if found is None:
            raise ValueError("not hours as 08:00-24:00")
        opens_h, opens, closes_h, closes = map(int, found.groups())
        return cls(opens_h * 60 + opens, closes_h * 60 + closes)

    def __str__(self) -> str:
        return f"{_clock(self.opens_min)}-{_clock(self.closes_min)}"


def _clock(minutes: int) -> str:
    return "{:02}:{:02}".format(*divmod(minutes, 60))


Week = Mapping[DayName, Window]  # a day that is not in it: nobody is contacted


def every_day(text: str) -> Week:
    """The same hours all week and on holidays."""
    return dict.fromkeys(DayName, Window.of(text))


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When people may be texted or called; outside these windows they are left in peace."""

    care: Week = field(default_factory=lambda: every_day("08:00-20:30"))  # also notices
    marketing: Week = field(default_factory=lambda: every_day("09:00-19:00"))

    def __post_init__(self) -> None:
        if not all(any(day in week for day in WEEKDAYS) for week in (self.care, self.marketing)):
            raise ValueError("what waits leaves on one day from Monday to Friday at least")

    def week(self, purpose: Purpose) -> Week:
        """The one for this purpose."""
        return self.marketing if purpose is Purpose.MARKETING else self.care


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A telephone, a mailbox, or a patient whatever their address is: then `value` is "" and they are named."""

    kind: AddressKind
    value: str = field(default="", repr=False)
    patient_id: PatientId | None = None

    @classmethod
    def phone(cls, msisdn: Msisdn) -> Self:
        """A telephone's."""
        return cls(kind=AddressKind.PHONE, value=msisdn)

    @classmethod
    def of_person(cls, patient_id: PatientId) -> Self:
        """Somebody's, whatever it is."""
        return cls(kind=AddressKind.PERSON, patient_id=patient_id)


@dataclass(frozen=True, slots=True)
class Word:
    """The last that was said about one purpose and channel, and by whom."""

    choice: Choice
    given_by: GivenBy = GivenBy.PERSON


@dataclass(frozen=True, slots=True)
class Said:
    """How it was said, where that is written, by whom, and which version of the words they were shown."""

    source: str
    evidence: str = ""
    given_by: GivenBy = GivenBy.PERSON
    text_version: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """`rule` says which rule decided. `not_before` is the next instant when quiet hours would allow it, else None."""

    allowed: bool
    rule: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One thing somebody said about being contacted. `evidence` names where, e.g. sms/12."""

    id: int
    address: str = field(repr=False)  # "": of a person, by whatever address
    purpose: Purpose
    channel: ContactChannel
    choice: Choice
    at: datetime
    source: str
    evidence: str
    given_by: GivenBy
    text_version: str


class WishSource(StrEnum):
    """How somebody told staff."""

    PHONE = "phone"
    PERSON = "person"
    PAPER = "paper"


WISH_CHANNELS = (ContactChannel.CALL, ContactChannel.SMS)  # those that staff ask about
Wish = tuple[Purpose, ContactChannel]


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Nobody contacts this number by machine; `reason` may be empty."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Of one number. `wanted` says what is allowed; `said` the last word about each wish that was ever spoken of."""

    msisdn: Msisdn = field(repr=False)
    wanted: dict[Wish, bool]
    said: dict[Wish, Decision]
    never: LeftAlone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWish:
    """One wish as a person of staff wrote it down. `seen` is the id of the last word they saw about it, 0 for none."""

    msisdn: str = field(repr=False)
    purpose: str
    channel: str
    choice: str
    source: str
    seen: int
    given_by: str = GivenBy.PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactHours:
    """The hospital's own windows, and who set them last; `version` counts the changes."""

    hours: QuietHours
    version: int
    changed_by: str
    changed_at: datetime | None
