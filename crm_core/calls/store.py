"""The call log in PostgreSQL."""

from collections.abc import Container, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from crm_core.calls import leg_store
from crm_core.calls.model import AgentState, Call, CallState, Direction, Standing
from crm_core.drafts import store as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.kernel.cursor import END_OF_TIME, LAST_NUMBER, LAST_UUID, Cursor, Page, page_of
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AttemptId, CallId, Linkedid, Msisdn, PatientId, Uniqueid, UserId

Which = CallId | Linkedid  # ours, or the exchange's


COLUMNS = """
    c.id, c.linkedid, c.uniqueid, c.direction, c.caller, c.did, c.patient_id, c.language, c.state, c.path,
    c.flow_version, c.queue, c.started_at, c.answered_at, c.queued_at, c.connected_at, c.ended_at, c.end_reason,
    c.agent_id, coalesce(u.name, '') AS agent_name, coalesce(u.login, '') AS agent_login, c.disposition,
    c.notes, c.attempt_id"""
FROM = " FROM call c LEFT JOIN app_user u ON u.id = c.agent_id"
_CALL = "SELECT" + COLUMNS + FROM
_BY_ID = _CALL + " WHERE c.id = $1"
_BY_LINKEDID = _CALL + " WHERE c.linkedid = $1"
_HERE = """, (SELECT state FROM agent_state WHERE user_id = $2 AND call_id = c.id) AS here,
    coalesce((SELECT w.name FROM agent_state s JOIN app_user w ON w.id = s.asked_by
              WHERE s.user_id = $2 AND s.call_id = c.id), '') AS asked_by,
    """
_STANDING = (
    "SELECT"
    + COLUMNS
    + _HERE
    + drafts.OF_CALL
    + " AS draft, "
    + leg_store.OF_CALL
    + " AS legs"
    + FROM
    + " WHERE c.id = $1"
)
_LOCKED = " FOR NO KEY UPDATE OF c"


async def standing(conn: Connection, call_id: CallId, user_id: UserId | None) -> Standing | None:
    """The call as it stands for this person, in one statement."""
    row = await conn.fetchrow(_STANDING, call_id, user_id)
    if row is None:
        return None
    call = read(row, but=("here", "legs", "asked_by", "draft"))
    return Standing(
        call=call,
        legs=tuple(leg_store.from_json(call.id, row["legs"])),
        here=AgentState(row["here"]) if row["here"] else None,
        asked_by=row["asked_by"],
        draft=drafts.from_json(Subject(form=Form.CALL, call_id=call.id), row["draft"]),
    )


def read(row: asyncpg.Record, *, but: Container[str] = ()) -> Call:
    """A row of COLUMNS; `but` stand in it besides."""
    fields = {name: value for name, value in row.items() if name not in but}
    return Call(
        **fields
        | {
            "id": CallId(UUID(bytes=fields["id"].bytes)),
            "direction": Direction(fields["direction"]),
            "caller": fields["caller"] or None,
            "state": CallState(fields["state"]),
            "path": tuple(fields["path"]),
        }
    )


async def get(conn: Connection, call_id: CallId) -> Call | None:
    """One call."""
    row = await conn.fetchrow(_BY_ID, call_id)
    return read(row) if row else None


async def get_by_linkedid(conn: Connection, linkedid: Linkedid) -> Call | None:
    """One call, by the exchange's name for it."""
    row = await conn.fetchrow(_BY_LINKEDID, linkedid)
    return read(row) if row else None


async def get_by_uniqueid(conn: Connection, uniqueid: Uniqueid) -> Call | None:
    """The newest call on this patient's channel."""
    call_id = await conn.fetchval("SELECT id FROM call WHERE uniqueid = $1 ORDER BY started_at DESC LIMIT 1", uniqueid)
    return await get(conn, call_id) if call_id else None


async def lock(conn: Connection, which: Which) -> Call | None:
    """The call, and nobody else changes it until the transaction ends."""
    row = await conn.fetchrow((_BY_ID if isinstance(which, UUID) else _BY_LINKEDID) + _LOCKED, which)
    return read(row) if row else None


