"""A form as a dataclass: read, refused and drawn by its annotations."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.consent.model import Window
from crm_core.kernel.errors import ConflictError, InvalidInputError
from web import sheet
from web.sheet import Ask
from web.values import Day, Hours, Id, Line, Lines, Ticked

pytestmark = pytest.mark.unit


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    name: Annotated[Line, Ask(label="Name")]
    colour: Annotated[Colour, Ask(label="Colour", words={"red": "Red", "blue": "Blue"})] = Colour.RED
    on: Annotated[Day | None, Ask(label="On")] = None
    hours: Annotated[Hours | None, Ask(label="Hours")] = None
    number: Annotated[Id | None, Ask(label="Number")] = None
    words: Annotated[Lines, Ask(label="Words")] = ()
    is_gift: Annotated[Ticked, Ask(label="Gift")] = False


TYPED = {
    "name": " Li ",
    "colour": "blue",
    "on": "2026-03-31",
    "hours": "09:30-24:00",
    "number": "7",
    "words": "a\n\nb",
    "is_gift": "yes",
}


def test_a_form_becomes_its_dataclass_and_back() -> None:
    form = sheet.read(Order, TYPED)
    assert form.value == Order(
        name="Li",
        colour=Colour.BLUE,
        on=date(2026, 3, 31),
        hours=Window.of("09:30-24:00"),
        number=7,
        words=("a", "b"),
        is_gift=True,
    )
    values = {name: getattr(form.value, name) for name in Order.__slots__}
    assert sheet.typed_of(Order, values) == TYPED | {"name": "Li", "words": "a\nb"}
    assert (form.status, form.problems) == (200, {})


def test_what_is_left_out_is_its_default_and_what_must_be_there_is_asked_for() -> None:
    assert sheet.read(Order, {"name": "Li"}).value == Order(name="Li")
    form = sheet.read(Order, {"name": "  "})
    assert (form.value, set(form.problems), form.status) == (None, {"name"}, 422)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("colour", "green"),
        ("on", "31.3.2026"),
        ("hours", "8"),
        ("hours", "08:00-24:01"),
        ("number", "-1"),
        ("name", "x" * 101),
    ],
)
def test_a_value_that_does_not_fit_is_said_beside_its_field_and_stays(name: str, text: str) -> None:
    form = sheet.read(Order, TYPED | {name: text})
    assert (form.value, set(form.problems)) == (None, {name})
    box = form.boxes[name]
    assert (box.value, box.is_first_bad) == (text, True)
    assert box.problem
    assert not any(other.is_first_bad for other in form.boxes.values() if other.name != name)


@given(st.dictionaries(st.sampled_from(Order.__slots__), st.text(), max_size=7))
def test_whatever_is_sent_becomes_a_value_or_problems(typed: dict[str, str]) -> None:
    form = sheet.read(Order, typed)
    assert (form.value is None) == bool(form.problems)


def test_a_field_is_drawn_as_what_its_type_is() -> None:
    boxes = sheet.shown(Order).boxes
    widgets = [boxes[name].widget for name in Order.__slots__]
    assert widgets == ["text", "select", "date", "text", "number", "text", "checkbox"]


def test_what_a_service_refuses_stands_beside_the_field_it_names_or_above_all() -> None:
    form = sheet.read(Order, TYPED)
    assert set(form.refused(InvalidInputError("no", field="on")).problems) == {"on"}
    assert form.refused(InvalidInputError("no", field="elsewhere")).problem
    assert form.refused(ConflictError("no")).problem
    assert set(form.refused(ConflictError("no"), beside="name").problems) == {"name"}
