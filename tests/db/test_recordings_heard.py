"""Sealed recordings: nobody hears without the right, each play is written down, what is over goes."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.crypto import TamperedError
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import Msisdn, RecordingId
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.users import service as users
from crm_core.users.passwords import generated_password
from recordings import service
from recordings.errors import RangeNotSatisfiableError, RecordingNotFoundError
from recordings.jobs import sweep_rounds
from recordings.model import Absence, Kind, Wanted
from recordings.retention import Retention
from tests.db.archive import AGENT, CALLER, SUPERVISOR, Archive
from tests.eventually import eventually

pytestmark = pytest.mark.db


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
