"""Recordings on their way to the disk and PostgreSQL: nothing is lost, nothing stays plain."""

import wave
from dataclasses import replace
from io import BytesIO
from uuid import UUID, uuid4

import asyncpg
import numpy as np
import pytest

from crm_core import events
from crm_core.calls import service as calls
from crm_core.kernel.crypto import MasterKey, TamperedError
from crm_core.kernel.db import Tx, handler_table
from crm_core.kernel.event import Event
from crm_core.kernel.ids import CallId, Linkedid, RecordingId, Uniqueid
from overview.calls import lines_of
from recordings import keeping, service, vault
from recordings.errors import StillRecordingError
from recordings.jobs import jobs
from recordings.model import Absence, Kind
from recordings.vault import Vault
from tests.db.archive import CALLER, RATE, Archive

pytestmark = pytest.mark.db

AT_COMMIT = """
    CREATE TEMP TABLE twice (n int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP;
    INSERT INTO twice VALUES (1), (1)
"""


async def test_both_sides_of_a_call_are_sealed_and_the_plain_files_go(archive: Archive) -> None:
    recording = await archive.stored_call()
    assert (recording.kind, recording.channels, recording.duration_ms) == (Kind.CALL, 2, 3000)
    assert archive.plain_files() == []
    with wave.open(BytesIO(await archive.hear(recording)), "rb") as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    assert (heard[:, 0] == 8000).all()
    assert (heard[: RATE * 2, 1] == -4000).all()
    assert not heard[RATE * 2 :, 1].any()
    assert await service.is_intact(archive.db, archive.vault, recording.id)
    assert archive.happened == [events.RecordingStored(recording_id=recording.id, call_id=recording.call_id)]


async def test_on_disk_there_is_neither_audio_nor_a_way_in_for_others(archive: Archive) -> None:
    recording = await archive.stored_call()
    file = archive.vault.folder / recording.path
    assert b"RIFF" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    for folder in (archive.vault.folder, *(path for path in archive.vault.folder.rglob("*") if path.is_dir())):
        assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(TamperedError):
        b"".join(Vault(archive.vault.folder, MasterKey(b"x" * 32)).pieces(recording, 0, 10))


async def test_storing_twice_and_at_the_same_time_gives_one_recording(archive: Archive) -> None:
    call = await archive.ended_call()
    path = archive.write(call, "-rx.wav")
    await archive.store(call)
    await archive.store(call)
    path.write_bytes(b"left again by a crash before it could be deleted")
    archive.age(path, 60)
    await archive.store(call)
    assert len((await archive.of_call(call))[0]) == 1
    assert len(archive.sealed_files()) == 1
    assert archive.plain_files() == []


async def test_a_crash_before_the_row_is_committed_loses_nothing(archive: Archive) -> None:
    call = await archive.ended_call()
    path = archive.write(call, "-rx.wav")
    track, _ = keeping._read_tracks((path,))
    kept = archive.vault.keep(RecordingId(uuid4()), track, archive.db.clock())
    (archive.vault.folder / kept.path).with_suffix(vault.UNFINISHED).write_bytes(b"half")
    for stray in archive.sealed_files():
        archive.age(archive.vault.folder / stray, 7200)
    await keeping.sweep(archive.db, archive.vault, archive.monitor)  # the next start
    recordings, _ = await archive.of_call(call)
    assert [recording.path for recording in recordings] == archive.sealed_files()
    assert recordings[0].path != kept.path
    assert archive.plain_files() == []


@pytest.mark.parametrize("when", ["SELECT 1/0", AT_COMMIT], ids=["in the transaction", "at its commit"])
async def test_plain_audio_stays_until_the_row_is_committed(archive: Archive, when: str) -> None:
    async def fail(event: Event, tx: Tx) -> None:
        await tx.conn.execute(when)

    call = await archive.ended_call()
    path = archive.write(call, "-rx.wav")
    broken = replace(archive.db, handlers=handler_table([(events.RecordingStored, fail)]))
    with pytest.raises(asyncpg.PostgresError):
        await keeping.store_call(broken, archive.vault, archive.monitor, call.id)
    assert archive.plain_files() == [path.name]
    await archive.store(call)
    assert len((await archive.of_call(call))[0]) == 1
    assert archive.plain_files() == []


