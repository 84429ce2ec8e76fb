"""Canned answers: a closed set of names, filled by replacement and by nothing cleverer."""

import pytest

from sms import placeholders

pytestmark = pytest.mark.unit


def test_what_is_known_is_filled_and_what_is_not_stays_to_be_seen() -> None:
    text = placeholders.filled("{name}您好，{appointment}见", {"name": "张三丰", "appointment": ""})
    assert (text, placeholders.gaps(text)) == ("张三丰您好，{appointment}见", ["{appointment}"])


@pytest.mark.parametrize("text", ["{nam}", "{0}", "{}", "{name.__class__}", "{name!r}", "{name", "name}", "{{name}}"])
def test_what_is_no_placeholder_is_refused(text: str) -> None:
    assert placeholders.stray(text)


@pytest.mark.parametrize("text", ["您好", "{name}您好", "{hospital}{hotline}{appointment}"])
def test_placeholders_and_plain_words_are_taken(text: str) -> None:
    assert placeholders.stray(text) == ""


def test_a_patient_who_is_called_like_a_placeholder_fills_nothing_else() -> None:
    assert placeholders.filled("{name}", {"name": "{hotline}", "hotline": "4000"}) == "{hotline}"
