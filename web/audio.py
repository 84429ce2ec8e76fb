"""The audio of one recording over HTTP, with Range; decrypted piece by piece and never a file."""

import re
from http import HTTPStatus

from aiohttp import web

from crm_core.kernel.actor import Actor
from crm_core.kernel.ids import RecordingId
from recordings import service
from recordings.errors import RangeNotSatisfiableError
from web.deps import DEPS

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


async def send(request: web.Request, actor: Actor, recording_id: RecordingId) -> web.StreamResponse:
    """Right and audit are the service's. A range we do not understand is answered with the whole (RFC 9110)."""
    deps = request.app[DEPS]
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    start = int(wanted[1]) if wanted else 0
    end = int(wanted[2]) + 1 if wanted and wanted[2] else None
    try:
        audio = await service.audio(deps.db, deps.vault, actor, recording_id, start=start, end=end)
    except RangeNotSatisfiableError:
        return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    response = web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
    response.content_type = audio.content_type
    response.content_length = audio.end - audio.start
    response.headers.update({"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"})
    if wanted:
        response.headers["Content-Range"] = f"bytes {audio.start}-{audio.end - 1}/{audio.recording.size_bytes}"
    await response.prepare(request)
    if request.method != "HEAD":
        async for piece in audio.chunks():
            await response.write(piece)
    await response.write_eof()
    return response
