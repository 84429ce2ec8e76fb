"""The wallboard's numbers in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCounts:
    """Calls that began in one hour on the hospital's clock. `waited_s` is the sum of the `waited` whom an agent took
    out of the queue; `missed`: nobody answered."""

    hour: int
    incoming: int
    outgoing: int
    missed: int
    waited: int
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Messages of the day, and what waits for a modem, a reader, a person."""

    texts_in: int
    texts_out: int
    texts_waiting: int
    unread: int
    open_tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call under way."""

    state: str
    caller: str
    patient_id: PatientId | None
    since: datetime


async def calls_by_hour(conn: Connection, start: datetime, end: datetime, zone: str) -> list[HourCounts]:
    """Hours with calls only."""
    rows = await conn.fetch(
        """
        SELECT extract(hour FROM started_at AT TIME ZONE $3)::int AS hour,
               count(*) FILTER (WHERE direction = 'in')::int AS incoming,
               count(*) FILTER (WHERE direction = 'out')::int AS outgoing,
               count(*) FILTER (WHERE direction = 'in' AND queued_at IS NOT NULL AND connected_at IS NULL
                                AND state = 'ended')::int AS missed,
               count(*) FILTER (WHERE direction = 'in' AND connected_at >= queued_at)::int AS waited,
               coalesce(sum(extract(epoch FROM connected_at - queued_at)) FILTER
                   (WHERE direction = 'in' AND connected_at >= queued_at), 0)::float AS waited_s
        FROM call WHERE started_at >= $1 AND started_at < $2
        GROUP BY 1 ORDER BY 1
        """,
        start,
        end,
        zone,
    )
    return [HourCounts(**row) for row in rows]


async def open_calls(conn: Connection) -> list[OpenCall]:
    """By the time they wait or began."""
    rows = await conn.fetch(
        "SELECT state, caller, patient_id, coalesce(queued_at, started_at) AS since FROM call WHERE state <> 'ended' "
        "ORDER BY since, id"
    )
    return [OpenCall(**row) for row in rows]


async def appointments_booked(conn: Connection, start: datetime, end: datetime) -> dict[str, int]:
    """By channel, how many were booked in this time and still stand."""
    rows = await conn.fetch(
        "SELECT channel, count(*)::int AS n FROM appointment WHERE booked_at >= $1 AND booked_at < $2 "
        "AND status <> 'cancelled' GROUP BY channel ORDER BY n DESC, channel",
        start,
        end,
    )
    return {row["channel"]: row["n"] for row in rows}


async def pending(conn: Connection, since: datetime) -> Pending:
    """In one statement."""
    row = await conn.fetchrow(
        """
        SELECT today.texts_in, today.texts_out,
               (SELECT count(*) FROM sms WHERE state = 'queued')::int AS texts_waiting,
               (SELECT count(*) FROM sms WHERE direction = 'in' AND read_at IS NULL)::int AS unread,
               (SELECT count(*) FROM task WHERE status = 'open')::int AS open_tasks
        FROM (SELECT count(*) FILTER (WHERE direction = 'in')::int AS texts_in,
                     count(*) FILTER (WHERE direction = 'out' AND state IN ('sent', 'delivered'))::int AS texts_out
              FROM sms WHERE created_at >= $1) AS today
        """,
        since,
    )
    assert row is not None
    return Pending(**row)
