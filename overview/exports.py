"""A list that leaves the hospital as a file: who may, what is written down, and page after page of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page
from crm_core.kernel.db import Database
from crm_core.users.rights import Right, ensure

RowT = TypeVar("RowT")
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What leaves, for the audit: `by` are the names of the filters that were set, not what to."""

    subject: str
    rights: Collection[Right]
    by: Collection[str]


async def pages(
    db: Database, actor: Actor, export: Export, read: Callable[[Cursor | None], Awaitable[Page[RowT]]]
) -> AsyncIterator[Sequence[RowT]]:
    """Raises ForbiddenError before anything is read. An audit row says that it began, another how many rows it were.

    Each page is read by itself: an export of minutes holds nothing back, and what is written down of who saw whom is
    what is written down of any page of the list.
    """
    for right in export.rights:
        ensure(actor, right)
    await _note(db, actor, export, "begun", 0)
    count, after, is_over = 0, None, False
    while not is_over:
        page = await read(after)
        count, after, is_over = count + len(page.items), page.next, page.next is None
        yield page.items
    await _note(db, actor, export, "done", count)


async def _note(db: Database, actor: Actor, export: Export, outcome: str, count: int) -> None:
    detail = {"by": sorted(export.by), "count": count}
    async with db.transaction(actor) as tx:
        await audit.record(tx, "export list", export.subject, outcome=outcome, detail=detail)
