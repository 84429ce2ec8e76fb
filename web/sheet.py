"""A form as a dataclass: its annotations say what may stand in each field, how it is asked for and what is said.

    class NewAccount:
        login: Annotated[Line, Ask(N_("User name"))]
        desk: Annotated[Ticked, Ask(N_("With a desk"))] = False

`read` gives a Sheet: the dataclass when everything fits, else what is wrong beside each field. What was typed is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from crm_core.kernel.errors import HcrmError
from crm_core.kernel.msisdn import InvalidMsisdnError
from web import words
from web.i18n import N_, _

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MISSING_VALUE = N_("Please fill this in.")
WRONG = N_("This does not fit here.")
TOO_LONG = N_("At most {max_length} characters.")
TOO_SMALL = N_("At least {ge}.")
TOO_LARGE = N_("At most {le}.")
BY_WIDGET = {
    "date": N_("Please give a day like 2026-03-31."),
    "number": N_("Please give a whole number."),
    "select": N_("Please choose one of the list."),
}
BY_FAULT = {
    "string_too_long": TOO_LONG,
    "greater_than_equal": TOO_SMALL,
    "less_than_equal": TOO_LARGE,
    "no_number": N_("{typed} is not a telephone number. Example: 13800138000"),
}

KindT = TypeVar("KindT", bound="DataclassInstance")
Choices = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How a field is asked for. `label`, `hint`, `wrong` and the words of choices are msgids.

    `words` is a closed set; `nothing` its empty choice. `is_personal`: names a patient, and never stands in an address.
    `joined` stands between several values. `widget` is found by the type when it is not said.
    """

    label: str
    hint: str = ""
    wrong: str = ""
    words: Mapping[str, str] | None = None
    nothing: str = ""
    widget: str = ""
    joined: str = "\n"
    is_personal: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)  # attributes of the control


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One field of a form's dataclass."""

    name: str
    ask: Ask
    kind: Any  # the annotation
    is_required: bool
    default: Any

    @property
    def widget(self) -> str:
        """What it is drawn as."""
        return self.ask.widget or _widget(self.kind, self.ask)


def _widget(kind: Any, ask: Ask) -> str:
    types = tuple(_types(kind))
    if ask.words is not None or any(isinstance(one, type) and issubclass(one, StrEnum) for one in types):
        return "select"
    drawn: tuple[tuple[type, str], ...] = ((bool, "checkbox"), (date, "date"), (int, "number"))
    return next((widget for one, widget in drawn if one in types), "text")


