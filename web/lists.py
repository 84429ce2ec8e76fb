"""Every list of the hospital: it filters, sorts, turns its pages, leaves as a file, says why it is empty, and stands in
the address.

A list is a ListPage: some fifteen lines. What it shows is read by a service, which asks for the right and writes down
who looked. docs/pages.md follows a list from the address to the screen.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aiohttp import web

from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page, by_id, cut, parse
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.users.rights import Right, may
from overview import exports
from overview.exports import Export
from web import addresses, exporting, forms, sheet
from web.access import Handler, Route
from web.addresses import Place
from web.deps import DEPS
from web.i18n import N_
from web.render import page
from web.security import actor_of
from web.sheet import Box, Choices, Sheet

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PAGE = 40
FORM = "filters"  # the id of the form above a list
RowT = TypeVar("RowT")
Cell = str | int | date | datetime | None
FilterT = TypeVar("FilterT", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[RowT]):
    """`value` is what the cell says, in the file and, when no macro `cell` of the list draws it, on the page.

    Without a value it is left out of the file. `sort` is an order of the list that the heading leads to.
    """

    heading: str
    value: Callable[[RowT], Cell] | None = None
    cell: str = ""
    sort: str = ""
    css: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Generic[FilterT]):
    """Who reads which part of a list."""

    db: Database
    actor: Actor
    zone: tzinfo
    wanted: FilterT
    order: str
    limit: int
    after: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Generic[RowT, FilterT]):
    """`orders` are what it may be sorted by, in words; the first counts when nothing is said.

    `leaves_by` are rights that its file needs besides. `cells` is a template of macros: one for each `cell` of the
    columns, and `beneath` when `has_beneath`. `above`, `beside` and `below` are templates around the list, `foot` one
    below its rows, for what is done with all that the filters find.
    """

    path: str
    title: str
    right: Right
    subject: str
    filters: type[FilterT]
    columns: tuple[Column[RowT], ...]
    read: Callable[[Look[FilterT]], Awaitable[Page[RowT]]]
    empty: str
    icon: str
    orders: Mapping[str, str] = field(default_factory=lambda: {"newest": N_("Newest first")})
    leaves_by: tuple[Right, ...] = ()
    choices: Callable[[Database, Actor], Awaitable[Mapping[str, Choices]]] | None = None
    link: Callable[[RowT], str] | None = None
    live: Mapping[str, str] = field(default_factory=dict)  # data-shows and data-hears
    cells: str = ""
    has_beneath: bool = False
    above: str = ""
    beside: str = ""
    below: str = ""
    foot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page of a list as the template draws it."""

    list: ListPage[Any, Any]
    rows: Sequence[Any]
    boxes: Mapping[str, Box]
    is_wrong: bool
    is_filtered: bool
    order: str
    here: str = field(repr=False)
    plain: str
    next: str = field(repr=False)
    first: str = field(repr=False)
    file: str = field(repr=False)
    sorts: Mapping[str, str] = field(repr=False)
    by_post: bool


def routes(one: ListPage[Any, Any], handler: Handler | None = None) -> tuple[Route, ...]:
    """Its rows of the route table. What names a patient is posted, so that it stands in no address."""
    search = (Route("POST", f"{one.path}/search", searcher(one), one.right),) if addresses.is_personal(one) else ()
    return (
        Route("GET", one.path, handler or opener(one), one.right),
        *search,
        Route("GET", f"{one.path}/export", exporter(one), one.right),
    )


def opener(one: ListPage[Any, Any]) -> Handler:
    """The handler of the list's address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await show(request, one)

    return handle


def searcher(one: ListPage[Any, Any]) -> Handler:
    """The handler of its form: the same list."""

    async def handle(request: web.Request) -> web.StreamResponse:
        form = await forms.posted(request)
        typed = {name: form.get(name, "") for name in addresses.names(one)}
        return await shown(request, one, Place(typed=typed, order=form.get(addresses.SORT, "")))

    return handle


def exporter(one: ListPage[Any, Any]) -> Handler:
    """The handler of its file: what the filters find, all of it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        place = addresses.read(request, one)
        asked: Sheet[Any] = sheet.read(one.filters, place.typed)
        if asked.value is None or place.problems:
            raise InvalidInputError("a filter does not fit", field=next(iter({**asked.problems, **place.problems})))

        async def read(after: Cursor | None) -> Page[Any]:
            here = place.at(str(after) if after else "")
            return await one.read(look(request, one, asked.value, here, limit=exports.PAGE))

        by = [name for name, value in place.typed.items() if value]
        export = Export(subject=one.subject, rights=(one.right, *one.leaves_by), by=by)
        return await exporting.send(request, one, exports.pages(request.app[DEPS].db, actor_of(request), export, read))

    return handle


