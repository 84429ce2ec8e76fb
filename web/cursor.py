"""Cursors of lists: the place of the last item shown, opaque and checked on its way back.

A place is made of values, not of the row: when the row is deleted meanwhile, the list goes on behind it.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from crm_core.kernel.errors import InvalidInputError
from web.values import Id, Moment, Uuid

LONGEST = 100

ItemT = TypeVar("ItemT")
PlaceT = TypeVar("PlaceT")
ID: TypeAdapter[int] = TypeAdapter(Id)
ORDER_ID: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[int, Id])  # where the order is a number of its own
AT_ID: TypeAdapter[tuple[datetime, int]] = TypeAdapter(tuple[Moment, Id])
AT_UUID: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[Moment, Uuid])


def read(text: str, kind: TypeAdapter[PlaceT]) -> PlaceT | None:
    """The place where the page before ended; None for the first page. Raises InvalidInputError."""
    if not text:
        return None
    try:
        if len(text) > LONGEST or not text.isascii():
            raise ValueError(text)
        return kind.validate_json(urlsafe_b64decode(text + "=" * (-len(text) % 4)), strict=True)
    except (binascii.Error, ValueError, ValidationError):
        raise InvalidInputError("not a cursor of this list", field="cursor") from None


def write(place: PlaceT, kind: TypeAdapter[PlaceT]) -> str:
    """What `read` takes."""
    return urlsafe_b64encode(kind.dump_json(place)).rstrip(b"=").decode()


def cut(
    found: Sequence[ItemT], limit: int, kind: TypeAdapter[PlaceT], place: Callable[[ItemT], PlaceT]
) -> tuple[list[ItemT], str | None]:
    """The page of one more than `limit` that was asked for, and the cursor of what follows; None at the end."""
    shown = list(found[:limit])
    return shown, write(place(shown[-1]), kind) if len(found) > limit else None
