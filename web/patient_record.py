"""A patient's record as a form and as JSON, both made of the register's own fields. What a field takes stands here."""

from collections.abc import Mapping
from dataclasses import field as default_of
from dataclasses import make_dataclass
from datetime import date
from typing import Annotated, Any, assert_never

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from crm_core.patients import numbers, rules
from crm_core.patients.field import Field as Fact
from crm_core.patients.field import Kind
from crm_core.patients.fields import FIELDS
from web.i18n import N_
from web.sheet import Ask
from web.values import Day, FilledLine, Line, Lines, PhoneAsTyped, Phrase, Text

ONE_A_LINE = N_("The first is used first. Whose it is, what kind and a note may follow: 13800138000 母亲 家里 晚上打")
FORM: Mapping[str, Mapping[str, Any]] = {  # what else the form says of a field
    "birth_date": {"wrong": N_("Please give a day that has been, like 1980-03-31.")},
    "phones": {
        "label": N_("Telephones, one per line"),
        "hint": ONE_A_LINE,
    },
    "department": {"extra": {"list": "departments"}},
    "postcode": {"wrong": N_("A postcode has six digits."), "extra": {"inputmode": "numeric", "autocomplete": "off"}},
    "contact_phone": {"wrong": N_("This is not a telephone number. Example: 13800138000")},
}
TAKES: Mapping[str, Mapping[str, Any]] = {  # what else the API's document says of what it takes
    "name": {"examples": ["张三丰"]},
    "phones": {"examples": ["138 0013 8000"]},
    "birth_date": {"description": "not in the future", "examples": ["1957-04-09"]},
}
GIVES: Mapping[str, str] = {"department": "as written in the record; need not be one of `/departments`"}


def _numbers(lines: tuple[str, ...]) -> tuple[str, ...]:
    """As typed; which of them is none is named."""
    for line in lines:
        if not rules.is_placeholder(line) and not numbers.is_one(line):
            raise PydanticCustomError("no_number", "no telephone number", {"typed": line})
    return lines


def _parts(text: object) -> object:
    return text.replace("、", "\n").replace("，", "\n").replace(",", "\n") if isinstance(text, str) else text


def _asked(fact: Fact) -> tuple[str, Any, Any]:
    """A line of the form."""
    said: dict[str, Any] = {"label": fact.english}
    match fact.kind:
        case Kind.TEXT:
            kind: Any = Phrase
        case Kind.LONG:
            kind, said["widget"] = Text, "textarea"
        case Kind.IDENTIFIER:
            kind = Phrase | None
        case Kind.DAY:
            kind = Day | None
        case Kind.CHOICE:
            kind, said["words"] = fact.codes, {code: word.english for code, word in fact.words.items()}
        case Kind.CHOICES:
            kind, said["widget"] = Lines, "boxes"
            said["words"] = {code: word.english for code, word in fact.words.items()}
        case Kind.TEXTS:
            kind = Annotated[Lines, BeforeValidator(_parts)]
            said |= {"hint": N_("Separated by commas."), "joined": "、"}
        case Kind.PHONES:
            kind, said["widget"] = Annotated[Lines, AfterValidator(_numbers)], "textarea"
        case _:
            assert_never(fact.kind)
    asked = Annotated[kind, Ask(**said | FORM.get(fact.name, {}))]
    return (fact.name, asked, default_of() if fact.is_required else default_of(default=fact.default))


Record: type[Any] = make_dataclass("Record", [_asked(fact) for fact in FIELDS], frozen=True, kw_only=True, repr=False)


TAKEN: Mapping[Kind, Any] = {  # what JSON may bring
    Kind.TEXT: Line,
    Kind.LONG: Annotated[Text, Field(max_length=rules.LONGEST_LINES)],
    Kind.IDENTIFIER: Line | None,
    Kind.DAY: Day | None,
    Kind.TEXTS: Annotated[list[Line], Field(max_length=rules.MOST_WORDS)],
    Kind.PHONES: Annotated[list[PhoneAsTyped], Field(max_length=rules.MOST_PHONES)],
}
GIVEN: Mapping[Kind, Any] = {  # what JSON says
    Kind.TEXT: str,
    Kind.LONG: str,
    Kind.IDENTIFIER: str | None,
    Kind.DAY: date | None,
    Kind.TEXTS: list[str],
    Kind.PHONES: list[str],
}


def _taken(fact: Fact) -> Any:
    if fact.kind is Kind.CHOICES:
        return list[fact.codes]  # type: ignore[name-defined]
    return FilledLine if fact.is_required else fact.codes or TAKEN[fact.kind]


def _given(fact: Fact) -> Any:
    return _taken(fact) if fact.codes else GIVEN[fact.kind]


def _unset(fact: Fact) -> FieldInfo:
    """For a change: left out is no value, and the document shows none."""
    info: FieldInfo = Field(default_factory=lambda: fact.default or "", **TAKES.get(fact.name, {}))
    return info


def _preset(fact: Fact) -> FieldInfo:
    default = ... if fact.is_required else list(fact.default) if isinstance(fact.default, tuple) else fact.default
    info: FieldInfo = Field(default=default, **TAKES.get(fact.name, {}))
    return info


def _made(name: str, base: type[BaseModel], fields: Mapping[str, Any]) -> Any:
    return create_model(name, __base__=base, __module__=__name__, **fields)


def registered(base: type[BaseModel]) -> Any:
    """The model of who is registered."""
    return _made("PatientIn", base, {fact.name: (_taken(fact), _preset(fact)) for fact in FIELDS})


def changed(base: type[BaseModel]) -> Any:
    """The model of what changes."""
    return _made("PatientPatch", base, {fact.name: (_taken(fact), _unset(fact)) for fact in FIELDS})


def shown(base: type[BaseModel]) -> Any:
    """The model of what is answered."""
    said = {fact.name: (_given(fact), Field(description=GIVES.get(fact.name))) for fact in FIELDS}
    return _made("PatientOut", base, said)