async def show(
    request: web.Request, one: ListPage[Any, Any], extra: Mapping[str, object] | None = None, *, status: int = 200
) -> web.Response:
    """The list that stands in the address; `extra` is what the templates around it need."""
    place = addresses.read(request, one) if request.method == "GET" else addresses.start(one)
    return await shown(request, one, place, extra, status=status)


async def shown(
    request: web.Request,
    one: ListPage[Any, Any],
    place: Place,
    extra: Mapping[str, object] | None = None,
    *,
    status: int = 200,
) -> web.Response:
    """A wrong filter is said beside its field, and nothing is listed as if it matched."""
    deps, actor = request.app[DEPS], actor_of(request)
    choices = await one.choices(deps.db, actor) if one.choices else {}
    asked = sheet.read(one.filters, place.typed)
    problems = {**asked.problems, **place.problems}
    found: Page[Any] = Page((), None)
    if not problems:
        found = await one.read(look(request, one, asked.value, place, limit=PAGE))
    seen = drawn(request, one, place, found, Sheet(**_parts(asked, problems, choices)))
    context = {name: getattr(seen, name) for name in Shown.__slots__} | dict(extra or {})
    answer = page(request, "lists/index.html", context, status=422 if problems else status)
    if request.headers.get("HX-Trigger") == FORM:
        is_typing = addresses.goes_on(request.headers.get("HX-Current-URL", ""))
        answer.headers["HX-Replace-Url" if is_typing else "HX-Push-Url"] = seen.here
    return answer


def _parts(asked: Sheet[Any], problems: Mapping[str, str], choices: Mapping[str, Choices]) -> dict[str, Any]:
    return {"kind": asked.kind, "typed": asked.typed, "problems": problems, "choices": choices}


def look(request: web.Request, one: ListPage[Any, Any], wanted: Any, place: Place, *, limit: int) -> Look[Any]:
    """What the list's reader is asked."""
    deps = request.app[DEPS]
    return Look(
        db=deps.db,
        actor=actor_of(request),
        zone=deps.settings.timezone,
        wanted=wanted,
        order=_order(one, place.order),
        limit=limit,
        after=parse(place.after),
    )


def _order(one: ListPage[Any, Any], order: str) -> str:
    if order and order not in one.orders:
        raise InvalidInputError("no such order", field="sort")
    return order or next(iter(one.orders))


def drawn(request: web.Request, one: ListPage[Any, Any], place: Place, found: Page[Any], asked: Sheet[Any]) -> Shown:
    """The list as its template draws it."""
    start = addresses.start(one)
    first = place.at("")
    return Shown(
        list=one,
        rows=found.items,
        boxes=asked.boxes,
        is_wrong=bool(asked.problems),
        is_filtered=dict(place.typed) != dict(start.typed),
        order=_order(one, place.order),
        here=addresses.write(request, one, place),
        plain=one.path,
        next=addresses.write(request, one, place.at(str(found.next))) if found.next else "",
        first=addresses.write(request, one, first) if place.after else "",
        file=_file(request, one, first) if not asked.problems and found.items else "",
        sorts={order: addresses.write(request, one, first.by(order)) for order in one.orders},
        by_post=addresses.is_personal(one),
    )


def _file(request: web.Request, one: ListPage[Any, Any], place: Place) -> str:
    if not all(may(actor_of(request), right) for right in one.leaves_by):
        return ""
    return addresses.write(request, one, place).replace(one.path, f"{one.path}/export", 1)


def part(rows: Sequence[RowT], look: Look[Any], keys: Mapping[str, Callable[[RowT], Any]]) -> Page[RowT]:
    """A page of a list that its service reads whole, as accounts; `keys` by order. No row of it is ever deleted."""
    ordered = sorted(rows, key=lambda row: (keys[look.order](row), _id(row)))
    behind = 0
    if look.after is not None:
        ids = [_id(row) for row in ordered]
        if look.after.alone not in ids:
            raise InvalidInputError("not a cursor of this list", field="cursor")
        behind = ids.index(look.after.alone) + 1
    return cut(ordered[behind : behind + look.limit + 1], look.limit, lambda row: by_id(_id(row)))


def _id(row: Any) -> int:
    number: int = row.id
    return number