async def test_a_file_that_is_still_written_to_waits(archive: Archive) -> None:
    call = await archive.ended_call()
    path = archive.write(call, "-rx.wav", age_s=0.2)
    with pytest.raises(StillRecordingError) as caught:
        await archive.store(call)
    assert caught.value.retryable
    assert path.exists()
    await keeping.sweep(archive.db, archive.vault, archive.monitor)
    assert path.exists()


async def test_a_call_under_way_is_left_alone(archive: Archive) -> None:
    linkedid = Linkedid("1772424000.99")
    call = await calls.start(
        archive.db, linkedid=linkedid, uniqueid=Uniqueid(linkedid), direction="in", caller=CALLER, did="4000"
    )
    path = archive.write(call, "-rx.wav", age_s=7200)
    await keeping.sweep(archive.db, archive.vault, archive.monitor)
    assert path.exists()


async def test_an_answered_call_without_audio_says_why(archive: Archive) -> None:
    nothing, silent, broken, unanswered = [await archive.ended_call() for _ in range(3)] + [
        await archive.ended_call(answered=False)
    ]
    archive.write(silent, "-rx.wav", seconds=0)
    archive.write(broken, "-rx.wav").write_bytes(b"not a wav at all, whatever it was meant to be" * 3)
    archive.age(archive.monitor.folder / f"{broken.uniqueid}-rx.wav", 60)
    for call in (nothing, silent, broken, unanswered):
        await archive.store(call)
    found = [(await archive.of_call(call))[1] for call in (nothing, silent, broken, unanswered)]
    assert found == [Absence.NO_FILE, Absence.EMPTY, Absence.CORRUPT, None]
    archive.write(nothing, "-tx.wav")
    await archive.store(nothing)
    recordings, absence = await archive.of_call(nothing)
    assert (len(recordings), absence) == (1, None)


async def test_a_voicemail_waits_for_somebody_to_hear_it(archive: Archive) -> None:
    call = await archive.ended_call()
    archive.write(call, "-rx.wav")
    archive.write(call, "-voicemail.wav", seconds=5)
    await archive.store(call)
    recordings, _ = await archive.of_call(call)
    assert [(recording.kind, recording.channels) for recording in recordings] == [(Kind.CALL, 2), (Kind.VOICEMAIL, 1)]
    async with archive.db.connection() as conn:
        tasks = await conn.fetch("SELECT kind, msisdn, ref FROM task")
        (shown,) = await lines_of(conn, [call])
    assert [tuple(task) for task in tasks] == [("hear_voicemail", CALLER, f"calls/{call.id}")]
    assert shown.recording_id == recordings[0].id


async def test_audio_of_a_call_nobody_told_us_about_is_kept(archive: Archive) -> None:
    """The server was down from the first ring to the hang-up."""
    path = archive.monitor.folder / "1772424999.7-rx.wav"
    other = await archive.ended_call()
    archive.write(other, "-rx.wav").rename(path)
    archive.age(path, 60)
    await keeping.sweep(archive.db, archive.vault, archive.monitor)
    assert path.exists()
    archive.age(path, 7200)
    (archive.monitor.folder / "notes.txt").write_text("not ours")
    await keeping.sweep(archive.db, archive.vault, archive.monitor)
    assert archive.plain_files() == ["notes.txt"]
    async with archive.db.connection() as conn:
        rows = await conn.fetch("SELECT c.end_reason FROM recording r JOIN call c ON c.id = r.call_id")
    assert [row["end_reason"] for row in rows] == ["lost"]


async def test_the_end_of_a_call_leaves_one_job_that_stores_it(archive: Archive) -> None:
    call = await archive.ended_call()
    archive.write(call, "-rx.wav")
    async with archive.db.connection() as conn:
        rows = await conn.fetch("SELECT entrypoint, payload, execute_after > now() AS waits FROM pgqueuer")
    assert [(row["entrypoint"], row["waits"]) for row in rows] == [("store_recording", True)]
    (job,) = jobs(archive.db, archive.vault, archive.monitor)
    await job.run({"call_id": str(call.id)})
    assert len((await archive.of_call(call))[0]) == 1
    await job.run({"call_id": str(CallId(UUID(int=1)))})  # a call that does not exist harms nobody
