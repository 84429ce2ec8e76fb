"""The demo's canned answers are ones a supervisor could have written."""

import pytest

from demo.seed_data.answers import ANSWERS
from sms import placeholders, segments
from sms.canned import LONGEST_TITLE

pytestmark = pytest.mark.unit


def test_each_can_be_sent_and_names_only_what_is_filled() -> None:
    assert len({one.title for one in ANSWERS}) == len(ANSWERS)
    for one in ANSWERS:
        assert len(one.title) <= LONGEST_TITLE
        assert (placeholders.stray(one.text), placeholders.stray(one.text_en)) == ("", "")
        assert segments.size(one.text).segments <= 2
