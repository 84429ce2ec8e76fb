"""What happened, for whoever was not listening. Written by `Tx.emit`, read in the order (transaction, id), kept KEPT.

Ids are given before a commit, so a reader who went by them would pass over what a slower transaction writes later.
Transactions have numbers too, and PostgreSQL says below which number all have ended: there nothing is added any more,
and so far a reader may go. docs/events.md, docs/decisions/0094-event-log.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import HcrmError

KEPT = timedelta(days=30)
ROWS_AT_ONCE = 10_000
SETTLED = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class ForgottenError(HcrmError):
    """What came after this place is not kept any more: read everything once, then begin anew."""

    code = "events_forgotten"


@dataclass(frozen=True, slots=True)
class Place:
    """Behind what a reader has read. `era` changes when the database comes out of a backup."""

    era: int
    tx: int
    id: int

    @classmethod
    def of(cls, cursor: Cursor) -> "Place":
        """Back from outside. Raises InvalidInputError."""
        era, _dot, id_ = cursor.id.partition(".")
        return cls(Cursor(None, era).number, cursor.order, Cursor(None, id_).number)

    @property
    def cursor(self) -> Cursor:
        """What the reader sends back."""
        return Cursor(self.tx, f"{self.era}.{self.id}")


@dataclass(frozen=True, slots=True)
class Logged:
    """One event as it was told."""

    place: Place
    at: datetime
    type: str
    public: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of the log. `place` is behind all of it, also when there is nothing; `is_end`: there is no more now."""

    events: Sequence[Logged]
    place: Place
    is_end: bool


async def settled(conn: Connection) -> int:
    """Every transaction below this number has ended."""
    return int(await conn.fetchval(SETTLED))


async def now(conn: Connection) -> Place:
    """Behind everything that has happened."""
    era, _oldest = await _begins(conn)
    return Place(era, await settled(conn), 0)


async def read(conn: Connection, after: Place | None, *, types: Sequence[str] | None, limit: int) -> Stretch:
    """Oldest first; from the oldest that is kept, or behind a place. Raises ForgottenError."""
    era, oldest = await _begins(conn)
    place = after or oldest
    end = await settled(conn)
    if place.era != era or (place.tx, place.id) < (oldest.tx, oldest.id) or place.tx > end:
        raise ForgottenError("what came after this place is not kept any more")
    rows = await conn.fetch(
        """
        SELECT tx, id, at, type, public FROM event_log
        WHERE (tx, id) > ($1, $2) AND tx < $3 AND ($4::text[] IS NULL OR type = ANY ($4))
        ORDER BY tx, id LIMIT $5
        """,
        place.tx,
        place.id,
        end,
        types,
        limit + 1,
    )
    events = [Logged(Place(era, row["tx"], row["id"]), row["at"], row["type"], row["public"]) for row in rows[:limit]]
    if len(rows) > limit:
        return Stretch(events, events[-1].place, is_end=False)
    return Stretch(events, max(place, Place(era, end, 0), key=_order), is_end=True)


async def _begins(conn: Connection) -> tuple[int, Place]:
    (row,) = await conn.fetch("SELECT era, tx, id FROM event_log_start")
    return row["era"], Place(row["era"], row["tx"], row["id"])


def _order(place: Place) -> tuple[int, int]:
    return place.tx, place.id


async def told_since(conn: Connection, tx: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """What transactions from this number on have told and can be seen now, as notices; the first `limit`."""
    rows = await conn.fetch(
        "SELECT type, public FROM event_log WHERE tx >= $1 ORDER BY tx, id LIMIT $2",
        tx,
        limit,
    )
    return [{"type": row["type"], **row["public"]} for row in rows]


async def forget(db: Database) -> int:
    """What was written down more than KEPT ago, a batch at a time; how many."""
    gone = 0
    while count := await _forget_some(db):
        gone += count
    return gone


async def _forget_some(db: Database) -> int:
    """The place is moved with the rows, so nobody reads over a gap without being told."""
    async with db.connection() as conn, conn.transaction():
        count = await conn.fetchval(
            """
            WITH aged AS (SELECT tx, id FROM event_log WHERE written_at < $1 ORDER BY written_at LIMIT $2),
                 old AS (DELETE FROM event_log WHERE (tx, id) IN (SELECT tx, id FROM aged) RETURNING tx, id),
                 last AS (SELECT tx, id FROM old ORDER BY tx DESC, id DESC LIMIT 1),
                 moved AS (UPDATE event_log_start s SET tx = last.tx, id = last.id FROM last
                           WHERE (s.tx, s.id) < (last.tx, last.id))
            SELECT count(*) FROM old
            """,
            db.clock() - KEPT,
            ROWS_AT_ONCE,
        )
    return int(count)
