"""Purposes, decisions people made, hours in which they are left in peace, and the answer."""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from crm_core.kernel.ids import Msisdn


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


class Rule(StrEnum):
    """Which rule decided."""

    ALLOWED = "allowed"
    REPLY = "reply"
    NEVER_DIAL = "never_dial"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` until before `closes`, on the hospital's clock, every day."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not self.opens < self.closes:
            raise ValueError("a window opens before it closes, on the same day")

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When people may be texted or called; outside these windows they are left in peace."""

    care: Window = Window(time(8), time(20, 30))  # also notices
    marketing: Window = Window(time(9), time(19))

    def window(self, purpose: Purpose) -> Window:
        """The one for this purpose."""
        return self.marketing if purpose is Purpose.MARKETING else self.care


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
    msisdn: Msisdn = field(repr=False)
    purpose: Purpose
    channel: ContactChannel
    choice: Choice
    at: datetime
    source: str
    evidence: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactHours:
    """The hospital's own windows, and who set them last; `version` counts the changes."""

    hours: QuietHours
    version: int
    changed_by: str
    changed_at: datetime | None
