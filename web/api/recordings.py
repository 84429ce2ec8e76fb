"""`/recordings`: what can be heard. Ids are random; the right is checked and each play audited every time."""

from uuid import UUID

from aiohttp import web
from pydantic import AwareDatetime, BaseModel

from crm_core.kernel.ids import RecordingId
from crm_core.users.rights import Right
from recordings import notes, service
from recordings.model import Kind
from web import audio
from web.api.endpoint import Ask, Endpoint, NoBody, NoQuery


class NoteOut(BaseModel):
    """What a supervisor wrote beside a place of it, `at_ms` from its beginning; without text it is a mark."""

    at_ms: int
    text: str
    by: str
    written_at: AwareDatetime


class RecordingOut(BaseModel):
    """A call has two channels: the patient left, the hospital right. `sha256` is that of the plain wav."""

    id: UUID
    call_id: UUID
    kind: Kind
    duration_ms: int
    size_bytes: int
    channels: int
    sha256: str
    created_at: AwareDatetime
    notes: list[NoteOut]


async def show(ask: Ask[NoQuery, NoBody]) -> RecordingOut:
    """What is known of it, with what supervisors wrote."""
    found = await service.get(ask.deps.db, ask.actor, RecordingId(ask.uuid()))
    written = await notes.of(ask.deps.db, ask.actor, found.id)
    return RecordingOut(
        id=found.id,
        call_id=found.call_id,
        kind=found.kind,
        duration_ms=found.duration_ms,
        size_bytes=found.size_bytes,
        channels=found.channels,
        sha256=found.sha256.hex(),
        created_at=found.created_at,
        notes=[
            NoteOut(at_ms=note.at_ms, text=note.text, by=note.user_name, written_at=note.written_at) for note in written
        ],
    )


async def play(ask: Ask[NoQuery, NoBody]) -> web.StreamResponse:
    """A wav, whole or a range of it."""
    return await audio.send(ask.http, ask.actor, RecordingId(ask.uuid()))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/recordings/{id}",
        right=Right.HEAR_RECORDINGS,
        handle=show,
        response=RecordingOut,
        has_random_id=True,
        problems=(404,),
        summary="One recording",
    ),
    Endpoint(
        method="GET",
        path="/recordings/{id}/audio",
        right=Right.HEAR_RECORDINGS,
        handle=play,
        media="audio/wav",
        has_random_id=True,
        problems=(404, 416),
        summary="Its audio as wav, with Range; audited",
    ),
)
