"""`make day`: how much an agent has to do, and what it says of the keys."""

from collections import Counter
from itertools import count

import pytest

from tests.day.plan import OTHERS, SHORT, WHOLE, Call, Task
from tests.day.tally import MOST, Tally, step, table, trails

pytestmark = pytest.mark.unit


def test_a_whole_day_has_every_kind_and_no_booking_too_many() -> None:
    kinds = Counter(WHOLE.kinds_of_calls())
    assert kinds.total() == WHOLE.calls
    assert set(kinds) == set(Call)
    assert kinds[Call.BOOKED] == WHOLE.booked_in_calls < WHOLE.bookings
    assert WHOLE.calls - WHOLE.booked_in_calls == len(OTHERS)
    assert set(WHOLE.kinds_of_tasks()) == set(Task)


def test_a_short_day_has_a_booking_and_a_caller_nobody_knows() -> None:
    assert SHORT.kinds_of_calls() == [Call.BOOKED, Call.STRANGER]
    assert SHORT.kinds_of_tasks() == [Task.WRITTEN]


def test_keys_count_for_every_step_under_way_and_too_many_are_shown() -> None:
    clock, tally = (float(second) for second in count()), Tally()
    with step(tally, "call", clock):
        with step(tally, "answer", clock):
            tally.pressed("Tab")
            tally.pressed("Enter")
        tally.wrote("您好")
    answer, call = tally.steps
    assert (len(answer.keys), len(call.keys), answer.letters, call.letters) == (2, 2, 0, 2)
    assert (answer.seconds, call.seconds) == (1.0, 3.0)
    assert MOST["answer"] == 1
    assert tally.too_long() == [answer]
    assert trails([answer]) == "answer: Tab Enter"
    assert "more than it should" in table(tally.steps)
    assert "more than it should" not in table([call])
