"""What supervisors write beside a place of a recording: read by who may hear it, taken back by who wrote it."""

from collections.abc import Sequence

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.kernel.ids import RecordingId, UserId
from crm_core.users.rights import Right, ensure
from recordings import note_store, store
from recordings.errors import NoteNotFoundError, RecordingNotFoundError
from recordings.model import Note

LONGEST_NOTE = 500


async def of(db: Database, actor: Actor, recording_id: RecordingId) -> Sequence[Note]:
    """In the order in which they are heard. Raises ForbiddenError."""
    ensure(actor, Right.HEAR_RECORDINGS)
    async with db.connection() as conn:
        return await note_store.of(conn, recording_id)


async def write(db: Database, actor: Actor, recording_id: RecordingId, text: str, *, at_ms: int) -> int:
    """Without text it is a mark. Raises ForbiddenError, RecordingNotFoundError, InvalidInputError."""
    user_id = _supervisor(actor)
    async with db.transaction(actor) as tx:
        recording = await store.get(tx.conn, recording_id)
        if recording is None:
            raise RecordingNotFoundError("no such recording")
        if not 0 <= at_ms <= recording.duration_ms:
            raise InvalidInputError("outside the audio", field="at_ms")
        if len(text) > LONGEST_NOTE:
            raise InvalidInputError("too long", field="text")
        number = await note_store.insert(tx.conn, recording_id, user_id, text.strip(), at_ms=at_ms, now=tx.now)
        await audit.record(tx, "note on recording", "recording", recording_id, detail={"note": number, "at_ms": at_ms})
        return number


async def take_back(db: Database, actor: Actor, recording_id: RecordingId, number: int) -> None:
    """One's own only. Raises ForbiddenError, NoteNotFoundError."""
    user_id = _supervisor(actor)
    async with db.transaction(actor) as tx:
        if not await note_store.delete(tx.conn, recording_id, number, user_id):
            raise NoteNotFoundError("no such note of yours")
        await audit.record(tx, "take back note on recording", "recording", recording_id, detail={"note": number})


def _supervisor(actor: Actor) -> UserId:
    ensure(actor, Right.HEAR_RECORDINGS)
    ensure(actor, Right.SUPERVISE)
    if actor.user_id is None:
        raise ForbiddenError("only a person writes notes")
    return actor.user_id
