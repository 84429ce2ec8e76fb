"""What a field of a record is: how it is called, what may stand in it, where it is kept. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Part(StrEnum):
    """Which part of the form and of the page it stands in."""

    PERSON = "person"
    NUMBERS = "numbers"
    ADDRESS = "address"
    HEALTH = "health"
    BACKGROUND = "background"


class Kind(StrEnum):
    """What may stand in it."""

    TEXT = "text"  # a line
    LONG = "long"  # some lines
    CHOICE = "choice"  # one of a closed set
    CHOICES = "choices"  # some of a closed set
    DAY = "day"
    TEXTS = "texts"  # any number of words
    PHONES = "phones"
    IDENTIFIER = "identifier"  # a number that one person has


@dataclass(frozen=True, slots=True)
class Word:
    """One of a closed set, in both languages; `also`: how other systems write it, apart by spaces."""

    chinese: str
    english: str
    also: str = ""


Words = Mapping[str, Word]  # by what is kept


def folded(text: object) -> str:
    """As headings and words are compared: without spaces and points, full-width forms and case."""
    return re.sub(r"[\s._:：()（）]+", "", unicodedata.normalize("NFKC", str(text or ""))).lower()


def codes_of(words: Words, typed: str) -> list[str]:
    """What is meant by a word of this set, in either language or as another system writes it."""
    wanted = folded(typed)
    return [
        code
        for code, word in words.items()
        if wanted in {folded(way) for way in (code, word.chinese, word.english, *word.also.split())}
    ]


Check = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`chinese` and `english` head the column of a file and stand beside the box of a form; `also`: other headings."""

    part: Part
    kind: Kind
    chinese: str
    english: str
    also: str = ""
    codes: type[StrEnum] | None = None
    words: Words = field(default_factory=dict)  # of the codes
    is_many: bool = False  # of an identifier: another one ends the one before, which goes on naming the person
    check: Check | None = None  # the text as it is kept; raises ValueError
    name: str = ""
    default: Any = None
    is_required: bool = False

    @property
    def is_column(self) -> bool:
        """Whether it is kept in `patient` itself, under its own name."""
        return self.kind not in (Kind.PHONES, Kind.IDENTIFIER)


def text(part: Part, chinese: str, english: str, also: str = "", *, check: Check | None = None) -> Field:
    """A line."""
    return Field(part=part, kind=Kind.TEXT, chinese=chinese, english=english, also=also, check=check)


def long(part: Part, chinese: str, english: str, also: str = "") -> Field:
    """Some lines."""
    return Field(part=part, kind=Kind.LONG, chinese=chinese, english=english, also=also)


def texts(part: Part, chinese: str, english: str, also: str = "") -> Field:
    """Any number of words."""
    return Field(part=part, kind=Kind.TEXTS, chinese=chinese, english=english, also=also)


def day(part: Part, chinese: str, english: str, also: str = "") -> Field:
    """A day that has been."""
    return Field(part=part, kind=Kind.DAY, chinese=chinese, english=english, also=also)


def choice(part: Part, codes: type[StrEnum], words: Words, chinese: str, english: str, also: str = "") -> Field:
    """One of these."""
    return Field(part=part, kind=Kind.CHOICE, chinese=chinese, english=english, also=also, codes=codes, words=words)


def choices(part: Part, codes: type[StrEnum], words: Words, chinese: str, english: str, also: str = "") -> Field:
    """Some of these."""
    return replace(choice(part, codes, words, chinese, english, also), kind=Kind.CHOICES)


def identifier(chinese: str, english: str, also: str = "") -> Field:
    """A number that one person has."""
    return Field(part=Part.NUMBERS, kind=Kind.IDENTIFIER, chinese=chinese, english=english, also=also)


def stays(chinese: str, english: str, also: str = "") -> Field:
    """A number of each stay."""
    return replace(identifier(chinese, english, also), is_many=True)


def phone_numbers(chinese: str, english: str, also: str = "") -> Field:
    """Numbers in the order of use."""
    return Field(part=Part.PERSON, kind=Kind.PHONES, chinese=chinese, english=english, also=also)


def fields_of(record: type["DataclassInstance"]) -> tuple[Field, ...]:
    """What the annotations of a record say, in its order."""
    hints = get_type_hints(record, include_extras=True)
    return tuple(
        replace(
            hints[one.name].__metadata__[0],
            name=one.name,
            default=None if one.default is MISSING else one.default,
            is_required=one.default is MISSING,
        )
        for one in fields(record)
    )