async def put(
    conn: Connection,
    call_id: CallId,
    *,
    linkedid: Linkedid,
    uniqueid: Uniqueid,
    direction: Direction,
    caller: Msisdn | None,
    did: str,
    patient_id: PatientId | None,
    language: str,
    attempt_id: AttemptId | None,
    now: datetime,
) -> tuple[CallId, bool]:
    """The call's id and whether it is new. What an earlier report of the same call left open is filled in."""
    row = await conn.fetchrow(
        """
        INSERT INTO call (id, linkedid, uniqueid, direction, caller, did, patient_id, language, state, started_at,
                          attempt_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'ringing', $9, $10)
        ON CONFLICT (linkedid) DO UPDATE SET
            caller = CASE WHEN call.caller = '' THEN excluded.caller ELSE call.caller END,
            did = CASE WHEN call.did = '' THEN excluded.did ELSE call.did END,
            patient_id = coalesce(call.patient_id, excluded.patient_id),
            attempt_id = coalesce(call.attempt_id, excluded.attempt_id),
            started_at = least(call.started_at, excluded.started_at)
        RETURNING id, xmax = 0 AS is_new
        """,
        call_id,
        linkedid,
        uniqueid,
        direction,
        caller or "",
        did,
        patient_id,
        language,
        now,
        attempt_id,
    )
    assert row is not None
    return CallId(UUID(bytes=row["id"].bytes)), row["is_new"]


async def mark_answered(conn: Connection, call_id: CallId, state: CallState, now: datetime) -> None:
    """Somebody or something picked up; the earliest time counts."""
    await conn.execute(
        "UPDATE call SET state = $2, answered_at = least(answered_at, $3) WHERE id = $1", call_id, state, now
    )


async def mark_queued(conn: Connection, call_id: CallId, state: CallState, queue: str, now: datetime) -> None:
    """Waiting for a person since now; also the second time, after a transfer to the queue."""
    await conn.execute(
        "UPDATE call SET state = $2, queue = $3, queued_at = $4 WHERE id = $1", call_id, state, queue, now
    )


async def fill_in_queue(conn: Connection, call_id: CallId, queue: str, now: datetime) -> None:
    """We hear late that the call had been in a queue."""
    await conn.execute(
        "UPDATE call SET queue = $2, queued_at = $3 WHERE id = $1 AND queued_at IS NULL", call_id, queue, now
    )


async def set_agent(conn: Connection, call_id: CallId, agent_id: UserId) -> None:
    """Who places a call of ours."""
    await conn.execute("UPDATE call SET agent_id = $2 WHERE id = $1 AND agent_id IS NULL", call_id, agent_id)


async def mark_connected(
    conn: Connection, call_id: CallId, state: CallState, agent_id: UserId | None, now: datetime
) -> None:
    """An agent speaks with the patient; the first agent's time counts, the newest agent is remembered."""
    await conn.execute(
        """
        UPDATE call SET state = $2, agent_id = coalesce($3, agent_id), connected_at = coalesce(connected_at, $4),
            answered_at = coalesce(answered_at, $4)
        WHERE id = $1
        """,
        call_id,
        state,
        agent_id,
        now,
    )


async def set_state(conn: Connection, call_id: CallId, state: CallState) -> None:
    """Only the state."""
    await conn.execute("UPDATE call SET state = $2 WHERE id = $1", call_id, state)


async def mark_ended(conn: Connection, call_id: CallId, reason: str, now: datetime) -> None:
    """The call is over."""
    await conn.execute(
        "UPDATE call SET state = 'ended', ended_at = $2, end_reason = $3 WHERE id = $1", call_id, now, reason
    )


async def set_patient(conn: Connection, call_id: CallId, patient_id: PatientId | None) -> None:
    """Raises ForeignKeyViolationError when there is no such patient."""
    await conn.execute("UPDATE call SET patient_id = $2 WHERE id = $1", call_id, patient_id)


async def set_language(conn: Connection, call_id: CallId, language: str) -> None:
    """zh_CN or en."""
    await conn.execute("UPDATE call SET language = $2 WHERE id = $1", call_id, language)


