"""What is slow the first time is done before anybody rings: dates, numbers, and what a screen pop reads."""

from contextlib import suppress

from aiohttp import web

from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.ids import Msisdn
from overview.rehearsal import rehearse
from web import i18n, render
from web.deps import DEPS

SOME_NUMBER = Msisdn("+8610000000000")


async def warm_up(app: web.Application) -> None:
    """At the start of a process. Without the database only its part is left out."""
    deps = app[DEPS]
    now, zone = deps.db.clock(), deps.settings.timezone
    render.say_phone(SOME_NUMBER)
    before = i18n.current_locale.get()
    for locale in i18n.LOCALES:
        i18n.current_locale.set(locale)
        for say in (i18n.say_date, i18n.say_time, i18n.say_moment):
            say(now, zone)
    i18n.current_locale.set(before)
    with suppress(DatabaseUnavailableError):
        await rehearse(deps.db)
