"""Hear, find, check and forget recordings. The right is looked at every time, each play is in the audit."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import CallId, RecordingId
from crm_core.patients import search_store
from crm_core.users.rights import Right, may
from recordings import finding, store
from recordings.errors import RangeNotSatisfiableError, RecordingNotFoundError
from recordings.model import Absence, Found, Kind, Recording, Wanted
from recordings.retention import Retention
from recordings.vault import Vault

PLAY_LASTS = timedelta(minutes=15)  # within it, a range from the middle goes on with a play that is already audited
FORGET_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Audio:
    """Bytes `start` up to, not including, `end` of a recording's wav."""

    recording: Recording
    start: int
    end: int
    _vault: Vault = field(repr=False)
    content_type: str = "audio/wav"

    @property
    def is_whole(self) -> bool:
        """Whether this is everything there is."""
        return self.start == 0 and self.end == self.recording.size_bytes

    async def chunks(self) -> AsyncIterator[bytes]:
        """Verified pieces of at most 64 KiB. Raises TamperedError in the middle when the disk was changed."""
        pieces = self._vault.pieces(self.recording, self.start, self.end)
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece


async def audio(
    db: Database, vault: Vault, actor: Actor, recording_id: RecordingId, *, start: int = 0, end: int | None = None
) -> Audio:
    """Part of the wav, for a player. Raises ForbiddenError, RecordingNotFoundError, RangeNotSatisfiableError.

    One audit row per play: a request from byte 0 is a play, one from the middle goes on with the same actor's play of
    the last 15 minutes, and is a play of its own when there is none.
    """
    await _require_right(db, actor, "play recording", recording_id)
    async with db.transaction(actor) as tx:
        recording = await _existing(tx.conn, recording_id)
        stop = recording.size_bytes if end is None else min(end, recording.size_bytes)
        if not 0 <= start < stop:
            raise RangeNotSatisfiableError("outside the audio")
        since = tx.now - PLAY_LASTS
        if start == 0 or not await store.was_played_since(tx.conn, actor, recording_id, since):
            await audit.record(
                tx, "play recording", "recording", recording_id, detail={"call_id": str(recording.call_id)}
            )
    return Audio(recording, start, stop, vault)


async def file(db: Database, vault: Vault, actor: Actor, recording_id: RecordingId) -> Audio:
    """The whole wav, for somebody who takes it away; audited. Raises ForbiddenError, RecordingNotFoundError."""
    await _require_right(db, actor, "download recording", recording_id)
    async with db.transaction(actor) as tx:
        recording = await _existing(tx.conn, recording_id)
        await audit.record(
            tx, "download recording", "recording", recording_id, detail={"call_id": str(recording.call_id)}
        )
    return Audio(recording, 0, recording.size_bytes, vault)


async def get(db: Database, actor: Actor, recording_id: RecordingId) -> Recording:
    """What is known of it, with its waveform. Raises ForbiddenError, RecordingNotFoundError."""
    await _require_right(db, actor, "see recording", recording_id)
    async with db.connection() as conn:
        return await _existing(conn, recording_id)


async def search(
    db: Database, actor: Actor, wanted: Wanted, *, limit: int = 50, after: Cursor | None = None
) -> Page[Found]:
    """Newest call first. Raises ForbiddenError. One audit row for the list, not one for each patient in it."""
    await _require_right(db, actor, "search recordings", "")
    async with db.transaction(actor) as tx:
        found = await _search(tx.conn, wanted, limit, after)
        by = [name for name in wanted.__slots__ if getattr(wanted, name)]
        await audit.record(tx, "search recordings", "recording", detail={"by": by, "shown": len(found.items)})
        return found


async def _search(conn: Connection, wanted: Wanted, limit: int, after: Cursor | None) -> Page[Found]:
    """People first, then their recordings: of somebody rare few rows are read, and of a name that many have, the
    newest are near."""
    if not wanted.text:
        return await finding.newest(conn, wanted, limit=limit, after=after)
    people = await search_store.few(conn, wanted.text)
    if people is None:
        return await finding.newest(conn, wanted, limit=limit, after=after)
    return await finding.of_people(conn, wanted, people, limit=limit, after=after)


async def of_call(db: Database, actor: Actor, call_id: CallId) -> tuple[list[Recording], Absence | None]:
    """What can be heard of a call, and when nothing can, why. Raises ForbiddenError."""
    await _require_right(db, actor, "see recording", call_id)
    async with db.connection() as conn:
        return await store.of_call(conn, call_id), await store.absence(conn, call_id)


async def is_intact(db: Database, vault: Vault, recording_id: RecordingId) -> bool:
    """Whether the audio on disk is, byte for byte, what was stored. Raises TamperedError, FileNotFoundError."""
    async with db.connection() as conn:
        recording = await _existing(conn, recording_id)
    return await asyncio.to_thread(_digest, vault, recording) == recording.sha256


def _digest(vault: Vault, recording: Recording) -> bytes:
    digest = sha256()
    for piece in vault.pieces(recording, 0, recording.size_bytes):
        digest.update(piece)
    return digest.digest()


async def forget(db: Database, vault: Vault, actor: Actor, retention: Retention, *, dry_run: bool) -> list[RecordingId]:
    """Delete what is kept no longer, at most a hundred of a kind at once; with `dry_run` only say what would go."""
    gone: list[RecordingId] = []
    for kind in Kind:
        async with db.connection() as conn:
            before = retention.over_before(kind, db.clock())
            due = await store.over(conn, kind, before, limit=FORGET_AT_ONCE)
        for recording in due:
            if not dry_run:
                await _forget(db, vault, actor, recording)
            gone.append(recording.id)
    return gone


async def _forget(db: Database, vault: Vault, actor: Actor, recording: Recording) -> None:
    async with db.transaction(actor) as tx:
        await store.delete(tx.conn, recording.id)
        if not await store.of_call(tx.conn, recording.call_id):
            await store.note_absence(tx.conn, recording.call_id, Absence.RETENTION, now=tx.now)
        await audit.record(
            tx, "delete recording", "recording", recording.id, detail={"call_id": str(recording.call_id)}
        )
    await asyncio.to_thread(vault.discard, recording.path)


async def _existing(conn: Connection, recording_id: RecordingId) -> Recording:
    recording = await store.get(conn, recording_id)
    if recording is None:
        raise RecordingNotFoundError("no such recording")
    return recording


async def _require_right(db: Database, actor: Actor, action: str, subject_id: object) -> None:
    if may(actor, Right.HEAR_RECORDINGS):
        return
    async with db.connection() as conn:
        await audit.write(conn, actor, action, "recording", subject_id, outcome="refused")
    raise ForbiddenError("may not hear recordings")
