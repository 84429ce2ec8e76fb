"""When machines may call and text people: the hospital's own hours, for care and for offers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Annotated

from aiohttp import web

from crm_core.consent import service
from crm_core.consent.model import ContactHours, QuietHours, Window
from crm_core.kernel.errors import StaleError
from web import forms, sheet, words
from web.deps import DEPS
from web.i18n import N_, _
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of
from web.sheet import Ask, Box, Sheet
from web.values import Clock

OPENS, CLOSES = Ask(label=N_("from")), Ask(label=N_("until"))
ORDER = N_("Please give times like 08:00, the first before the second.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The form."""

    care_opens: Annotated[Clock, OPENS]
    care_closes: Annotated[Clock, CLOSES]
    marketing_opens: Annotated[Clock, OPENS]
    marketing_closes: Annotated[Clock, CLOSES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One window in the form; `now` is what counts, with `start` and `length` in minutes for a picture."""

    label: str
    opens: Box
    closes: Box
    now: Window
    start: int
    length: int

    @property
    def differs(self) -> bool:
        """Whether what is typed is something else than what counts."""
        return (self.opens.value, self.closes.value) != (f"{self.now.opens:%H:%M}", f"{self.now.closes:%H:%M}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The form as it is drawn. When it is stale, `changed_by` set the hours since, at `changed_at`."""

    form: Sheet[Times]
    rows: Sequence[Row]
    changed_by: str
    changed_at: datetime | None


async def index(request: web.Request) -> web.StreamResponse:
    """The form, filled in, with a picture of the day."""
    now = await service.contact_hours(request.app[DEPS].db, actor_of(request))
    return _form(request, now, sheet.shown(Times, _values(now.hours), version=now.version))


def _values(hours: QuietHours) -> dict[str, object]:
    return {
        "care_opens": hours.care.opens,
        "care_closes": hours.care.closes,
        "marketing_opens": hours.marketing.opens,
        "marketing_closes": hours.marketing.closes,
    }


def _form(request: web.Request, now: ContactHours, form: Sheet[Times]) -> web.Response:
    rows = [_row("care", now.hours.care, form), _row("marketing", now.hours.marketing, form)]
    shown = Shown(form=form, rows=rows, changed_by=now.changed_by, changed_at=now.changed_at)
    return page(request, "hours/index.html", shown, status=form.status)


def _row(name: str, now: Window, form: Sheet[Times]) -> Row:
    start, end = _minutes(now.opens), _minutes(now.closes)
    opens, closes = form.boxes[f"{name}_opens"], form.boxes[f"{name}_closes"]
    return Row(label=words.HOURS[name], opens=opens, closes=closes, now=now, start=start, length=end - start)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


async def change(request: web.Request) -> web.StreamResponse:
    """From now on, for what waits too. When somebody else changed them meanwhile, nothing is written yet."""
    db, actor, typed = request.app[DEPS].db, actor_of(request), await forms.posted(request)
    form = _ordered(sheet.read(Times, typed, version=forms.number(typed, "version")))
    if form.value is None:
        return _form(request, await service.contact_hours(db, actor), form)
    asked = form.value
    hours = QuietHours(
        care=Window(asked.care_opens, asked.care_closes),
        marketing=Window(asked.marketing_opens, asked.marketing_closes),
    )
    try:
        await service.set_hours(db, actor, hours, expected_version=form.version)
    except StaleError:
        now = await service.contact_hours(db, actor)
        return _form(request, now, replace(form, is_stale=True, version=now.version))
    return saved_at("/hours", _("Saved."))


def _ordered(form: Sheet[Times]) -> Sheet[Times]:
    asked = form.value
    if asked is None:
        return form
    pairs = {
        "care_closes": (asked.care_opens, asked.care_closes),
        "marketing_closes": (asked.marketing_opens, asked.marketing_closes),
    }
    problems = {name: _(ORDER) for name, (opens, closes) in pairs.items() if opens >= closes}
    return replace(form, value=None, problems=problems) if problems else form
