"""The wallboard's numbers in PostgreSQL."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCounts:
    """Calls that began in one hour on the hospital's clock. Of those who waited for a person and wait no more:
    `waited` were taken by one, `within` the promised time, `waited_s` is the sum of their waits; `missed`: nobody
    answered. `longest_s`: the longest wait of either."""

    hour: int
    incoming: int
    outgoing: int
    missed: int
    waited: int
    within: int
    waited_s: float
    longest_s: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """What one agent did today, and who is on their line now: nobody (`direction` ""), or a number, or a patient."""

    user_id: UserId
    incoming: int
    outgoing: int
    talked_s: float
    direction: str
    caller: str = field(repr=False)
    patient_id: PatientId | None
    patient_name: str = field(repr=False)


async def calls_by_hour(
    conn: Connection, start: datetime, end: datetime, zone: str, promised: timedelta
) -> list[HourCounts]:
    """Hours with calls only; `promised` is how soon a person should answer."""
    rows = await conn.fetch(
        """
        SELECT extract(hour FROM started_at AT TIME ZONE $3)::int AS hour,
               count(*) FILTER (WHERE direction = 'in')::int AS incoming,
               count(*) FILTER (WHERE direction = 'out')::int AS outgoing,
               count(*) FILTER (WHERE direction = 'in' AND queued_at IS NOT NULL AND connected_at IS NULL
                                AND state = 'ended')::int AS missed,
               count(*) FILTER (WHERE direction = 'in' AND connected_at >= queued_at)::int AS waited,
               count(*) FILTER (WHERE direction = 'in' AND connected_at BETWEEN queued_at AND queued_at + $4)::int
                   AS within,
               coalesce(sum(extract(epoch FROM connected_at - queued_at)) FILTER
                   (WHERE direction = 'in' AND connected_at >= queued_at), 0)::float AS waited_s,
               coalesce(max(extract(epoch FROM coalesce(connected_at, ended_at) - queued_at)) FILTER
                   (WHERE direction = 'in'), 0)::float AS longest_s
        FROM call WHERE started_at >= $1 AND started_at < $2
        GROUP BY 1 ORDER BY 1
        """,
        start,
        end,
        zone,
        promised,
    )
    return [HourCounts(**row) for row in rows]


async def open_calls(conn: Connection) -> list[OpenCall]:
    """By the time they wait or began."""
    rows = await conn.fetch(
        "SELECT state, caller, patient_id, coalesce(queued_at, started_at) AS since FROM call WHERE state <> 'ended' "
        "ORDER BY since, id"
    )
    return [OpenCall(**row) for row in rows]


async def at_work(conn: Connection, start: datetime, end: datetime, now: datetime) -> list[AtWork]:
    """Everybody who has a desk. A leg that goes on counts until `now`."""
    rows = await conn.fetch(
        """
        SELECT u.id AS user_id, today.incoming, today.outgoing, today.talked_s, coalesce(c.direction, '') AS direction,
               coalesce(c.caller, '') AS caller, c.patient_id, coalesce(p.name, '') AS patient_name
        FROM app_user u
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE call.direction = 'in')::int AS incoming,
                   count(*) FILTER (WHERE call.direction = 'out')::int AS outgoing,
                   coalesce(sum(extract(epoch FROM coalesce(l.left_at, $3) - l.connected_at)), 0)::float AS talked_s
            FROM call_leg l JOIN call ON call.id = l.call_id
            WHERE l.user_id = u.id AND l.connected_at >= $1 AND l.connected_at < $2) AS today
        LEFT JOIN agent_state a ON a.user_id = u.id AND a.state IN ('ringing', 'calling', 'on_call')
        LEFT JOIN call c ON c.id = a.call_id
        LEFT JOIN patient p ON p.id = c.patient_id
        WHERE u.is_active AND u.desk IS NOT NULL
        """,
        start,
        end,
        now,
    )
    return [AtWork(**row) for row in rows]


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
