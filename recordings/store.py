"""Recordings in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, RecordingId
from recordings.model import Absence, Found, Kind, Recording, Wanted
from recordings.vault import Kept


async def insert(
    conn: Connection, recording_id: RecordingId, call_id: CallId, kind: Kind, kept: Kept, *, source: str, now: datetime
) -> bool:
    """False when this source was stored before: then the other file counts."""
    sealed = kept.sealed
    done = await conn.execute(
        """
        INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, peaks,
                               created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (source) DO NOTHING
        """,
        recording_id,
        call_id,
        kind.value,
        source,
        kept.path,
        kept.key,
        sealed.sha256,
        sealed.duration_ms,
        sealed.size_bytes,
        sealed.channels,
        list(sealed.peaks),
        now,
    )
    return bool(done == "INSERT 0 1")


async def get(conn: Connection, recording_id: RecordingId) -> Recording | None:
    """One recording."""
    found = await _many(conn, [recording_id])
    return found[0] if found else None


async def of_call(conn: Connection, call_id: CallId) -> list[Recording]:
    """What was recorded of a call, the call itself first."""
    rows = await conn.fetch("SELECT id FROM recording WHERE call_id = $1 ORDER BY kind, created_at", call_id)
    return await _many(conn, [row["id"] for row in rows])


async def _many(conn: Connection, recording_ids: Sequence[RecordingId]) -> list[Recording]:
    rows = await conn.fetch(
        """
        SELECT r.id, r.call_id, r.kind, r.path, r.key, r.sha256, r.duration_ms, r.size_bytes, r.channels, r.peaks,
               r.created_at
        FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, position) JOIN recording r USING (id)
        ORDER BY wanted.position
        """,
        recording_ids,
    )
    return [_recording(row) for row in rows]


def _recording(row: asyncpg.Record) -> Recording:
    fields = dict(row)
    return Recording(**fields | {"kind": Kind(fields["kind"]), "peaks": tuple(fields["peaks"])})


async def ids_of_calls(conn: Connection, call_ids: Sequence[CallId]) -> dict[CallId, RecordingId]:
    """The recording a list of calls shows: the call itself, else its voicemail."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (call_id) call_id, id FROM recording WHERE call_id = ANY ($1::uuid[]) "
        "ORDER BY call_id, kind, created_at",
        call_ids,
    )
    return {row["call_id"]: row["id"] for row in rows}


async def is_stored(conn: Connection, source: str) -> bool:
    """Whether the file of this name has been sealed before."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT 1 FROM recording WHERE source = $1)", source))


async def unknown_paths(conn: Connection, paths: Sequence[str]) -> list[str]:
    """Those of `paths` that no recording has."""
    rows = await conn.fetch(
        "SELECT path FROM unnest($1::text[]) AS on_disk (path) "
        "WHERE NOT EXISTS (SELECT 1 FROM recording r WHERE r.path = on_disk.path)",
        paths,
    )
    return [row["path"] for row in rows]


async def note_absence(conn: Connection, call_id: CallId, reason: Absence, *, now: datetime) -> None:
    """Why there is nothing to hear; the first reason stays."""
    await conn.execute(
        "INSERT INTO recording_absence (call_id, reason, at) VALUES ($1, $2, $3) ON CONFLICT (call_id) DO NOTHING",
        call_id,
        reason.value,
        now,
    )


async def forget_absence(conn: Connection, call_id: CallId) -> None:
    """The audio came after all."""
    await conn.execute("DELETE FROM recording_absence WHERE call_id = $1", call_id)


async def absence(conn: Connection, call_id: CallId) -> Absence | None:
    """Why an answered call has no audio, when it has none."""
    reason = await conn.fetchval("SELECT reason FROM recording_absence WHERE call_id = $1", call_id)
    return Absence(reason) if reason else None


async def was_played_since(conn: Connection, actor: Actor, recording_id: RecordingId, since: datetime) -> bool:
    """Whether the audit knows that this actor began to hear it."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT 1 FROM audit WHERE subject = 'recording' AND subject_id = $1 AND at >= $2
                           AND action = 'play recording' AND outcome = 'done' AND actor_kind = $3 AND actor = $4)
            """,
            str(recording_id),
            since,
            actor.kind.value,
            actor.name,
        )
    )


async def search(conn: Connection, wanted: Wanted, *, limit: int = 50, after: RecordingId | None = None) -> list[Found]:
    """Newest call first; `after` is the last recording of the page before."""
    rows = await conn.fetch(
        """
        SELECT r.id, r.call_id, r.kind, c.direction, c.caller, c.patient_id, p.name AS patient_name, c.agent_id,
               u.name AS agent_name, c.disposition, c.started_at, r.duration_ms, r.created_at
        FROM recording r JOIN call c ON c.id = r.call_id
        LEFT JOIN patient p ON p.id = c.patient_id LEFT JOIN app_user u ON u.id = c.agent_id
        WHERE ($1::text IS NULL OR c.caller = $1)
          AND ($2::text IS NULL OR p.search LIKE $2 OR c.caller LIKE $2)
          AND ($3::bigint IS NULL OR c.agent_id = $3 OR c.id IN (SELECT call_id FROM call_leg WHERE user_id = $3))
          AND ($4::bigint IS NULL OR c.patient_id = $4)
          AND ($5::timestamptz IS NULL OR c.started_at >= $5)
          AND ($6::timestamptz IS NULL OR c.started_at < $6)
          AND ($7::text IS NULL OR r.kind = $7)
          AND ($8::uuid IS NULL OR (c.started_at, r.id) < (
                SELECT lc.started_at, lr.id FROM recording lr JOIN call lc ON lc.id = lr.call_id WHERE lr.id = $8))
        ORDER BY c.started_at DESC, r.id DESC LIMIT $9
        """,
        wanted.caller,
        _pattern(wanted.text),
        wanted.agent_id,
        wanted.patient_id,
        wanted.since,
        wanted.until,
        wanted.kind.value if wanted.kind else None,
        after,
        limit,
    )
    return [Found(**{**dict(row), "kind": Kind(row["kind"])}) for row in rows]


def _pattern(text: str) -> str | None:
    words = text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{words}%" if words else None


async def over(conn: Connection, kind: Kind, before: datetime, *, limit: int) -> list[Recording]:
    """Recordings of calls from before that moment, oldest first."""
    rows = await conn.fetch(
        "SELECT id FROM recording WHERE kind = $1 AND created_at < $2 ORDER BY created_at LIMIT $3",
        kind.value,
        before,
        limit,
    )
    return await _many(conn, [row["id"] for row in rows])


async def delete(conn: Connection, recording_id: RecordingId) -> None:
    """With it goes the key: what is left on the disk cannot be opened any more."""
    await conn.execute("DELETE FROM recording WHERE id = $1", recording_id)
