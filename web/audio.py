"""The audio of one recording over HTTP, with Range; decrypted piece by piece and never a file."""

import re
from http import HTTPStatus

from aiohttp import web

from crm_core.kernel.actor import Actor
from crm_core.kernel.ids import RecordingId
from recordings import service
from recordings.errors import RangeNotSatisfiableError
from recordings.service import Audio
from web.deps import DEPS, WebDeps

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


async def send(
    request: web.Request, actor: Actor, recording_id: RecordingId, *, as_file: bool = False
) -> web.StreamResponse:
    """Right and audit are the service's. A range we do not understand is answered with the whole (RFC 9110), and so is
    every range of a file."""
    wanted = None if as_file else _RANGE.fullmatch(request.headers.get("Range", ""))
    try:
        audio = await _audio(request.app[DEPS], actor, recording_id, wanted, as_file=as_file)
    except RangeNotSatisfiableError:
        return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    response = web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
    response.content_type = audio.content_type
    response.content_length = audio.end - audio.start
    response.headers.update({"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"})
    if as_file:
        response.headers["Content-Disposition"] = f'attachment; filename="{recording_id}.wav"'
    if wanted:
        response.headers["Content-Range"] = f"bytes {audio.start}-{audio.end - 1}/{audio.recording.size_bytes}"
    await response.prepare(request)
    if request.method != "HEAD":
        async for piece in audio.chunks():
            await response.write(piece)
    await response.write_eof()
    return response


async def _audio(
    deps: WebDeps, actor: Actor, recording_id: RecordingId, wanted: re.Match[str] | None, *, as_file: bool
) -> Audio:
    if as_file:
        return await service.file(deps.db, deps.vault, actor, recording_id)
    start = int(wanted[1]) if wanted else 0
    end = int(wanted[2]) + 1 if wanted and wanted[2] else None
    return await service.audio(deps.db, deps.vault, actor, recording_id, start=start, end=end)