def _types(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Annotated:
        yield from _types(get_args(kind)[0])
    elif get_args(kind):
        for one in get_args(kind):
            yield from _types(one)
    else:
        yield kind


def slots(kind: type["DataclassInstance"]) -> tuple[Slot, ...]:
    """The fields of a form, in order; those without an Ask are not asked for."""
    return _slots(kind)


@cache
def _slots(kind: type["DataclassInstance"]) -> tuple[Slot, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        Slot(
            name=one.name,
            ask=ask,
            kind=hints[one.name],
            is_required=one.default is MISSING,
            default=None if one.default is MISSING else one.default,
        )
        for one in fields(kind)
        for ask in _asks(hints[one.name])
    )


def _asks(kind: Any) -> Iterator[Ask]:
    if get_origin(kind) is Annotated:
        yield from (one for one in kind.__metadata__ if isinstance(one, Ask))


@cache
def _adapter(kind: type["DataclassInstance"], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(next(slot.kind for slot in slots(kind) if slot.name == name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What somebody else wrote into the record while the form was open. `is_both`: the reader changed it too."""

    who: str
    at: datetime
    before: str = field(repr=False)
    now: str = field(repr=False)
    is_both: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One field as it is drawn: words in the reader's language."""

    name: str
    label: str
    hint: str
    widget: str
    value: str = field(repr=False)
    problem: str
    choices: tuple[tuple[str, str], ...]
    is_required: bool
    is_first_bad: bool
    extra: Mapping[str, str]
    theirs: Theirs | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(Generic[KindT]):
    """A form as somebody filled it in. `value` is None when something is wrong; `problem` is about the whole of it."""

    kind: type[KindT]
    typed: Mapping[str, str] = field(repr=False)
    value: KindT | None = field(default=None, repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    theirs: Mapping[str, Theirs] = field(default_factory=dict, repr=False)
    choices: Mapping[str, Choices] = field(default_factory=dict, repr=False)
    version: int = 0  # of the record that the reader has seen
    is_stale: bool = False

    @property
    def status(self) -> int:
        """Of the answer that shows it."""
        if self.is_stale:
            return HTTPStatus.CONFLICT
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.problem or self.problems else HTTPStatus.OK

    @property
    def boxes(self) -> dict[str, Box]:
        """Its fields by name, ready to be drawn."""
        bad = next((slot.name for slot in slots(self.kind) if slot.name in self.problems), "")
        return {slot.name: self._box(slot, bad) for slot in slots(self.kind)}

    def _box(self, slot: Slot, bad: str) -> Box:
        return Box(
            name=slot.name,
            label=_(slot.ask.label),
            hint=_(slot.ask.hint) if slot.ask.hint else "",
            widget=slot.widget,
            value=self.typed.get(slot.name, ""),
            problem=self.problems.get(slot.name, ""),
            choices=tuple(self._choices(slot)),
            is_required=slot.is_required,
            is_first_bad=slot.name == bad,
            extra=slot.ask.extra,
            theirs=self.theirs.get(slot.name),
        )

    def _choices(self, slot: Slot) -> Choices:
        if slot.ask.nothing:
            yield "", _(slot.ask.nothing)
        yield from ((value, _(label)) for value, label in (slot.ask.words or {}).items())
        yield from self.choices.get(slot.name, ())

    def over(self, typed: Mapping[str, str]) -> "Sheet[KindT]":
        """The same with what somebody typed before and did not save, on the version that they saw then."""
        known = {slot.name: typed[slot.name] for slot in slots(self.kind) if slot.name in typed}
        version = int(typed["version"]) if typed.get("version", "").isdecimal() else self.version
        return replace(self, typed={**self.typed, **known}, version=version) if known else self

    def refused(self, error: HcrmError, *, beside: str = "") -> "Sheet[KindT]":
        """The same with what a service had to say: beside the field it names or `beside`, else above the form."""
        said, name = words.error_words(error.code), beside or getattr(error, "field", "")
        slot = next((one for one in slots(self.kind) if one.name == name), None)
        if slot is None:
            return replace(self, problem=said)
        if error.code == "invalid_input":
            said = _(slot.ask.wrong or BY_WIDGET.get(slot.widget, WRONG))
        return replace(self, problems={**self.problems, name: said})


def read(kind: type[KindT], typed: Mapping[str, str], *, version: int = 0) -> Sheet[KindT]:
    """What somebody sent. An empty field is its default; one that has none must be filled in."""
    values, problems = {}, {}
    for slot in slots(kind):
        text = typed.get(slot.name, "").strip()
        if text:
            try:
                values[slot.name] = _adapter(kind, slot.name).validate_python(text)
            except ValidationError as error:
                problems[slot.name] = _said(slot, error)
            except InvalidMsisdnError:
                problems[slot.name] = words.error_words(InvalidMsisdnError.code)
        elif slot.is_required:
            problems[slot.name] = _(MISSING_VALUE)
    made = None if problems else kind(**values)
    return Sheet(kind=kind, typed=typed, value=made, problems=problems, version=version)


def _said(slot: Slot, error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    known = BY_FAULT.get(fault["type"])
    if known and not slot.ask.wrong:
        return _(known, **fault.get("ctx", {}))
    return _(slot.ask.wrong or BY_WIDGET.get(slot.widget, WRONG))


def shown(kind: type[KindT], values: Mapping[str, object] | None = None, *, version: int = 0) -> Sheet[KindT]:
    """A form before anybody typed: with the record's values, or the defaults."""
    return Sheet(kind=kind, typed=typed_of(kind, values or {}), version=version)


def typed_of(kind: type["DataclassInstance"], values: Mapping[str, object]) -> dict[str, str]:
    """As somebody would have typed it; what is not said is the default."""
    return {slot.name: _typed(slot.ask, values.get(slot.name, slot.default)) for slot in slots(kind)}


def _typed(ask: Ask, value: object) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return "yes"
        case tuple() | list() | frozenset():
            return ask.joined.join(str(one) for one in value)
        case _:
            return str(value)
