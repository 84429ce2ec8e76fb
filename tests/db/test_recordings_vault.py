"""Recordings on disk and in PostgreSQL: nothing is lost, nothing stays plain, nobody hears without the right."""

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import numpy as np
import pytest

from crm_core import events
from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.crypto import MasterKey, TamperedError
from crm_core.kernel.db import Database, Tx, handler_table, open_database
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.event import Event, Subscription
from crm_core.kernel.ids import CallId, Linkedid, Msisdn, RecordingId, Uniqueid
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.users import service as users
from crm_core.users.passwords import generated_password
from overview.calls import lines_of
from recordings import handlers, keeping, service, vault
from recordings.errors import RangeNotSatisfiableError, RecordingNotFoundError, StillRecordingError
from recordings.jobs import jobs, sweep_rounds
from recordings.model import Absence, Kind, Recording, Wanted
from recordings.monitor import Monitor
from recordings.retention import Retention
from recordings.vault import Vault
from tests.eventually import eventually

pytestmark = pytest.mark.db

RATE = 8000
CALLER = Msisdn("+8613800138000")
SUPERVISOR = Actor(ActorKind.USER, "sun", Role.SUPERVISOR)
AT_COMMIT = """
    CREATE TEMP TABLE twice (n int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP;
    INSERT INTO twice VALUES (1), (1)
"""
AGENT = Actor(ActorKind.USER, "li", Role.AGENT)


@dataclass
class Archive:
    db: Database
    vault: Vault
    monitor: Monitor
    happened: list[Event] = field(default_factory=list)
    number: int = 0

    async def ended_call(self, caller: Msisdn | None = CALLER, *, answered: bool = True, desk: str = "") -> Call:
        self.number += 1
        linkedid = Linkedid(f"1772424000.{self.number}")
        await calls.start(
            self.db, linkedid=linkedid, uniqueid=Uniqueid(linkedid), direction="in", caller=caller, did="4000"
        )
        if answered:
            await calls.answered(self.db, linkedid)
        if desk:
            await calls.connected(self.db, linkedid, desk)
        ended = await calls.ended(self.db, linkedid, "normal clearing")
        assert ended
        return ended

    def write(self, call: Call, suffix: str, seconds: float = 1.0, level: int = 8000, *, age_s: float = 60) -> Path:
        path = self.monitor.folder / f"{call.uniqueid}{suffix}"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.full(int(RATE * seconds), level, dtype="<i2").tobytes())
        self.age(path, age_s)
        return path

    def age(self, path: Path, age_s: float) -> None:
        then = self.db.clock().timestamp() - age_s
        os.utime(path, (then, then))

    def plain_files(self) -> list[str]:
        return sorted(path.name for path in self.monitor.folder.iterdir())

    def sealed_files(self) -> list[str]:
        return self.vault.recent_paths()

    async def store(self, call: Call) -> None:
        await keeping.store_call(self.db, self.vault, self.monitor, call.id)

    async def of_call(self, call: Call) -> tuple[list[Recording], Absence | None]:
        return await service.of_call(self.db, SUPERVISOR, call.id)

    async def stored_call(self, caller: Msisdn | None = CALLER, *, desk: str = "") -> Recording:
        call = await self.ended_call(caller, desk=desk)
        self.write(call, "-rx.wav", 3.0)
        self.write(call, "-tx.wav", 2.0, level=-4000)
        await self.store(call)
        return (await self.of_call(call))[0][0]

    async def hear(
        self, recording: Recording, start: int = 0, end: int | None = None, actor: Actor = SUPERVISOR
    ) -> bytes:
        audio = await service.audio(self.db, self.vault, actor, recording.id, start=start, end=end)
        return b"".join([chunk async for chunk in audio.chunks()])

    async def audited(self, action: str = "play recording") -> list[tuple[str, str]]:
        async with self.db.connection() as conn:
            rows = await conn.fetch("SELECT actor, outcome FROM audit WHERE action = $1 ORDER BY id", action)
        return [(row["actor"], row["outcome"]) for row in rows]


@pytest.fixture
async def archive(database_url: str, tmp_path: Path) -> AsyncIterator[Archive]:
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    (tmp_path / "monitor").mkdir()
    subscriptions: list[Subscription] = [
        *handlers.SUBSCRIPTIONS,
        (events.RecordingStored, note),
        (events.TaskOpened, note),
    ]
    async with open_database(database_url, subscriptions=subscriptions) as db:
        yield Archive(db, Vault(tmp_path / "recordings", MasterKey(b"m" * 32)), Monitor(tmp_path / "monitor"), happened)


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


async def test_a_player_may_begin_anywhere(archive: Archive) -> None:
    recording = await archive.stored_call()
    whole = await archive.hear(recording)
    assert await archive.hear(recording, 70_000, 70_100) == whole[70_000:70_100]
    assert await archive.hear(recording, 90_000, 10**9) == whole[90_000:]
    audio = await service.audio(archive.db, archive.vault, SUPERVISOR, recording.id, start=5)
    assert (audio.start, audio.end, audio.is_whole) == (5, recording.size_bytes, False)
    for start, end in ((recording.size_bytes, None), (10, 10), (-1, 5)):
        with pytest.raises(RangeNotSatisfiableError):
            await archive.hear(recording, start, end)