async def put_path(conn: Connection, call_id: CallId, before: int, nodes: Sequence[str], flow_version: str) -> None:
    """What follows the first `before` nodes, in order; a path never becomes shorter."""
    await conn.execute(
        "UPDATE call SET path = path[:$2] || $3::text[], flow_version = $4 "
        "WHERE id = $1 AND cardinality(path) < $2 + cardinality($3::text[])",
        call_id,
        before,
        list(nodes),
        flow_version,
    )


async def set_disposition(conn: Connection, call_id: CallId, disposition: str, notes: str) -> None:
    """How the agent says it ended."""
    await conn.execute("UPDATE call SET disposition = $2, notes = $3 WHERE id = $1", call_id, disposition, notes)


async def open_calls(conn: Connection) -> list[Call]:
    """Calls that have not ended as far as we know, oldest first."""
    return [read(row) for row in await conn.fetch(_CALL + " WHERE c.state <> 'ended' ORDER BY c.started_at, c.id")]


async def page(
    conn: Connection,
    *,
    caller: Msisdn | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    direction: str | None = None,
    patient_id: PatientId | None = None,
    limit: int = 50,
    after: Cursor | None = None,
) -> Page[Call]:
    """Newest first, begun in [since, until)."""
    rows = await conn.fetch(
        _CALL
        + """
        WHERE ($1::text IS NULL OR c.caller = $1) AND ($2::timestamptz IS NULL OR c.started_at >= $2)
          AND ($3::timestamptz IS NULL OR c.started_at < $3) AND ($4::text IS NULL OR c.direction = $4)
          AND ($5::bigint IS NULL OR c.patient_id = $5) AND (c.started_at, c.id) < ($6, $7::uuid)
        ORDER BY c.started_at DESC, c.id DESC LIMIT $8
        """,
        caller,
        since,
        until,
        direction,
        patient_id,
        after.at if after else END_OF_TIME,
        after.uuid if after else LAST_UUID,
        limit + 1,
    )
    return page_of(rows, limit, read, lambda row: Cursor(row["started_at"], str(row["id"])))


_LEG_COLUMNS = ", l.connected_at AS leg_at, l.id AS leg_id"
_OF_AGENT = (
    "SELECT"
    + COLUMNS
    + _LEG_COLUMNS
    + """
    FROM call_leg l JOIN call c ON c.id = l.call_id LEFT JOIN app_user u ON u.id = c.agent_id
    WHERE l.user_id = $1 AND (l.connected_at, l.id) < ($6, $7::bigint)
      AND NOT EXISTS (SELECT FROM call_leg again
                      WHERE again.call_id = l.call_id AND again.user_id = l.user_id AND again.id > l.id)
      AND ($2::text IS NULL OR c.caller = $2)
      AND ($3::timestamptz IS NULL OR (c.started_at >= $3 AND l.connected_at >= $3))
      AND ($4::timestamptz IS NULL OR (c.started_at < $4 AND l.connected_at < $4::timestamptz + interval '1 day'))
      AND ($5::text IS NULL OR c.direction = $5)
    ORDER BY l.connected_at DESC, l.id DESC LIMIT $8"""
)


async def of_agent(
    conn: Connection,
    agent_id: UserId,
    *,
    caller: Msisdn | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    direction: str | None = None,
    limit: int = 50,
    after: Cursor | None = None,
) -> Page[Call]:
    """Calls in which the agent spoke, the one they came into last first: the order of their legs, so that however
    long the log is, only a page of it is read. No call begins after its legs, and none lasts a day."""
    rows = await conn.fetch(
        _OF_AGENT,
        agent_id,
        caller,
        since,
        until,
        direction,
        after.at if after else END_OF_TIME,
        after.number if after else LAST_NUMBER,
        limit + 1,
    )
    return page_of(rows, limit, _call_of_leg, lambda row: Cursor(row["leg_at"], str(row["leg_id"])))


def _call_of_leg(row: asyncpg.Record) -> Call:
    return read(row, but=("leg_at", "leg_id"))
