"""Where numbers stand that end in, or begin with, what somebody typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel.msisdn import digits_of, ends_of

pytestmark = pytest.mark.unit

DIGITS = st.text("0123456789", min_size=1, max_size=11)


@given(DIGITS, DIGITS)
def test_a_number_stands_between_its_ends_exactly_when_it_has_them(typed: str, national: str) -> None:
    number = f"+86{national}"
    tail, tail_end, head, head_end = ends_of(typed)
    assert (tail <= number[::-1] < tail_end) == (len(typed) >= 3 and number.endswith(typed))
    begins = len(typed) >= 5 and number.startswith(f"+86{typed.removeprefix('0')}")
    assert (head <= number < head_end) == begins


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013", "1380013"),
        ("0571 8888", "05718888"),
        ("李秀英", ""),
        ("", ""),
    ],
)
def test_what_is_typed_is_a_number_however_it_is_grouped(typed: str, digits: str) -> None:
    assert digits_of(typed) == digits
