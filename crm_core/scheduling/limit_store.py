"""What one patient may book, in PostgreSQL: one row."""

from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.scheduling.model import BookingRule


async def most_a_day(conn: Connection) -> int:
    """How many appointments one patient may have on one day."""
    return int(await conn.fetchval("SELECT most_a_day FROM booking_rule"))


async def booking_rule(conn: Connection, *, for_update: bool = False) -> BookingRule:
    """The same, with who set it last. `for_update`: nobody else does until the transaction ends."""
    if for_update:
        await conn.execute("SELECT 1 FROM booking_rule FOR NO KEY UPDATE")
    row = await conn.fetchrow(
        """
        SELECT r.most_a_day, r.version, coalesce(u.name, r.changed_by) AS changed_by, r.changed_at
        FROM booking_rule r LEFT JOIN app_user u ON u.login = r.changed_by
        """
    )
    assert row is not None
    return BookingRule(**row)


async def put_most_a_day(conn: Connection, most: int, *, changed_by: str, now: datetime) -> None:
    """As a new version."""
    await conn.execute(
        "UPDATE booking_rule SET most_a_day = $1, version = version + 1, changed_by = $2, changed_at = $3",
        most,
        changed_by,
        now,
    )
