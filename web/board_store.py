"""Counts across packages that only the wallboard needs: read-only SQL."""

from dataclasses import dataclass
from datetime import datetime

from crm_core.kernel.db import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls that began in a day. `waited_s`: mean of those an agent took out of the queue, None without any."""

    incoming: int
    outgoing: int
    reached_agent: int
    missed: int
    waited_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCounts:
    """Incoming calls of one hour on the hospital's clock, and how many of them nobody answered."""

    hour: int
    incoming: int
    missed: int


async def calls_between(conn: Connection, start: datetime, end: datetime) -> CallCounts:
    """One day in one row."""
    row = await conn.fetchrow(
        """
        SELECT count(*) FILTER (WHERE direction = 'in')::int AS incoming,
               count(*) FILTER (WHERE direction = 'out')::int AS outgoing,
               count(*) FILTER (WHERE direction = 'in' AND connected_at IS NOT NULL)::int AS reached_agent,
               count(*) FILTER (WHERE direction = 'in' AND queued_at IS NOT NULL AND connected_at IS NULL
                                AND state = 'ended')::int AS missed,
               avg(extract(epoch FROM connected_at - queued_at)) FILTER
                   (WHERE direction = 'in' AND connected_at >= queued_at)::float AS waited_s
        FROM call WHERE started_at >= $1 AND started_at < $2
        """,
        start,
        end,
    )
    return CallCounts(**dict(row or {}))


async def calls_by_hour(conn: Connection, start: datetime, end: datetime, zone: str) -> list[HourCounts]:
    """Hours with calls only."""
    rows = await conn.fetch(
        """
        SELECT extract(hour FROM started_at AT TIME ZONE $3)::int AS hour, count(*)::int AS incoming,
               count(*) FILTER (WHERE queued_at IS NOT NULL AND connected_at IS NULL AND state = 'ended')::int AS missed
        FROM call WHERE direction = 'in' AND started_at >= $1 AND started_at < $2
        GROUP BY 1 ORDER BY 1
        """,
        start,
        end,
        zone,
    )
    return [HourCounts(**dict(row)) for row in rows]


async def appointments_booked(conn: Connection, start: datetime, end: datetime) -> dict[str, int]:
    """By channel, how many were booked in this time and still stand."""
    rows = await conn.fetch(
        "SELECT channel, count(*)::int AS n FROM appointment WHERE booked_at >= $1 AND booked_at < $2 "
        "AND status <> 'cancelled' GROUP BY channel ORDER BY n DESC, channel",
        start,
        end,
    )
    return {row["channel"]: row["n"] for row in rows}
