"""Tries to reach a patient: what may follow what, and when a machine tries again."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from dialer.attempt import OPEN, TRANSITIONS, Result, Signal, State, hears, step
from dialer.errors import IllegalSignalError
from dialer.retry import RetryRule, next_try

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEXT_DAY = NOON + timedelta(days=1)
RULE = RetryRule()


def test_what_is_not_in_the_table_is_refused() -> None:
    for state, signal in product(State, Signal):
        if (state, signal) in TRANSITIONS:
            assert hears(state, signal)
            assert step(state, signal) in State
        else:
            assert not hears(state, signal)
            with pytest.raises(IllegalSignalError):
                step(state, signal)


def test_from_an_ended_try_nothing_follows() -> None:
    for state in (State.DONE, State.UNKNOWN, State.SUPPRESSED):
        assert not any(hears(state, signal) for signal in Signal)
        assert state not in OPEN


def test_a_call_is_placed_only_from_the_plan() -> None:
    assert [state for state in State if hears(state, Signal.DIAL)] == [State.PLANNED]


def test_once_dialled_a_try_can_always_be_lost() -> None:
    assert {state for state in State if hears(state, Signal.LOSE)} == {State.DIALING, State.ANSWERED}


@pytest.mark.parametrize("result", [Result.BUSY, Result.NO_ANSWER, Result.MACHINE, Result.HUNG_UP, Result.FAILED])
def test_who_was_not_reached_is_tried_again_later(result: Result) -> None:
    again = next_try(result, number=1, now=NOON, starts_at=NEXT_DAY, rule=RULE)
    assert again is not None
    assert timedelta(minutes=5) <= again - NOON <= timedelta(hours=4)


def test_busy_is_tried_again_sooner_than_nobody_at_home() -> None:
    assert RULE.waits[Result.BUSY] < RULE.waits[Result.NO_ANSWER]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_unknown_outcome_and_a_person_are_never_called_again_by_machine(number: int) -> None:
    lenient = RetryRule(waits=dict.fromkeys(Result, timedelta(minutes=1)))
    for result in (Result.UNKNOWN, Result.HUMAN):
        assert next_try(result, number=number, now=NOON, starts_at=NEXT_DAY, rule=lenient) is None


def test_after_the_third_try_it_is_over() -> None:
    tries = [next_try(Result.BUSY, number=number, now=NOON, starts_at=NEXT_DAY, rule=RULE) for number in (1, 2, 3, 4)]
    assert [bool(again) for again in tries] == [True, True, False, False]
    assert [RULE.is_last(number) for number in (1, 2, 3)] == [False, False, True]


def test_nobody_is_called_when_they_should_be_on_their_way() -> None:
    soon = NOON + timedelta(minutes=60)
    assert next_try(Result.BUSY, number=1, now=NOON, starts_at=soon, rule=RULE) is None
    later = NOON + timedelta(minutes=70)
    assert next_try(Result.BUSY, number=1, now=NOON, starts_at=later, rule=RULE) == NOON + timedelta(minutes=10)
