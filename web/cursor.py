"""Cursors of lists: opaque, checked on their way back.

Lists by time have `crm_core.kernel.cursor`; here are those by numbers. A place is made of values, not of the row: when
the row is deleted meanwhile, the list goes on behind it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from crm_core.kernel.errors import InvalidInputError
from web.values import Id

LONGEST = 100

ItemT = TypeVar("ItemT")
PlaceT = TypeVar("PlaceT")
ID: TypeAdapter[int] = TypeAdapter(Id)
ORDER_ID: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[int, Id])  # where the order is a number of its own


def read(text: str, kind: TypeAdapter[PlaceT]) -> PlaceT | None:
    """The place where the page before ended; None for the first page. Raises InvalidInputError."""
    if not text:
        return None
    try:
        if len(text) > LONGEST or not text.isascii():
            raise ValueError(text)
        return kind.validate_json(urlsafe_b64decode(text + "=" * (-len(text) % 4)), strict=True)
    except (ValueError, ValidationError):
        raise InvalidInputError("not a cursor of this list", field="cursor") from None


def write(place: PlaceT, kind: TypeAdapter[PlaceT]) -> str:
    """What `read` takes."""
    return urlsafe_b64encode(kind.dump_json(place)).rstrip(b"=").decode()


def cut(found: Sequence[ItemT], limit: int, cursor_of: Callable[[ItemT], str]) -> tuple[list[ItemT], str | None]:
    """The page of one more than `limit` that was asked for, and the cursor of what follows; None at the end."""
    shown = list(found[:limit])
    return shown, cursor_of(shown[-1]) if len(found) > limit else None
