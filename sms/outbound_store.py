"""The queue of outbound messages and their segments in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId, PatientId, SlotId, SmsId
from sms import store
from sms.model import ClaimId, Sms, SmsState


async def next_waiting(conn: Connection, modem: str, *, now: datetime, failover_before: datetime) -> Sms | None:
    """The most urgent message this modem may take, locked; rows other workers hold are passed over."""
    sms_id = await conn.fetchval(
        """
        SELECT id FROM sms
        WHERE state = 'queued' AND not_before <= $2 AND (modem IN ('', $1) OR created_at < $3)
        ORDER BY priority DESC, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        """,
        modem,
        now,
        failover_before,
    )
    return await store.get(conn, sms_id) if sms_id else None


async def lock_claim(conn: Connection, claim_id: ClaimId) -> None:
    """A claim is made or taken back, never both at once; until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sms claim ' || $1, 0))", str(claim_id))


async def mark_sending(
    conn: Connection, sms_id: SmsId, modem: str, claim_id: ClaimId, total: int, *, now: datetime
) -> None:
    """The message and its first segment are about to be handed over; what an earlier try left is forgotten."""
    await conn.execute(
        """
        UPDATE sms SET state = 'sending', reason = '', modem = $2, sending_at = $3, claim = $4, tries = tries + 1
        WHERE id = $1
        """,
        sms_id,
        modem,
        now,
        claim_id,
    )
    await conn.execute("DELETE FROM sms_segment WHERE sms_id = $1", sms_id)
    await conn.execute(
        """
        INSERT INTO sms_segment (sms_id, number, total, state, modem)
        SELECT $1, number, $3, CASE number WHEN 1 THEN 'sending' ELSE 'queued' END, $2
        FROM generate_series(1, $3::int) AS number
        """,
        sms_id,
        modem,
        total,
    )


async def mark_segment_sent(conn: Connection, sms_id: SmsId, number: int, reference: int, *, now: datetime) -> bool:
    """False when it was marked before: the call is repeated after a lost answer."""
    done = await conn.fetchval(
        """
        UPDATE sms_segment SET state = 'sent', reference = $3, sent_at = $4
        WHERE sms_id = $1 AND number = $2 AND state = 'sending' RETURNING number
        """,
        sms_id,
        number,
        reference,
        now,
    )
    return done is not None


async def mark_segment_sending(conn: Connection, sms_id: SmsId, number: int) -> None:
    """The next one is about to be handed over."""
    await conn.execute(
        "UPDATE sms_segment SET state = 'sending' WHERE sms_id = $1 AND number = $2 AND state = 'queued'",
        sms_id,
        number,
    )


async def set_state(conn: Connection, sms_id: SmsId, state: SmsState, *, reason: str = "") -> None:
    """Whatever it was before."""
    await conn.execute("UPDATE sms SET state = $2, reason = $3 WHERE id = $1", sms_id, state.value, reason)


async def mark_sent(conn: Connection, sms_id: SmsId, *, now: datetime) -> None:
    """Every segment is with the network."""
    await conn.execute("UPDATE sms SET state = 'sent', reason = '', sent_at = $2 WHERE id = $1", sms_id, now)


async def wait_until(conn: Connection, sms_id: SmsId, not_before: datetime, *, reason: str) -> None:
    """Back into the queue; `reason` says what it waits for."""
    await conn.execute(
        "UPDATE sms SET state = 'queued', not_before = $2, reason = $3 WHERE id = $1", sms_id, not_before, reason
    )


async def end_segments(conn: Connection, sms_id: SmsId, state: SmsState, *, old: Sequence[SmsState]) -> None:
    """Segments in one of the `old` states take the new one."""
    await conn.execute(
        "UPDATE sms_segment SET state = $2 WHERE sms_id = $1 AND state = ANY ($3::text[])",
        sms_id,
        state.value,
        [known.value for known in old],
    )


async def lock_claimed(conn: Connection, sms_id: SmsId, claim_id: ClaimId) -> Sms | None:
    """A message that is still being sent under this claim, locked; None when it is not any more."""
    found = await conn.fetchval(
        "SELECT id FROM sms WHERE id = $1 AND state = 'sending' AND claim = $2 FOR NO KEY UPDATE", sms_id, claim_id
    )
    return await store.get(conn, sms_id) if found else None


async def sending_of(conn: Connection, claim_id: ClaimId) -> Sms | None:
    """What is being sent under a claim, locked. Few messages are being sent at any time: one per modem."""
    sms_id = await conn.fetchval(
        "SELECT id FROM sms WHERE state = 'sending' AND claim = $1 FOR NO KEY UPDATE", claim_id
    )
    return await store.get(conn, sms_id) if sms_id else None


