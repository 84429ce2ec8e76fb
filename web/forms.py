"""From what a browser sent to values: every oddity is an InvalidInputError, never a crash."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web

from crm_core.kernel.errors import InvalidInputError, NotFoundError

LONGEST_TEXT = 4000
DAY = timedelta(days=1)


async def posted(request: web.Request) -> dict[str, str]:
    """The form's fields as text; files are not taken."""
    form = await request.post()
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


def text(form: Mapping[str, str], name: str, *, limit: int = LONGEST_TEXT) -> str:
    """A field, "" when missing."""
    value = form.get(name, "").replace("\x00", "")
    if len(value) > limit:
        raise InvalidInputError("text too long", field=name)
    return value


def number(form: Mapping[str, str], name: str) -> int:
    """An id. Raises InvalidInputError."""
    value = optional_number(form, name)
    if value is None:
        raise InvalidInputError("a number is missing", field=name)
    return value


def optional_number(form: Mapping[str, str], name: str) -> int | None:
    """An id or None when empty."""
    value = form.get(name, "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise InvalidInputError("not a number", field=name)
    return int(value)


def path_number(request: web.Request, name: str = "id") -> int:
    """The id in the path. An impossible one is simply not there."""
    value = request.match_info[name]
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise NotFoundError("no such id")
    return int(value)


def path_uuid(request: web.Request, name: str = "id") -> UUID:
    """The random id in the path. An impossible one is simply not there."""
    return uuid_of(request.match_info[name])


def uuid_of(text: str) -> UUID:
    """A random id from outside. An impossible one is simply not there."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError("no such id") from None


def day(form: Mapping[str, str], name: str, default: date | None = None) -> date | None:
    """A date as a date field sends it."""
    value = form.get(name, "").strip()
    if not value:
        return default
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidInputError("not a date", field=name) from None


def clock(form: Mapping[str, str], name: str) -> time:
    """A time of day as a time field sends it. Raises InvalidInputError."""
    try:
        return time.fromisoformat(form.get(name, "").strip()).replace(tzinfo=None)
    except ValueError:
        raise InvalidInputError("not a time of day", field=name) from None


def today(now: datetime, zone: tzinfo) -> date:
    """The hospital's day."""
    return now.astimezone(zone).date()


def bounds(first: date, zone: tzinfo, *, days: int = 1) -> tuple[datetime, datetime]:
    """Where days begin and end in the hospital."""
    start = datetime.combine(first, time(), zone)
    return start, datetime.combine(first + DAY * days, time(), zone)


def own_path(value: str) -> str:
    """A place on this site to go on to; anything else is the start page."""
    parts = urlsplit(value)
    is_own = value.startswith("/") and not value.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return value if is_own and "\\" not in value and "\n" not in value and "\r" not in value else "/"
