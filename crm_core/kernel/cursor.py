"""Where a list goes on: behind this place, whether or not its row is still there. Opaque outside.

One kind for every list. A place is what the list is ordered by (a moment, a number, or nothing but the id) and the id.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from crm_core.kernel.errors import InvalidInputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = "n"  # before an order that is a number of its own
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)  # before everything, when the newest comes first
LAST_UUID = UUID(int=2**128 - 1)
LAST_NUMBER = 2**63 - 1
LONGEST = 100

ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`by` is what the list is ordered by, None: the id alone. `id` is a number or a UUID as text."""

    by: datetime | int | None
    id: str

    def __str__(self) -> str:
        """What the reader sends back."""
        match self.by:
            case None:
                order = ""
            case int():
                order = f"{_NUMBER}{self.by}"
            case at:
                order = str((at - _EPOCH) // _MICROSECOND)
        return urlsafe_b64encode(f"{order}:{self.id}".encode()).decode().rstrip("=")

    @property
    def at(self) -> datetime:
        """The moment of a list by time. Raises InvalidInputError for another list's cursor."""
        if not isinstance(self.by, datetime):
            raise _foreign()
        return self.by

    @property
    def order(self) -> int:
        """The number of a list that has an order of its own. Raises InvalidInputError for another list's cursor."""
        if not isinstance(self.by, int):
            raise _foreign()
        return self.by

    @property
    def number(self) -> int:
        """The id of a list whose ids are numbers. Raises InvalidInputError for another list's cursor."""
        if not (self.id.isascii() and self.id.isdigit() and int(self.id) <= LAST_NUMBER):
            raise _foreign()
        return int(self.id)

    @property
    def alone(self) -> int:
        """The id of a list that is ordered by it and nothing else. Raises InvalidInputError for another list's."""
        if self.by is not None or not self.number:
            raise _foreign()
        return self.number

    @property
    def uuid(self) -> UUID:
        """The id of a list whose ids are UUIDs. Raises InvalidInputError for another list's cursor."""
        try:
            return UUID(self.id)
        except ValueError:
            raise _foreign() from None


def by_id(number: int) -> Cursor:
    """The place behind a row in a list by id."""
    return Cursor(None, str(number))


def parse(text: str) -> Cursor | None:
    """Back from outside; None for the first page. Raises InvalidInputError."""
    if not text:
        return None
    try:
        if len(text) > LONGEST:
            raise ValueError(text)
        order, _colon, id_ = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(":")
        return Cursor(_order(order), id_)
    except (ValueError, OverflowError):
        raise _foreign() from None


def _order(text: str) -> datetime | int | None:
    if not text:
        return None
    if text.startswith(_NUMBER):
        return int(text.removeprefix(_NUMBER))
    return _EPOCH + int(text) * _MICROSECOND


def _foreign() -> InvalidInputError:
    return InvalidInputError("not a cursor of this list", field="cursor")


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


def cut(rows: Sequence[ItemT], limit: int, cursor: Callable[[ItemT], Cursor]) -> Page[ItemT]:
    """The same of rows that are shown as they are."""
    return page_of(rows, limit, lambda row: row, cursor)
