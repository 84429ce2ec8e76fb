"""From the monitor folder into the vault: seal, commit, and only then remove the plain files.

A crash between any two of these steps loses nothing: until the row is committed the plain files are there and the step
is done again; a sealed file without a row is swept away.
"""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from crm_core.calls import service as calls
from crm_core.calls import store as call_store
from crm_core.calls.model import Call
from crm_core.events import RecordingStored
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import CallId, Linkedid, RecordingId, Uniqueid
from crm_core.tasks import service as tasks
from recordings import store
from recordings.errors import CorruptAudioError
from recordings.files import Track, read_track
from recordings.model import Absence, Kind
from recordings.monitor import Monitor
from recordings.vault import Vault

log = logging.getLogger("recordings")

VOICEMAIL_DUE = timedelta(hours=2)
STRAY_AFTER_S = 3600.0  # longer than any sealing takes
ORPHAN_AFTER_S = 900.0  # audio of a call nobody told us about: no call is quiet for so long


async def store_call(db: Database, vault: Vault, monitor: Monitor, call_id: CallId) -> None:
    """Keep everything that was recorded of a call that is over. Safe to happen twice.

    Raises StillRecordingError when Asterisk wrote to it a moment ago.
    """
    async with db.connection() as conn:
        call = await call_store.get(conn, call_id)
    if call is None or call.ended_at is None:
        return
    await asyncio.to_thread(monitor.require_quiet, call.uniqueid, now=db.clock())
    reasons = [await _keep(db, vault, monitor, call, kind) for kind in Kind]
    if call.answered_at is None:
        return
    async with db.transaction(SYSTEM) as tx:
        if not await store.of_call(tx.conn, call_id):
            worst = next((reason for reason in reasons if reason), Absence.NO_FILE)
            await store.note_absence(tx.conn, call_id, worst, now=tx.now)
            log.warning("answered call without audio", extra={"call_id": str(call_id), "reason": worst.value})


async def _keep(db: Database, vault: Vault, monitor: Monitor, call: Call, kind: Kind) -> Absence | None:
    """None when it is stored or there was nothing; else why the files could not be used."""
    files = monitor.files(call.uniqueid, kind)
    existing = [file for file in files if await asyncio.to_thread(file.exists)]
    if not existing:
        return None
    source = files[0].name
    async with db.connection() as conn:
        is_stored = await store.is_stored(conn, source)
    reason = None if is_stored else await _seal(db, vault, call, kind, files)
    await asyncio.to_thread(_remove, existing)
    return reason


async def _seal(db: Database, vault: Vault, call: Call, kind: Kind, files: tuple[Path, ...]) -> Absence | None:
    tracks, reason = await asyncio.to_thread(_read_tracks, files)
    if reason:
        log.warning("audio is not usable", extra={"call_id": str(call.id), "kind": kind.value, "reason": reason.value})
    if not any(tracks):
        return reason or Absence.NO_FILE
    recording_id = RecordingId(uuid4())
    kept = await asyncio.to_thread(vault.keep, recording_id, tracks, db.clock())
    async with db.transaction(SYSTEM) as tx:
        is_new = await store.insert(tx.conn, recording_id, call.id, kind, kept, source=files[0].name, now=tx.now)
        if is_new:
            await store.forget_absence(tx.conn, call.id)
            await _announce(tx, call, kind, recording_id)
    if not is_new:
        await asyncio.to_thread(vault.discard, kept.path)
    return None


async def _announce(tx: Tx, call: Call, kind: Kind, recording_id: RecordingId) -> None:
    await tx.emit(RecordingStored(recording_id=recording_id, call_id=call.id))
    if kind is Kind.VOICEMAIL:
        await tasks.open_in(
            tx,
            kind="hear_voicemail",
            msisdn=call.caller,
            ref=f"calls/{call.id}",
            patient_id=call.patient_id,
            due_at=tx.now + VOICEMAIL_DUE,
        )


def _read_tracks(files: tuple[Path, ...]) -> tuple[list[Track | None], Absence | None]:
    tracks: list[Track | None] = []
    reason = None
    for file in files:
        try:
            tracks.append(read_track(file))
        except FileNotFoundError:
            tracks.append(None)
        except CorruptAudioError as error:
            tracks.append(None)
            reason = Absence(error.reason)
    return tracks, reason


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


async def sweep(db: Database, vault: Vault, monitor: Monitor) -> None:
    """Mend what a crash left: plain audio of calls that are over, sealed files that no row knows."""
    for uniqueid in await asyncio.to_thread(monitor.uniqueids):
        try:
            await _sweep_channel(db, vault, monitor, uniqueid)
        except (HcrmError, OSError) as error:
            if isinstance(error, HcrmError) and error.retryable:
                continue  # still open, or the database is away: the next round
            log.exception("left audio cannot be stored", extra={"uniqueid": uniqueid})
    await _sweep_strays(db, vault)


async def _sweep_channel(db: Database, vault: Vault, monitor: Monitor, uniqueid: Uniqueid) -> None:
    async with db.connection() as conn:
        call = await call_store.get_by_uniqueid(conn, uniqueid)
    if call is None and await asyncio.to_thread(monitor.quiet_s, uniqueid, now=db.clock()) > ORPHAN_AFTER_S:
        linkedid = Linkedid(uniqueid)
        call = await calls.start(db, linkedid=linkedid, uniqueid=uniqueid, direction="in", caller=None, did="")
        await calls.ended(db, linkedid, "lost")
    if call is not None:
        await store_call(db, vault, monitor, call.id)


async def _sweep_strays(db: Database, vault: Vault) -> None:
    paths = await asyncio.to_thread(vault.recent_paths)
    async with db.connection() as conn:
        unknown = await store.unknown_paths(conn, paths)
    for path in unknown:
        if await asyncio.to_thread(vault.age_s, path, now=db.clock()) > STRAY_AFTER_S:
            await asyncio.to_thread(vault.discard, path)
            log.info("sealed file without a row removed", extra={"path": path})
