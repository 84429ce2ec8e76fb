"""Notes beside the places of a recording, as a part of its player."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import RecordingId
from recordings import notes
from recordings.model import Note
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """All of one recording; `typed` stands in the form again when there was a problem."""

    recording_id: RecordingId
    written: Sequence[Note]
    problem: str = ""
    typed: str = field(default="", repr=False)
    longest: int = notes.LONGEST_NOTE


async def index(request: web.Request) -> web.StreamResponse:
    """In the order in which they are heard."""
    return await _part(request)


async def write(request: web.Request) -> web.StreamResponse:
    """Another one, at the place that was being heard."""
    form = await forms.posted(request)
    typed = forms.text(form, "text")
    try:
        at_ms = forms.position(form, "at_ms")
        await notes.write(request.app[DEPS].db, actor_of(request), _recording(request), typed, at_ms=at_ms)
    except HcrmError as error:
        return await _part(request, problem=_problem(error), typed=typed)
    return await _part(request)


async def take_back(request: web.Request) -> web.StreamResponse:
    """One's own."""
    number = forms.path_number(request, "note")
    try:
        await notes.take_back(request.app[DEPS].db, actor_of(request), _recording(request), number)
    except HcrmError as error:
        return await _part(request, problem=_problem(error))
    return await _part(request)


def _recording(request: web.Request) -> RecordingId:
    return RecordingId(forms.path_uuid(request))


def _problem(error: HcrmError) -> str:
    if getattr(error, "field", "") == "text":
        return _("A note has at most {longest} characters.", longest=notes.LONGEST_NOTE)
    return words.error_words(error.code)


async def _part(request: web.Request, *, problem: str = "", typed: str = "") -> web.Response:
    recording_id = _recording(request)
    found = await notes.of(request.app[DEPS].db, actor_of(request), recording_id)
    shown = Notes(recording_id=recording_id, written=found, problem=problem, typed=typed)
    return page(request, "recordings/_notes.html", shown, status=422 if problem else 200)
