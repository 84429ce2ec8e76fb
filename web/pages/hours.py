"""When machines may call and text people: the hospital's own hours by day, for care and for offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from aiohttp import web

from crm_core.consent import service
from crm_core.consent.model import ContactHours, DayName, QuietHours, Week, Window
from crm_core.kernel.errors import StaleError
from crm_core.users.changes import Change
from web import forms, sheet, words
from web.deps import DEPS
from web.i18n import N_, _
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of
from web.sheet import Ask, Box, Sheet
from web.values import Hours

PURPOSES = ("care", "marketing")
WRONG = N_("Please write hours like 08:00-24:00, or nothing for a day on which nobody is contacted.")
NEVER = N_("What waits must be able to leave on one day from Monday to Friday at least.")


def _ask(day: DayName) -> Ask:
    return Ask(label=words.DAY_NAME[day], wrong=WRONG, extra={"maxlength": "20", "placeholder": "–"})


MON, TUE, WED, THU, FRI, SAT, SUN, HOLIDAY = map(_ask, DayName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The form: for each purpose and day hours, or nothing."""

    care_mon: Annotated[Hours | None, MON] = None
    care_tue: Annotated[Hours | None, TUE] = None
    care_wed: Annotated[Hours | None, WED] = None
    care_thu: Annotated[Hours | None, THU] = None
    care_fri: Annotated[Hours | None, FRI] = None
    care_sat: Annotated[Hours | None, SAT] = None
    care_sun: Annotated[Hours | None, SUN] = None
    care_holiday: Annotated[Hours | None, HOLIDAY] = None
    marketing_mon: Annotated[Hours | None, MON] = None
    marketing_tue: Annotated[Hours | None, TUE] = None
    marketing_wed: Annotated[Hours | None, WED] = None
    marketing_thu: Annotated[Hours | None, THU] = None
    marketing_fri: Annotated[Hours | None, FRI] = None
    marketing_sat: Annotated[Hours | None, SAT] = None
    marketing_sun: Annotated[Hours | None, SUN] = None
    marketing_holiday: Annotated[Hours | None, HOLIDAY] = None

    def week(self, purpose: str) -> Week:
        """The days on which people are contacted for this."""
        found: Mapping[DayName, Window | None] = {day: getattr(self, f"{purpose}_{day}") for day in DayName}
        return {day: window for day, window in found.items() if window}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Hours of one day for one purpose: what is typed, and what counts `now` (None: nobody is contacted)."""

    purpose: str
    box: Box
    now: Window | None

    @property
    def differs(self) -> bool:
        """Whether what is typed is something else than what counts."""
        return self.box.value != str(self.now or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One day, for each purpose."""

    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The form as it is drawn. When it is stale, `changed_by` set the hours since, at `changed_at`."""

    form: Sheet[Times]
    rows: Sequence[Row]
    purposes: Sequence[str]
    changed_by: str
    changed_at: datetime | None
    changes: Sequence[Change]


async def index(request: web.Request) -> web.StreamResponse:
    """The form, filled in, with a picture of each day and who changed it."""
    now = await service.contact_hours(request.app[DEPS].db, actor_of(request))
    return await _form(request, now, sheet.shown(Times, _values(now.hours), version=now.version))


def _values(hours: QuietHours) -> dict[str, object]:
    weeks = {"care": hours.care, "marketing": hours.marketing}
    return {f"{purpose}_{day}": window for purpose, week in weeks.items() for day, window in week.items()}


async def _form(request: web.Request, now: ContactHours, form: Sheet[Times]) -> web.Response:
    changes = await service.changes_of_hours(request.app[DEPS].db, actor_of(request))
    shown = Shown(
        form=form,
        rows=[_row(day, now.hours, form.boxes) for day in DayName],
        purposes=[words.HOURS[purpose] for purpose in PURPOSES],
        changed_by=now.changed_by,
        changed_at=now.changed_at,
        changes=changes,
    )
    return page(request, "hours/index.html", shown, status=form.status)


def _row(day: DayName, hours: QuietHours, boxes: Mapping[str, Box]) -> Row:
    weeks = (hours.care, hours.marketing)
    cells = [
        Cell(purpose=words.HOURS[purpose], box=boxes[f"{purpose}_{day}"], now=week.get(day))
        for purpose, week in zip(PURPOSES, weeks, strict=True)
    ]
    return Row(label=words.DAY_NAME[day], cells=cells)


async def change(request: web.Request) -> web.StreamResponse:
    """From now on, for what waits too. When somebody else changed them meanwhile, nothing is written yet."""
    db, actor, typed = request.app[DEPS].db, actor_of(request), await forms.posted(request)
    form = sheet.read(Times, typed, version=forms.number(typed, "version"))
    hours = _hours(form.value) if form.value else None
    if hours is None:
        form = form if form.value is None else replace(form, value=None, problem=_(NEVER))
        return await _form(request, await service.contact_hours(db, actor), form)
    try:
        await service.set_hours(db, actor, hours, expected_version=form.version)
    except StaleError:
        now = await service.contact_hours(db, actor)
        return await _form(request, now, replace(form, is_stale=True, version=now.version))
    return saved_at("/hours", _("Saved."))


def _hours(asked: Times) -> QuietHours | None:
    try:
        return QuietHours(care=asked.week("care"), marketing=asked.week("marketing"))
    except ValueError:
        return None
