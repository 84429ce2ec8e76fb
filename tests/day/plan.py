"""What an agent has to do on a day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, cycle, islice


class Call(StrEnum):
    """How a call goes."""

    STRANGER = "stranger, registered in the pop"
    FAMILY = "family, the caller chosen"
    BUSY = "ours, busy"
    HELD = "held, written down during the call"
    DECLINED = "declined, rang again"
    WRONG_NUMBER = "ours, no such number"
    TRANSFERRED = "transferred"
    MUTED = "muted"
    NO_ANSWER = "ours, not answered"
    OURS = "ours, answered"
    BOOKED = "booked"


class Task(StrEnum):
    """What is done with a task."""

    WRITTEN = "written down"
    DONE = "done"
    GIVEN = "given to everybody"
    PUT_OFF = "put off"


OTHERS = (
    Call.STRANGER,
    Call.FAMILY,
    Call.BUSY,
    Call.HELD,
    Call.DECLINED,
    Call.WRONG_NUMBER,
    Call.TRANSFERRED,
    Call.MUTED,
    Call.NO_ANSWER,
    Call.OURS,
    Call.STRANGER,
    Call.FAMILY,
)


TASKS = (  # there is one to do something with, because it was written down before
    Task.WRITTEN,
    Task.GIVEN,
    Task.DONE,
    Task.WRITTEN,
    Task.PUT_OFF,
    Task.WRITTEN,
    Task.DONE,
    Task.WRITTEN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How much of each."""

    calls: int
    bookings: int
    texts: int
    tasks: int

    @property
    def booked_in_calls(self) -> int:
        """The others are booked from the patient's page."""
        return min(self.bookings, self.calls - len(OTHERS) if self.calls > len(OTHERS) else self.calls // 2)

    def kinds_of_calls(self) -> list[Call]:
        """Bookings between the others."""
        booked = [Call.BOOKED] * self.booked_in_calls
        others = list(islice(cycle(OTHERS), self.calls - len(booked)))
        return _between(booked, others)

    def kinds_of_tasks(self) -> list[Task]:
        """Each in turn."""
        return list(islice(cycle(TASKS), self.tasks))


def _between(some: Sequence[Call], others: Sequence[Call]) -> list[Call]:
    shorter = min(len(some), len(others))
    pairs = zip(some[:shorter], others[:shorter], strict=True)
    return [*chain.from_iterable(pairs), *some[shorter:], *others[shorter:]]


WHOLE = Day(calls=20, bookings=10, texts=15, tasks=8)
SHORT = Day(calls=2, bookings=1, texts=2, tasks=1)
