"""Parts of inbound messages and conversations in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId, SmsId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPart:
    """What a modem handed over. `fingerprint` makes storing it twice harmless."""

    fingerprint: bytes
    modem: str
    peer: str = field(repr=False)
    reference: int | None
    total: int
    number: int
    text: str = field(repr=False)
    pdu: str = field(repr=False)
    smsc_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as kept. `sms_id` once it belongs to a message."""

    id: int
    modem: str
    peer: str = field(repr=False)
    reference: int | None
    total: int
    number: int
    pdu: str = field(repr=False)
    received_at: datetime
    sms_id: SmsId | None


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """Where a peer and we stand; `state` is what the machine wrote."""

    keyword: str
    state: Mapping[str, Any] = field(repr=False)


async def insert_part(conn: Connection, part: NewPart, *, now: datetime) -> int | None:
    """None when it is known already."""
    found: int | None = await conn.fetchval(
        """
        INSERT INTO sms_inbound_part
            (fingerprint, modem, peer, reference, total, number, text, pdu, smsc_at, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (fingerprint) DO NOTHING RETURNING id
        """,
        part.fingerprint,
        part.modem,
        part.peer,
        part.reference,
        part.total,
        part.number,
        part.text,
        part.pdu,
        part.smsc_at,
        now,
    )
    return found


async def parts_like(conn: Connection, part: NewPart, *, since: datetime) -> list[StoredPart]:
    """Parts that may belong to the same long message, assembled ones included."""
    rows = await conn.fetch(
        """
        SELECT id, modem, peer, reference, total, number, pdu, received_at, sms_id FROM sms_inbound_part
        WHERE modem = $1 AND peer = $2 AND reference = $3 AND total = $4 AND received_at >= $5 ORDER BY id
        """,
        part.modem,
        part.peer,
        part.reference,
        part.total,
        since,
    )
    return [StoredPart(**row) for row in rows]


async def waiting_parts(conn: Connection, *, before: datetime) -> list[StoredPart]:
    """Parts of long messages that have waited too long for the others, locked."""
    rows = await conn.fetch(
        """
        SELECT id, modem, peer, reference, total, number, pdu, received_at, sms_id FROM sms_inbound_part
        WHERE sms_id IS NULL AND reference IS NOT NULL AND received_at < $1
        ORDER BY id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
        """,
        before,
    )
    return [StoredPart(**row) for row in rows]


async def attach_parts(conn: Connection, part_ids: Sequence[int], sms_id: SmsId) -> None:
    """These are now that message."""
    await conn.execute("UPDATE sms_inbound_part SET sms_id = $2 WHERE id = ANY ($1::bigint[])", list(part_ids), sms_id)


async def lock_peer(conn: Connection, peer: str) -> None:
    """One message at a time per person, across all processes, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sms peer ' || $1, 0))", peer)


async def unhandled(conn: Connection, peer: str, up_to: SmsId) -> list[SmsId]:
    """What this peer wrote and the conversation has not taken, oldest first."""
    rows = await conn.fetch(
        "SELECT id FROM sms WHERE peer = $1 AND direction = 'in' AND handled_at IS NULL AND id <= $2 ORDER BY id",
        peer,
        up_to,
    )
    return [SmsId(row["id"]) for row in rows]


async def mark_handled(conn: Connection, sms_id: SmsId, *, now: datetime) -> bool:
    """False when it was handled before: whatever would follow must not happen again."""
    done = await conn.fetchval(
        "UPDATE sms SET handled_at = $2 WHERE id = $1 AND handled_at IS NULL RETURNING id", sms_id, now
    )
    return done is not None


async def set_patient(conn: Connection, sms_id: SmsId, patient_id: PatientId) -> None:
    """Who wrote it, found out later."""
    await conn.execute("UPDATE sms SET patient_id = $2 WHERE id = $1", sms_id, patient_id)


async def mark_read(conn: Connection, sms_id: SmsId, *, now: datetime) -> None:
    """Nobody needs to look at this one."""
    await conn.execute("UPDATE sms SET read_at = $2 WHERE id = $1 AND read_at IS NULL", sms_id, now)


async def replies_since(conn: Connection, peer: str, since: datetime) -> int:
    """How many answers a machine wrote to this peer."""
    return int(
        await conn.fetchval(
            """
            SELECT count(*) FROM sms
            WHERE peer = $1 AND direction = 'out' AND created_by = 'sms' AND created_at > $2
            """,
            peer,
            since,
        )
    )


async def last_wrote(conn: Connection, peer: str, since: datetime) -> UserId | None:
    """Who of the staff wrote to this peer by hand; None when nobody did, or the machine has asked them something since.

    A machine that answers asks nothing; a reminder does, and so does one that a person sends by a button.
    """
    found: UserId | None = await conn.fetchval(
        """
        SELECT CASE WHEN appointment_id IS NULL THEN written_by END FROM sms
        WHERE peer = $1 AND direction = 'out' AND created_at > $2 AND state <> 'suppressed'
          AND (written_by IS NOT NULL OR reply_to_id IS NULL)
        ORDER BY id DESC LIMIT 1
        """,
        peer,
        since,
    )
    return found


async def was_sent_by_us(conn: Connection, peer: str, text: str, since: datetime) -> bool:
    """Whether the peer sends our own words back: a machine on the other side."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT 1 FROM sms
                           WHERE peer = $1 AND direction = 'out' AND created_at > $3 AND text = $2)
            """,
            peer,
            text,
            since,
        )
    )


async def conversation(conn: Connection, peer: str, *, now: datetime) -> OpenConversation | None:
    """None when there is none or it has expired."""
    row = await conn.fetchrow(
        "SELECT keyword, state FROM sms_conversation WHERE peer = $1 AND expires_at > $2", peer, now
    )
    return OpenConversation(row["keyword"], row["state"]) if row else None


async def save_conversation(
    conn: Connection, peer: str, keyword: str, state: Mapping[str, Any], *, expires_at: datetime
) -> None:
    """One per peer: the newest wins."""
    await conn.execute(
        """
        INSERT INTO sms_conversation (peer, keyword, state, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (peer) DO UPDATE SET keyword = excluded.keyword, state = excluded.state,
            expires_at = excluded.expires_at
        """,
        peer,
        keyword,
        dict(state),
        expires_at,
    )


async def end_conversation(conn: Connection, peer: str) -> None:
    """Nothing is open any more."""
    await conn.execute("DELETE FROM sms_conversation WHERE peer = $1", peer)
