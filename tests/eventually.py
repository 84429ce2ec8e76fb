"""Await a state with a deadline; never sleep and hope."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    look: Callable[[], Awaitable[T]], *, within_s: float = ..., every_s: float = ..., what: str = ...
) -> T: ...


@overload
async def eventually(look: Callable[[], T], *, within_s: float = ..., every_s: float = ..., what: str = ...) -> T: ...


async def eventually(look: Callable[[], Any], *, within_s: float = 60.0, every_s: float = 0.02, what: str = "") -> Any:
    """The first truthy value that `look` gives. Raises AssertionError when there is none in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    for _ in count():
        value = look()
        seen = await value if inspect.isawaitable(value) else value
        if seen:
            return seen
        assert loop.time() < deadline, f"not within {within_s} s: {what or look}, last seen {seen!r}"
        await asyncio.sleep(every_s)
    raise AssertionError("unreachable")
