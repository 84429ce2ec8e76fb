"""Recordings in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, RecordingId
from recordings.model import Absence, Kind, Recording
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
    row = await conn.fetchrow(_RECORDING + " WHERE r.id = $1", recording_id)
    return _recording(row) if row else None


_RECORDING = """
    SELECT r.id, r.call_id, r.kind, r.path, r.key, r.sha256, r.duration_ms, r.size_bytes, r.channels, r.peaks,
           r.created_at
    FROM recording r"""


async def of_call(conn: Connection, call_id: CallId) -> list[Recording]:
    """What was recorded of a call, the call itself first."""
    rows = await conn.fetch(_RECORDING + " WHERE r.call_id = $1 ORDER BY r.kind, r.created_at", call_id)
    return [_recording(row) for row in rows]


def _recording(row: asyncpg.Record) -> Recording:
    fields = dict(row)
    return Recording(**fields | {"kind": Kind(fields["kind"]), "peaks": tuple(fields["peaks"])})


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


async def over(conn: Connection, kind: Kind, before: datetime, *, limit: int) -> list[Recording]:
    """Recordings of calls from before that moment, oldest first."""
    rows = await conn.fetch(
        _RECORDING + " WHERE r.kind = $1 AND r.created_at < $2 ORDER BY r.created_at LIMIT $3",
        kind.value,
        before,
        limit,
    )
    return [_recording(row) for row in rows]


async def delete(conn: Connection, recording_id: RecordingId) -> None:
    """With it goes the key: what is left on the disk cannot be opened any more."""
    await conn.execute("DELETE FROM recording WHERE id = $1", recording_id)
