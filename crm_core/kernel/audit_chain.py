"""The audit's chain of hashes: rows are sealed soon after their commit, and any change of a sealed row is seen."""

import asyncio
import logging
from dataclasses import dataclass

from crm_core.kernel.db import Connection, Database

log = logging.getLogger("audit")

SEAL_EVERY_S = 5.0
ROWS_AT_ONCE = 5_000
SEALS_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Seal `seal` is no longer true: of these rows one was changed, taken away or put in."""

    seal: int
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`strange` rows lie among sealed ones and were never sealed. `missing` numbers below the last seal have no row: of
    transactions that were rolled back. `head` is the last hash: who wrote it down elsewhere sees whether the end of the
    chain was cut off."""

    seals: int
    rows: int
    head: str
    breaks: tuple[Break, ...]
    strange: int
    missing: int
    unsealed: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed."""
        return not self.breaks and not self.strange


async def keep_sealing(db: Database) -> None:
    """Long-lived; of several processes one does it. Raises DatabaseUnavailableError."""
    while True:
        await seal(db)
        await asyncio.sleep(SEAL_EVERY_S)


async def seal(db: Database) -> int:
    """All rows that are committed now. How many."""
    sealed = 0
    async with db.connection() as conn:
        while some := await conn.fetchval("SELECT audit_seal_next($1)", ROWS_AT_ONCE):
            sealed += some
    return sealed


async def verify(db: Database) -> Verdict:
    """Every seal against every row; some seconds for each million."""
    breaks: list[Break] = []
    after = 0
    while checked := await _check(db, after):
        breaks += [one for one, is_whole in checked if not is_whole]
        after = checked[-1][0].seal
    async with db.connection() as conn:
        return await _verdict(conn, tuple(breaks))


async def _check(db: Database, after: int) -> list[tuple[Break, bool]]:
    async with db.connection() as conn:
        rows = await conn.fetch(
            "SELECT n, first_id, last_id, is_whole FROM audit_check_seals($1, $2)", after, SEALS_AT_ONCE
        )
    return [(Break(seal=r["n"], first_id=r["first_id"], last_id=r["last_id"]), r["is_whole"]) for r in rows]


async def _verdict(conn: Connection, breaks: tuple[Break, ...]) -> Verdict:
    row = await conn.fetchrow(
        """
        WITH chain AS (
            SELECT count(*) AS seals, coalesce(sum(rows), 0)::bigint AS rows, coalesce(max(upto), 0) AS upto
            FROM audit_seal
        )
        SELECT seals, rows, upto,
               (SELECT encode(hash, 'hex') FROM audit_seal ORDER BY n DESC LIMIT 1) AS head,
               (SELECT count(*) FROM audit WHERE id <= upto) AS found,
               (SELECT count(*) FROM audit_gap) AS open,
               (SELECT count(*) FROM audit WHERE id > upto) AS unsealed,
               (SELECT count(*) FROM audit JOIN audit_gap USING (id)) AS late
        FROM chain
        """
    )
    assert row
    return Verdict(
        seals=row["seals"],
        rows=row["rows"],
        head=row["head"] or "",
        breaks=breaks,
        strange=max(row["found"] - row["late"] - row["rows"], 0),
        missing=row["upto"] - row["rows"] - row["open"],
        unsealed=row["unsealed"] + row["late"],
    )
