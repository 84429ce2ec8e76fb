"""`eventually` for tests that are not asynchronous: await a state with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def soon(look: Callable[[], T], *, within_s: float = 60.0, every_s: float = 0.05, what: object = "") -> T:
    """The first truthy value that `look` gives. Raises AssertionError when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what or look}, last seen {seen!r}"
        time.sleep(every_s)
    return seen
