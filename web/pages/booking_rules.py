"""What one patient may book: set by supervisors, for every way of booking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from aiohttp import web
from pydantic import Field

from crm_core.kernel.errors import StaleError
from crm_core.scheduling import limits
from crm_core.scheduling.model import BookingRule
from crm_core.users.changes import Change
from web import forms, sheet
from web.deps import DEPS
from web.i18n import N_, _
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of
from web.sheet import Ask, Sheet
from web.values import Whole

PATH = "/booking-rules"
MOST = Ask(
    label=N_("Appointments of one patient on one day, at most"),
    hint=N_(
        "Counts from the next booking on, whoever books: desk, hotline, message, other systems. "
        "Nothing that is booked is taken away."
    ),
    extra={"min": "1", "max": str(limits.MOST), "inputmode": "numeric"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The form."""

    most_a_day: Annotated[Whole, Field(ge=1, le=limits.MOST), MOST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The form as it is drawn, the `rule` that counts now, and who changed it."""

    form: Sheet[Rules]
    rule: BookingRule
    changes: Sequence[Change]


async def index(request: web.Request) -> web.StreamResponse:
    """The form, filled in."""
    now = await limits.rule(request.app[DEPS].db, actor_of(request))
    return await _form(request, now, sheet.shown(Rules, {"most_a_day": now.most_a_day}, version=now.version))


async def _form(request: web.Request, now: BookingRule, form: Sheet[Rules]) -> web.Response:
    changes = await limits.changes_of_rule(request.app[DEPS].db, actor_of(request))
    return page(request, "booking_rules.html", Shown(form=form, rule=now, changes=changes), status=form.status)


async def change(request: web.Request) -> web.StreamResponse:
    """From the next booking on. When somebody else changed it meanwhile, nothing is written yet."""
    db, actor, typed = request.app[DEPS].db, actor_of(request), await forms.posted(request)
    form = sheet.read(Rules, typed, version=forms.number(typed, "version"))
    if form.value is None:
        return await _form(request, await limits.rule(db, actor), form)
    try:
        await limits.set_most_a_day(db, actor, form.value.most_a_day, expected_version=form.version)
    except StaleError:
        now = await limits.rule(db, actor)
        return await _form(request, now, replace(form, is_stale=True, version=now.version))
    return saved_at(PATH, _("Saved."))
