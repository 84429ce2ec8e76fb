"""Where a list goes on: after this moment and this id, whether or not that row is still there. Opaque outside."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from crm_core.kernel.errors import InvalidInputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)  # before everything, when the newest comes first
LAST_UUID = UUID(int=2**128 - 1)
LAST_NUMBER = 2**63 - 1

ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`id` is a number or a UUID as text, whatever the list is ordered by beside the time."""

    at: datetime
    id: str

    def __str__(self) -> str:
        """What the reader sends back."""
        text = f"{(self.at - _EPOCH) // _MICROSECOND}:{self.id}"
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @property
    def number(self) -> int:
        """The id of a list whose ids are numbers. Raises InvalidInputError for another list's cursor."""
        if not (self.id.isascii() and self.id.isdigit() and len(self.id) < 19):
            raise _foreign()
        return int(self.id)

    @property
    def uuid(self) -> UUID:
        """The id of a list whose ids are UUIDs. Raises InvalidInputError for another list's cursor."""
        try:
            return UUID(self.id)
        except ValueError:
            raise _foreign() from None


def parse(text: str) -> Cursor | None:
    """Back from outside; None for the first page. Raises InvalidInputError."""
    if not text:
        return None
    try:
        at, _colon, id_ = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(":")
        return Cursor(_EPOCH + int(at) * _MICROSECOND, id_)
    except (ValueError, OverflowError):
        raise _foreign() from None


def _foreign() -> InvalidInputError:
    return InvalidInputError("`after` is not a cursor of this list", field="after")


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Part of a list. `next` is None when there is no more: one row beyond the page was asked for to know."""

    items: Sequence[ItemT]
    next: Cursor | None


def page_of(
    rows: Sequence[RowT], limit: int, make: Callable[[RowT], ItemT], cursor: Callable[[RowT], Cursor]
) -> Page[ItemT]:
    """Of `limit` + 1 rows that were asked for."""
    shown = rows[:limit]
    return Page([make(row) for row in shown], cursor(shown[-1]) if len(rows) > limit else None)