async def test_each_play_is_in_the_audit_once(archive: Archive) -> None:
    recording = await archive.stored_call()
    await archive.hear(recording)
    for start in (1000, 50_000, 90_000):
        await archive.hear(recording, start, start + 10)
    assert await archive.audited() == [("sun", "done")]
    await archive.hear(recording)
    assert len(await archive.audited()) == 2
    other = Actor(ActorKind.TOKEN, "token:3", Role.API)
    await archive.hear(recording, 1000, 1010, actor=other)  # nobody avoids the audit by beginning in the middle
    await archive.hear(recording, 2000, 2010, actor=other)
    assert await archive.audited() == [("sun", "done"), ("sun", "done"), ("token:3", "done")]


async def test_who_may_not_hear_recordings_is_refused_and_noted(archive: Archive) -> None:
    recording = await archive.stored_call()
    nobody = Actor(ActorKind.SYSTEM, "anonymous")
    for actor in (AGENT, nobody):
        with pytest.raises(ForbiddenError):
            await service.audio(archive.db, archive.vault, actor, recording.id)
        with pytest.raises(ForbiddenError):
            await service.search(archive.db, actor, Wanted())
    assert await archive.audited() == [("li", "refused"), ("anonymous", "refused")]
    with pytest.raises(RecordingNotFoundError):
        await service.audio(archive.db, archive.vault, SUPERVISOR, RecordingId(uuid4()))


async def test_taking_a_recording_away_is_audited_as_that(archive: Archive) -> None:
    recording = await archive.stored_call()
    taken = await service.file(archive.db, archive.vault, SUPERVISOR, recording.id)
    assert sum([len(piece) async for piece in taken.chunks()]) == recording.size_bytes
    assert len(await archive.audited("download recording")) == 1
    with pytest.raises(ForbiddenError):
        await service.file(archive.db, archive.vault, AGENT, recording.id)
    assert await archive.audited() == []


async def test_a_changed_file_is_not_played(archive: Archive) -> None:
    recording = await archive.stored_call()
    file = archive.vault.folder / recording.path
    changed = bytearray(file.read_bytes())
    changed[1000] ^= 1
    file.write_bytes(changed)
    with pytest.raises(TamperedError):
        await archive.hear(recording)
    with pytest.raises(TamperedError):
        await service.is_intact(archive.db, archive.vault, recording.id)


async def test_recordings_are_found_by_caller_agent_day_and_name(archive: Archive) -> None:
    patient = await patients.register(archive.db, SYSTEM, NewPatient(name="张三丰", phones=(CALLER,)))
    agent = await users.create(
        archive.db, SYSTEM, login="li", name="李敏", role=Role.AGENT, password=generated_password()
    )
    desk = await users.assign_desk(archive.db, agent.id)
    first = await archive.stored_call()
    second = await archive.stored_call(Msisdn("+8613911112222"), desk=desk)

    async def find(wanted: Wanted, **paging: object) -> list[RecordingId]:
        found = await service.search(archive.db, SUPERVISOR, wanted, **paging)  # type: ignore[arg-type]
        return [one.id for one in found.items]

    assert await find(Wanted()) == [second.id, first.id]
    newest = await service.search(archive.db, SUPERVISOR, Wanted(), limit=1)
    assert await find(Wanted(), limit=1, after=newest.next) == [first.id]
    assert await find(Wanted(caller=CALLER)) == [first.id]
    assert await find(Wanted(agent_id=agent.id)) == [second.id]
    assert await find(Wanted(patient_id=patient.id)) == [first.id]
    assert await find(Wanted(text="三丰")) == await find(Wanted(text="Zhang")) == [first.id]
    assert await find(Wanted(text="2222")) == [second.id]
    assert await find(Wanted(text="%")) == []
    now = archive.db.clock()
    assert await find(Wanted(since=now)) == await find(Wanted(until=now - timedelta(hours=1))) == []
    assert await find(Wanted(kind=Kind.VOICEMAIL)) == []
    assert await find(Wanted(direction="in")) == [second.id, first.id]
    assert await find(Wanted(direction="out")) == await find(Wanted(text="2222", direction="out")) == []
    assert await find(Wanted(agent_id=agent.id, disposition="complaint")) == []
    (line,) = (await service.search(archive.db, SUPERVISOR, Wanted(agent_id=agent.id))).items
    assert (line.agent_name, line.patient_name, line.duration_ms) == ("李敏", None, 3000)


async def test_what_is_kept_no_longer_goes_with_its_key_and_leaves_a_note(archive: Archive) -> None:
    recording = await archive.stored_call()
    day = Retention(call_days=1)
    assert await service.forget(archive.db, archive.vault, SYSTEM, day, dry_run=False) == []
    later = archive.db.clock() + timedelta(days=2)
    archive.db.clock = lambda: later
    assert await service.forget(archive.db, archive.vault, SYSTEM, day, dry_run=True) == [recording.id]
    assert archive.sealed_files() == [recording.path]
    assert await service.forget(archive.db, archive.vault, SYSTEM, day, dry_run=False) == [recording.id]
    assert archive.sealed_files() == []
    assert await service.of_call(archive.db, SUPERVISOR, recording.call_id) == ([], Absence.RETENTION)
    assert await archive.audited("delete recording") == [("system", "done")]


async def test_the_rounds_delete_what_is_over(archive: Archive) -> None:
    await archive.stored_call()
    later = archive.db.clock() + timedelta(days=2)
    archive.db.clock = lambda: later
    day = Retention(call_days=1)
    rounds = asyncio.ensure_future(sweep_rounds(archive.db, archive.vault, archive.monitor, day))
    try:
        await eventually(lambda: archive.sealed_files() == [], what="the sealed file is gone")
    finally:
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)
    assert await archive.audited("delete recording") == [("system", "done")]


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
