"""Who gets a letter and who sends it, what it is printed on, and why some are left out. Millimetres and points."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import PatientId
from crm_core.patients.model import Sex

MOST = 1_000  # people of one run
POINT_MM = 25.4 / 72


class Why(StrEnum):
    """Why nothing is printed for somebody."""

    GONE = "gone"  # no such record
    NO_STREET = "no_street"
    NO_POSTCODE = "no_postcode"
    BAD_POSTCODE = "bad_postcode"
    OTHER_PROVINCE = "other_province"  # the postcode's is not the address's
    NO_GLYPH = "no_glyph"  # a character that the font does not have
    NO_ROOM = "no_room"  # on this paper, in the smallest type


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A patient as far as an envelope tells of them."""

    patient_id: PatientId
    name: str = field(repr=False)
    sex: Sex = Sex.UNKNOWN
    province: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    district: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    postcode: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The hospital, at the bottom right. Without an address its name stands alone."""

    name: str
    address: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Somebody for whom nothing is printed."""

    patient_id: PatientId
    name: str = field(repr=False)
    why: Why


@dataclass(frozen=True, slots=True)
class Box:
    """A red frame. `width` and `height` outside."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Text:
    """One line, black. `y` is the line that letters stand on, `width` what the line takes in print."""

    x: float
    y: float
    points: float
    text: str = field(repr=False)
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One piece of paper, from its upper left corner."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who is to be printed on what. `frames`: also what a bought envelope has on it already, in red."""

    patient_ids: Sequence[PatientId]
    template: str
    frames: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One time that envelopes were printed. `printed_by` is a person's name where they have an account."""

    id: int
    at: datetime
    printed_by: str
    template: str
    frames: bool
    printed: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRun:
    """One run with everybody in it."""

    run: Run
    printed: Sequence[Addressee]
    left_out: Sequence[LeftOut]
