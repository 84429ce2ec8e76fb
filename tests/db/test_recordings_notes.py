"""Notes of supervisors beside a recording: where they belong, who may, and what the audit knows of them."""

from uuid import uuid4

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, Role
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.kernel.ids import RecordingId
from crm_core.users import service as users
from crm_core.users.passwords import generated_password
from recordings import notes, store
from recordings.errors import NoteNotFoundError, RecordingNotFoundError
from tests.db.archive import AGENT, SUPERVISOR, Archive

pytestmark = pytest.mark.db


async def supervisor(archive: Archive, login: str, name: str) -> Actor:
    made = await users.create(
        archive.db, SYSTEM, login=login, name=name, role=Role.SUPERVISOR, password=generated_password()
    )
    return made.actor


async def test_notes_are_read_in_the_order_in_which_they_are_heard(archive: Archive) -> None:
    recording = await archive.stored_call()
    sun, wu = await supervisor(archive, "sun", "孙慧"), await supervisor(archive, "wu", "吴刚")
    await notes.write(archive.db, sun, recording.id, "  问候得体 ", at_ms=2000)
    await notes.write(archive.db, wu, recording.id, "", at_ms=0)
    await notes.write(archive.db, wu, recording.id, "结尾", at_ms=recording.duration_ms)
    read = await notes.of(archive.db, SUPERVISOR, recording.id)
    assert [(note.at_ms, note.text, note.user_name) for note in read] == [
        (0, "", "吴刚"),
        (2000, "问候得体", "孙慧"),
        (3000, "结尾", "吴刚"),
    ]
    assert "问候" not in repr(read)
    assert await archive.audited("note on recording") == [("sun", "done"), ("wu", "done"), ("wu", "done")]


async def test_a_note_outside_the_audio_or_too_long_is_refused(archive: Archive) -> None:
    recording = await archive.stored_call()
    sun = await supervisor(archive, "sun", "孙慧")
    for at_ms, text, field in ((-1, "", "at_ms"), (3001, "", "at_ms"), (0, "长" * 501, "text")):
        with pytest.raises(InvalidInputError) as caught:
            await notes.write(archive.db, sun, recording.id, text, at_ms=at_ms)
        assert caught.value.field == field
    with pytest.raises(RecordingNotFoundError):
        await notes.write(archive.db, sun, RecordingId(uuid4()), "", at_ms=0)
    assert await notes.of(archive.db, sun, recording.id) == []


async def test_only_supervisors_write_and_only_who_wrote_takes_back(archive: Archive) -> None:
    recording, other = await archive.stored_call(), await archive.stored_call()
    sun, wu = await supervisor(archive, "sun", "孙慧"), await supervisor(archive, "wu", "吴刚")
    program = Actor(SUPERVISOR.kind, "program", Role.API)
    number = await notes.write(archive.db, sun, recording.id, "再听一遍", at_ms=100)
    for actor in (AGENT, program):
        with pytest.raises(ForbiddenError):
            await notes.write(archive.db, actor, recording.id, "", at_ms=0)
        with pytest.raises(ForbiddenError):
            await notes.take_back(archive.db, actor, recording.id, number)
    with pytest.raises(ForbiddenError):
        await notes.of(archive.db, AGENT, recording.id)
    assert len(await notes.of(archive.db, program, recording.id)) == 1
    for actor, of in ((wu, recording), (sun, other)):
        with pytest.raises(NoteNotFoundError):
            await notes.take_back(archive.db, actor, of.id, number)
    await notes.take_back(archive.db, sun, recording.id, number)
    assert await notes.of(archive.db, sun, recording.id) == []
    assert await archive.audited("take back note on recording") == [("sun", "done")]


async def test_notes_go_with_their_recording(archive: Archive) -> None:
    recording = await archive.stored_call()
    sun = await supervisor(archive, "sun", "孙慧")
    await notes.write(archive.db, sun, recording.id, "好", at_ms=0)
    async with archive.db.transaction(SYSTEM) as tx:
        await store.delete(tx.conn, recording.id)
    assert await notes.of(archive.db, sun, recording.id) == []
