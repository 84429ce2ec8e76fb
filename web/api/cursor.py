"""Cursors of lists: the id of the last item, checked on its way back."""

from collections.abc import Sequence
from typing import Protocol

from crm_core.kernel.errors import InvalidInputError


class HasId(Protocol):
    """An item of a list."""

    @property
    def id(self) -> int:
        """What the cursor is made of."""
        ...


def number(after: str) -> int | None:
    """The cursor of a list ordered by number; None for the first page."""
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InvalidInputError("`after` is not a cursor of this list", field="after")
    return int(after)


def following(items: Sequence[HasId], limit: int) -> str | None:
    """The cursor of the next page, None when this one was not full."""
    return str(items[-1].id) if len(items) == limit else None
