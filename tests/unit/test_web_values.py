"""What may come in from outside: whatever is sent, a value that can be stored comes out, or a refusal."""

import json
import unicodedata
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from crm_core.kernel.cursor import LAST_NUMBER, LONGEST, Cursor, by_id, parse
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.msisdn import InvalidMsisdnError
from web import forms, values

pytestmark = pytest.mark.unit

ANYTHING = st.one_of(
    st.text(),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones() | st.none()).map(lambda moment: moment.isoformat()),
    st.uuids().map(str),
    st.sampled_from(["", " 5", "05", "+5", "1_0", "５", "true", "yes", "1e3", "0.5", "\0", "a\x00b", "9" * 5000]),
)
MOMENTS = st.integers(0, 10**9).map(lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING, lambda inner: st.lists(inner, max_size=3)
)


def taken(kind: Any, text: str) -> Any:
    """The value, None when it is refused. Any other error is a fault."""
    try:
        return TypeAdapter(kind).validate_strings(text, strict=True)
    except (ValidationError, InvalidMsisdnError):
        return None


def taken_in_json(kind: Any, value: object) -> Any:
    try:
        return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except (ValidationError, InvalidMsisdnError):
        return None


@given(ANYTHING)
def test_an_id_is_a_number_that_the_database_can_hold(text: str) -> None:
    found = taken(values.Id, text)
    assert found is None or (str(found) == text and 1 <= found < 2**63)


@given(JSON)
def test_a_number_in_a_body_is_no_text_no_truth_and_no_fraction(value: object) -> None:
    found = taken_in_json(values.Id, value)
    assert found is None or (type(value) in {int, float} and type(found) is int and found == value)
    assert taken_in_json(values.Id, 12.0) == 12
    assert taken_in_json(values.Flag, value) in ({None, value} if isinstance(value, bool) else {None})


@given(ANYTHING)
def test_a_flag_is_true_or_false_as_the_document_says(text: str) -> None:
    assert taken(values.Flag, text) == {"true": True, "false": False}.get(text)


@given(ANYTHING)
def test_a_day_is_written_as_one_and_within_three_centuries(text: str) -> None:
    found = taken(values.Day, text)
    assert found is None or (found.isoformat() == text and 1900 <= found.year <= 2200)
    assert found == taken_in_json(values.Day, text)


@given(st.integers() | st.floats() | st.booleans())
def test_no_number_is_a_day_or_a_time(value: object) -> None:
    for kind in (values.Day, values.Moment):
        assert taken_in_json(kind, value) is None
        assert taken(kind, str(value)) is None


@given(ANYTHING)
def test_a_time_has_an_offset_and_is_within_three_centuries(text: str) -> None:
    found = taken(values.Moment, text)
    assert found is None or (found.utcoffset() is not None and 1900 <= found.year <= 2200)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.uuids(), st.integers(1, 2**63 - 1))
def test_what_is_right_is_taken(day: date, random_id: UUID, number: int) -> None:
    assert taken(values.Day, str(day)) == day
    assert taken(values.Moment, f"{day}T23:59:59.5+08:00") == datetime.fromisoformat(f"{day}T23:59:59.5+08:00")
    assert taken(values.Uuid, str(random_id)) == random_id
    assert taken(values.Id, str(number)) == number


@given(ANYTHING)
def test_a_random_id_has_one_spelling(text: str) -> None:
    found = taken(values.Uuid, text)
    assert found is None or str(found) == text.lower()


@given(ANYTHING, st.sampled_from([values.Line, values.FilledLine, values.Text]))
def test_a_text_is_bounded_and_has_no_control_characters(text: str, kind: Any) -> None:
    found = taken(kind, text)
    if found is None:
        return
    assert found == text
    assert len(found) <= values.LONGEST_TEXT
    lines = "\t\n\r" if kind is values.Text else ""
    assert all(unicodedata.category(character) != "Cc" or character in lines for character in found)
    assert kind is not values.FilledLine or found.strip()


@given(ANYTHING)
def test_a_subscriber_is_e164_or_nobody(text: str) -> None:
    found = taken(values.Subscriber, text)
    assert found is None or (found.startswith("+") and found[1:].isdigit())


@given(ANYTHING)
def test_a_form_gives_a_value_or_says_which_field(text: str) -> None:
    readers = (forms.text, forms.number, forms.optional_number, forms.position, forms.day, forms.clock)
    for read in readers:
        with suppress(InvalidInputError):
            read({"field": text}, "field")
    with pytest.raises(InvalidInputError) as refused:
        forms.number({"field": f"{text}x"}, "field")
    assert refused.value.field == "field"


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_a_cursor_from_outside_is_a_place_or_refused(text: str) -> None:
    with suppress(InvalidInputError):
        place = parse(text)
        assert (place is None) == (text == "")


@given(st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_a_place_from_outside_fits_its_list_or_is_refused(text: str) -> None:
    with suppress(InvalidInputError):
        place = parse(text)
        assert place is None or 0 <= place.number <= LAST_NUMBER
        assert place is None or 0 < place.alone <= LAST_NUMBER
        assert place is None or place.at.tzinfo is UTC


@given(MOMENTS, st.integers(1, 10**18 - 1))
def test_a_cursor_comes_back_as_the_place_it_was_made_of(at: datetime, number: int) -> None:
    place = parse(str(Cursor(at, str(number))))
    assert place is not None
    assert (place.at, place.number) == (at, number)
    for other in (Cursor(-3, str(number)), by_id(number)):
        assert parse(str(other)) == other
        assert other.number == number
        with pytest.raises(InvalidInputError):
            _ = other.at
    assert (Cursor(-3, str(number)).order, by_id(number).alone) == (-3, number)
    assert len(str(Cursor(at, str(UUID(int=number))))) <= LONGEST
    for foreign, name in ((place, "alone"), (place, "order"), (by_id(number), "order")):
        with pytest.raises(InvalidInputError):
            getattr(foreign, name)
