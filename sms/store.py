"""Messages in PostgreSQL: written, read, listed. What happens around a modem is in outbound_store and inbound_store."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId, PatientId, SmsId
from sms.model import Direction, NewSms, Purpose, Sms, SmsSegment, SmsState


async def many(conn: Connection, sms_ids: Sequence[SmsId]) -> list[Sms]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        """
        SELECT sms.id, thread.id AS thread_id, direction, sms.peer, text, purpose, state, reason, priority, modem,
               patient_id, appointment_id, reply_to_id, created_by, coalesce(writer.name, '') AS writer,
               sms.created_at, not_before, sent_at, delivered_at, read_at, handled_at, tries
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN sms ON sms.id = wanted.id JOIN sms_thread AS thread ON thread.peer = sms.peer
        LEFT JOIN app_user AS writer ON writer.id = sms.written_by
        ORDER BY wanted.position
        """,
        sms_ids,
    )
    return [_sms(row) for row in rows]


def _sms(row: asyncpg.Record) -> Sms:
    fields = dict(row)
    purpose = fields["purpose"]
    fields |= {"direction": Direction(fields["direction"]), "state": SmsState(fields["state"])}
    return Sms(**fields | {"purpose": Purpose(purpose) if purpose else None})


async def newest_in(conn: Connection, peer: str, *, since: datetime) -> SmsId | None:
    """What this peer wrote last."""
    found: SmsId | None = await conn.fetchval(
        "SELECT id FROM sms WHERE peer = $1 AND direction = 'in' AND created_at > $2 ORDER BY id DESC LIMIT 1",
        peer,
        since,
    )
    return found


async def get(conn: Connection, sms_id: SmsId) -> Sms | None:
    """One message."""
    found = await many(conn, [sms_id])
    return found[0] if found else None


async def insert_out(
    conn: Connection, new: NewSms, *, modem: str, not_before: datetime, actor: Actor, now: datetime
) -> SmsId | None:
    """Queued; None when a message with this dedupe key exists."""
    found: SmsId | None = await conn.fetchval(
        """
        INSERT INTO sms (direction, peer, text, purpose, state, priority, modem, patient_id, appointment_id,
                         reply_to_id, dedupe_key, created_by, written_by, created_at, not_before)
        VALUES ('out', $1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (dedupe_key) DO NOTHING RETURNING id
        """,
        new.to,
        new.text,
        new.purpose.value,
        new.priority,
        modem,
        new.patient_id,
        new.appointment_id,
        new.reply_to,
        new.dedupe_key,
        actor.name,
        actor.user_id,
        now,
        not_before,
    )
    return found


async def insert_in(
    conn: Connection, *, peer: str, text: str, modem: str, patient_id: PatientId | None, now: datetime
) -> SmsId:
    """A whole message that came in."""
    return SmsId(
        await conn.fetchval(
            """
            INSERT INTO sms (direction, peer, text, state, modem, patient_id, created_by, created_at, not_before)
            VALUES ('in', $1, $2, 'received', $3, $4, 'modem', $5, $5) RETURNING id
            """,
            peer,
            text,
            modem,
            patient_id,
            now,
        )
    )


async def by_dedupe_key(conn: Connection, key: str) -> SmsId | None:
    """The message that was queued under this key."""
    found: SmsId | None = await conn.fetchval("SELECT id FROM sms WHERE dedupe_key = $1", key)
    return found


async def lock(conn: Connection, sms_id: SmsId) -> Sms | None:
    """The same, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM sms WHERE id = $1 FOR NO KEY UPDATE", sms_id)
    return await get(conn, sms_id)


async def segments(conn: Connection, sms_id: SmsId) -> list[SmsSegment]:
    """In order; none before the message was first handed to a modem."""
    rows = await conn.fetch(
        """
        SELECT number, total, state, modem, reference, status, sent_at, delivered_at
        FROM sms_segment WHERE sms_id = $1 ORDER BY number
        """,
        sms_id,
    )
    return [SmsSegment(**{**dict(row), "state": SmsState(row["state"])}) for row in rows]


async def page(
    conn: Connection,
    *,
    peer: str | None = None,
    direction: str | None = None,
    patient_id: PatientId | None = None,
    limit: int = 50,
    after: SmsId | None = None,
) -> list[Sms]:
    """Newest first; `after` is the last id of the page before."""
    rows = await conn.fetch(
        """
        SELECT id FROM sms
        WHERE ($1::text IS NULL OR peer = $1) AND ($2::text IS NULL OR direction = $2)
          AND ($3::bigint IS NULL OR patient_id = $3) AND ($4::bigint IS NULL OR id < $4)
        ORDER BY id DESC LIMIT $5
        """,
        peer,
        direction,
        patient_id,
        after,
        limit,
    )
    return await many(conn, [row["id"] for row in rows])


async def unread_count(conn: Connection) -> int:
    """Inbound messages nobody has read, all of them."""
    return int(await conn.fetchval("SELECT coalesce(sum(unread), 0) FROM sms_thread WHERE unread > 0"))


async def counts_since(conn: Connection, since: datetime) -> dict[tuple[str, str], int]:
    """(direction, state) -> how many since then, for the wallboard."""
    rows = await conn.fetch(
        "SELECT direction, state, count(*)::int AS n FROM sms WHERE created_at >= $1 GROUP BY direction, state", since
    )
    return {(row["direction"], row["state"]): row["n"] for row in rows}


async def waiting_count(conn: Connection) -> int:
    """Messages that wait for a modem."""
    return int(await conn.fetchval("SELECT count(*) FROM sms WHERE state = 'queued'"))


async def times_sent(conn: Connection, peer: str, purpose: Purpose, *, since: datetime) -> list[datetime]:
    """When messages of a purpose were queued for a peer and not given up; answers do not count."""
    rows = await conn.fetch(
        """
        SELECT created_at FROM sms
        WHERE peer = $1 AND direction = 'out' AND purpose = $2 AND created_at > $3 AND reply_to_id IS NULL
          AND state NOT IN ('failed', 'suppressed')
        """,
        peer,
        purpose.value,
        since,
    )
    return [row["created_at"] for row in rows]


async def newest_reminders(conn: Connection, appointment_ids: Sequence[AppointmentId]) -> list[Sms]:
    """The last message that reminded of each of these appointments, where there was one."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (appointment_id) id FROM sms
        WHERE appointment_id = ANY ($1::bigint[]) AND direction = 'out' ORDER BY appointment_id, id DESC
        """,
        appointment_ids,
    )
    return await many(conn, [row["id"] for row in rows])


async def reminders_that_failed(conn: Connection, appointment_id: AppointmentId) -> int:
    """Reminders of an appointment that certainly did not arrive: the next one may be sent."""
    return int(
        await conn.fetchval(
            """
            SELECT count(*) FROM sms WHERE appointment_id = $1 AND direction = 'out'
              AND state IN ('failed', 'expired', 'suppressed')
            """,
            appointment_id,
        )
    )