async def sending_on(conn: Connection, modem: str, *, in_hand: ClaimId | None) -> list[SmsId]:
    """What a modem was given, or was about to be, by somebody who is gone; not what is in hand now."""
    rows = await conn.fetch(
        """
        SELECT id FROM sms WHERE state = 'sending' AND modem = $1 AND claim IS DISTINCT FROM $2
        ORDER BY id FOR NO KEY UPDATE
        """,
        modem,
        in_hand,
    )
    return [SmsId(row["id"]) for row in rows]


async def sending_since(conn: Connection, before: datetime) -> list[SmsId]:
    """Stuck: their modem is no longer configured."""
    rows = await conn.fetch(
        "SELECT id FROM sms WHERE state = 'sending' AND sending_at < $1 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
        before,
    )
    return [SmsId(row["id"]) for row in rows]


async def segment_of_report(
    conn: Connection, modem: str, reference: int, peers: Sequence[str], *, since: datetime
) -> tuple[SmsId, int] | None:
    """The newest segment with this reference to this peer; references come again after 256 messages."""
    row = await conn.fetchrow(
        """
        SELECT s.sms_id, s.number FROM sms_segment s JOIN sms m ON m.id = s.sms_id
        WHERE s.modem = $1 AND s.reference = $2 AND s.sent_at > $4 AND m.peer = ANY ($3::text[])
        ORDER BY s.sent_at DESC LIMIT 1
        """,
        modem,
        reference,
        list(peers),
        since,
    )
    return (SmsId(row["sms_id"]), row["number"]) if row else None


async def set_report(
    conn: Connection, sms_id: SmsId, number: int, *, state: SmsState, status: int, delivered_at: datetime | None
) -> bool:
    """False when the segment's fate was known already."""
    done = await conn.fetchval(
        """
        UPDATE sms_segment SET state = $3, status = $4, delivered_at = $5
        WHERE sms_id = $1 AND number = $2 AND state IN ('sent', 'expired') RETURNING number
        """,
        sms_id,
        number,
        state.value,
        status,
        delivered_at,
    )
    return done is not None


async def mark_delivered(conn: Connection, sms_id: SmsId, *, at: datetime, reason: str = "") -> None:
    """Every segment is on the telephone, or a person says so."""
    await conn.execute(
        "UPDATE sms SET state = 'delivered', reason = $3, delivered_at = $2 WHERE id = $1", sms_id, at, reason
    )


async def without_report(conn: Connection, *, before: datetime, limit: int = 200) -> list[Sms]:
    """Sent, old, and nothing heard: locked for whoever asked."""
    rows = await conn.fetch(
        "SELECT id FROM sms WHERE state = 'sent' AND sent_at < $1 ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        before,
        limit,
    )
    return await store.many(conn, [row["id"] for row in rows])


async def withdraw_of_appointment(conn: Connection, appointment_id: AppointmentId, *, reason: str) -> list[SmsId]:
    """What was planned for an appointment and has not left; answers in a conversation go out."""
    rows = await conn.fetch(
        """
        UPDATE sms SET state = 'suppressed', reason = $2
        WHERE appointment_id = $1 AND direction = 'out' AND state = 'queued' AND reply_to_id IS NULL RETURNING id
        """,
        appointment_id,
        reason,
    )
    return [SmsId(row["id"]) for row in rows]


async def withdraw_cancellation(
    conn: Connection, patient_id: PatientId, slot_id: SlotId, *, reason: str
) -> list[SmsId]:
    """What tells of this patient's cancelled appointments of that time and has not left."""
    rows = await conn.fetch(
        """
        UPDATE sms SET state = 'suppressed', reason = $3
        WHERE state = 'queued' AND dedupe_key IN (
            SELECT 'cancelled:' || id FROM appointment
            WHERE patient_id = $1 AND slot_id = $2 AND status = 'cancelled') RETURNING id
        """,
        patient_id,
        slot_id,
        reason,
    )
    return [SmsId(row["id"]) for row in rows]


async def next_due_in_s(conn: Connection, modem: str, *, now: datetime, at_most_s: float) -> float:
    """Seconds until some message of this modem is due; at most `at_most_s`."""
    due: datetime | None = await conn.fetchval(
        "SELECT min(not_before) FROM sms WHERE state = 'queued' AND not_before > $2 AND modem IN ('', $1)", modem, now
    )
    return min(at_most_s, (due - now).total_seconds()) if due else at_most_s
