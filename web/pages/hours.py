"""When machines may call and text people: the hospital's own hours, for care and for offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from aiohttp import web

from crm_core.consent import service
from crm_core.consent.model import ContactHours, QuietHours, Window
from crm_core.kernel.errors import InvalidInputError, StaleError
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One window in the form as typed; `now` is what counts, with `start` and `length` in minutes for a picture."""

    name: str
    label: str
    opens: str
    closes: str
    now: Window
    start: int
    length: int

    @property
    def differs(self) -> bool:
        """Whether what is typed is something else than what counts."""
        return (self.opens, self.closes) != (f"{self.now.opens:%H:%M}", f"{self.now.closes:%H:%M}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`version` is what the reader has seen. `is_stale`: `changed_by` set the hours since, at `changed_at`."""

    rows: Sequence[Row]
    version: int
    problem: str
    is_stale: bool
    changed_by: str
    changed_at: datetime | None


async def index(request: web.Request) -> web.StreamResponse:
    """The form, filled in, with a picture of the day."""
    return await _form(request)


async def _form(
    request: web.Request, typed: Mapping[str, str] | None = None, problem: str = "", *, is_stale: bool = False
) -> web.Response:
    now = await service.contact_hours(request.app[DEPS].db, actor_of(request))
    form = Form(
        rows=[_row("care", now.hours.care, typed), _row("marketing", now.hours.marketing, typed)],
        version=_version(now, typed, is_stale=is_stale),
        problem=problem,
        is_stale=is_stale,
        changed_by=now.changed_by,
        changed_at=now.changed_at,
    )
    return page(request, "hours/index.html", form, status=409 if is_stale else 422 if problem else 200)


def _version(now: ContactHours, typed: Mapping[str, str] | None, *, is_stale: bool) -> int:
    return now.version if typed is None or is_stale else forms.number(typed, "version")


def _row(name: str, now: Window, typed: Mapping[str, str] | None) -> Row:
    start, end = _minutes(now.opens), _minutes(now.closes)
    return Row(
        name=name,
        label=words.HOURS[name],
        opens=typed.get(f"{name}_opens", "") if typed is not None else f"{now.opens:%H:%M}",
        closes=typed.get(f"{name}_closes", "") if typed is not None else f"{now.closes:%H:%M}",
        now=now,
        start=start,
        length=end - start,
    )


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


async def change(request: web.Request) -> web.StreamResponse:
    """From now on, for what waits too. When somebody else changed them meanwhile, nothing is written yet."""
    form = await forms.posted(request)
    version = forms.number(form, "version")
    try:
        hours = QuietHours(care=_window(form, "care"), marketing=_window(form, "marketing"))
    except (InvalidInputError, ValueError):
        return await _form(request, form, _("Please give times like 08:00, the first before the second."))
    try:
        await service.set_hours(request.app[DEPS].db, actor_of(request), hours, expected_version=version)
    except StaleError:
        return await _form(request, form, is_stale=True)
    return saved_at("/hours", _("Saved."))


def _window(form: Mapping[str, str], name: str) -> Window:
    return Window(forms.clock(form, f"{name}_opens"), forms.clock(form, f"{name}_closes"))
