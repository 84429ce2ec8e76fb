"""From what a browser sent to values: every oddity is an InvalidInputError, never a crash."""

import zlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from crm_core.kernel.errors import InvalidInputError, NotFoundError
from web import values

LONGEST_TEXT = 4000
OLDEST = 125
DAY = timedelta(days=1)
UNREADABLE = (  # what aiohttp's readers raise
    ValueError,
    LookupError,
    RuntimeError,
    AssertionError,
    zlib.error,
    web.RequestPayloadError,
)

ValueT = TypeVar("ValueT")
_ID: TypeAdapter[int] = TypeAdapter(values.Id)
_POSITION: TypeAdapter[int] = TypeAdapter(values.Position)
_UUID: TypeAdapter[UUID] = TypeAdapter(values.Uuid)
_DAY: TypeAdapter[date] = TypeAdapter(values.Day)
_TEXT: TypeAdapter[str] = TypeAdapter(values.Text)


async def posted(request: web.Request) -> dict[str, str]:
    """The form's fields as text, one that was sent several times a line each; files are not taken."""
    try:
        form = await request.post()
    except UNREADABLE:
        raise InvalidInputError("the form cannot be read") from None
    texts = {name: [value.strip() for value in form.getall(name) if isinstance(value, str)] for name in form}
    return {name: "\n".join(values) for name, values in texts.items() if values}


def text(form: Mapping[str, str], name: str, *, limit: int = LONGEST_TEXT) -> str:
    """A field, "" when missing."""
    value = _taken(_TEXT, form.get(name, ""), name)
    if len(value) > limit:
        raise InvalidInputError("text too long", field=name)
    return value


def _taken(kind: TypeAdapter[ValueT], value: str, field: str) -> ValueT:
    try:
        return kind.validate_strings(value, strict=True)
    except ValidationError:
        raise InvalidInputError("not what belongs here", field=field) from None


def number(form: Mapping[str, str], name: str) -> int:
    """An id. Raises InvalidInputError."""
    value = optional_number(form, name)
    if value is None:
        raise InvalidInputError("a number is missing", field=name)
    return value


def optional_number(form: Mapping[str, str], name: str) -> int | None:
    """An id or None when empty."""
    value = form.get(name, "").strip()
    return _taken(_ID, value, name) if value else None


def position(form: Mapping[str, str], name: str) -> int:
    """Which of a list, counted from 0; the first when missing."""
    value = form.get(name, "").strip()
    return _taken(_POSITION, value, name) if value else 0


def whole(form: Mapping[str, str], name: str) -> int:
    """A number from 0. Raises InvalidInputError, also when it is missing."""
    return _taken(_POSITION, form.get(name, "").strip(), name)


def path_number(request: web.Request, name: str = "id") -> int:
    """The id in the path. An impossible one is simply not there."""
    try:
        return _taken(_ID, request.match_info[name], name)
    except InvalidInputError:
        raise NotFoundError("no such id") from None


def path_uuid(request: web.Request, name: str = "id") -> UUID:
    """The random id in the path. An impossible one is simply not there."""
    return uuid_of(request.match_info[name])


def uuid_of(text: str) -> UUID:
    """A random id from outside. An impossible one is simply not there."""
    try:
        return _taken(_UUID, text, "id")
    except InvalidInputError:
        raise NotFoundError("no such id") from None


def day(form: Mapping[str, str], name: str, default: date | None = None) -> date | None:
    """A date as a date field sends it."""
    value = form.get(name, "").strip()
    return _taken(_DAY, value, name) if value else default


def clock(form: Mapping[str, str], name: str) -> time:
    """A time of day as a time field sends it. Raises InvalidInputError."""
    try:
        return time.fromisoformat(form.get(name, "").strip()).replace(tzinfo=None)
    except ValueError:
        raise InvalidInputError("not a time of day", field=name) from None


def born(form: Mapping[str, str], name: str, day: date) -> date | None:
    """The first day of the year in which somebody of this age may have been born; None when empty."""
    age = _taken(_POSITION, form[name], name) if form.get(name, "").strip() else None
    if age is not None and age > OLDEST:
        raise InvalidInputError("nobody is that old", field=name)
    return date(day.year - age, 1, 1) if age is not None else None


def today(now: datetime, zone: tzinfo) -> date:
    """The hospital's day."""
    return now.astimezone(zone).date()


def bounds(first: date, zone: tzinfo, *, days: int = 1) -> tuple[datetime, datetime]:
    """Where days begin and end in the hospital."""
    start = datetime.combine(first, time(), zone)
    return start, datetime.combine(first + DAY * days, time(), zone)


def address(text: str) -> SplitResult:
    """Its parts, all empty for what is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def own_path(value: str) -> str:
    """A place on this site to go on to; anything else is the start page."""
    parts = address(value)
    is_own = value.startswith("/") and not value.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return value if is_own and "\\" not in value and "\n" not in value and "\r" not in value else "/"
