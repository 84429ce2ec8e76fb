"""When machines may call and text people: the hospital's own hours, for care and for offers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time

from aiohttp import web

from crm_core.consent import service, store
from crm_core.consent.model import QuietHours, Window
from crm_core.kernel.errors import InvalidInputError
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Row:
    """One window in the form, as typed; `start` and `length` in minutes, of what counts now, for the picture."""

    name: str
    label: str
    opens: str
    closes: str
    start: int
    length: int


async def index(request: web.Request) -> web.StreamResponse:
    """The form, filled in, with a picture of the day."""
    return await _form(request)


async def _form(request: web.Request, typed: Mapping[str, str] | None = None, problem: str = "") -> web.Response:
    async with request.app[DEPS].db.connection() as conn:
        hours = await store.hours(conn)
    rows = [_row("care", hours.care), _row("marketing", hours.marketing)]
    if typed is not None:
        rows = [
            replace(row, opens=typed.get(f"{row.name}_opens", ""), closes=typed.get(f"{row.name}_closes", ""))
            for row in rows
        ]
    return page(request, "hours/index.html", {"rows": rows, "problem": problem}, status=422 if problem else 200)


def _row(name: str, window: Window) -> Row:
    start, end = _minutes(window.opens), _minutes(window.closes)
    return Row(
        name=name,
        label=words.HOURS[name],
        opens=f"{window.opens:%H:%M}",
        closes=f"{window.closes:%H:%M}",
        start=start,
        length=end - start,
    )


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


async def change(request: web.Request) -> web.StreamResponse:
    """From now on, for what waits too."""
    form = await forms.posted(request)
    try:
        hours = QuietHours(care=_window(form, "care"), marketing=_window(form, "marketing"))
    except (InvalidInputError, ValueError):
        return await _form(request, form, _("Please give times like 08:00, the first before the second."))
    await service.set_hours(request.app[DEPS].db, actor_of(request), hours)
    return saved_at("/hours", _("Saved."))


def _window(form: dict[str, str], name: str) -> Window:
    return Window(forms.clock(form, f"{name}_opens"), forms.clock(form, f"{name}_closes"))
