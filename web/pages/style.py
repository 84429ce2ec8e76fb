"""Every component of the pages on one page, for whoever builds the next: in the demo only. Nothing on it is real."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from aiohttp import web

from crm_core.kernel.cursor import Page
from crm_core.kernel.errors import NotFoundError
from crm_core.users.rights import Right
from web import lists, sheet, words
from web.addresses import Place
from web.deps import DEPS
from web.i18n import N_, _
from web.lists import Column, ListPage, Look
from web.render import page
from web.sheet import Ask, Sheet, Theirs
from web.values import Day, Line, Lines, Ticked

PATH = "/style"
BADGES = ("green", "yellow", "red", "blue", "teal", "purple", "secondary")
BUTTONS = ("primary", "outline-primary", "outline-secondary", "ghost-secondary", "outline-danger", "ghost-danger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A form with one field of each kind."""

    name: Annotated[Line, Ask(label=N_("Name"), hint=N_("The first one is used first."))]
    direction: Annotated[Line, Ask(label=N_("Direction"), words=words.DIRECTION, nothing=N_("In and out"))] = ""
    day: Annotated[Day | None, Ask(label=N_("Born"))] = None
    notes: Annotated[Lines, Ask(label=N_("Notes"), widget="textarea")] = ()
    desk: Annotated[Ticked, Ask(label=N_("With a desk"))] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line_:
    """A row of the list."""

    id: int
    state: str


async def _rows(look: Look[Example]) -> Page[Line_]:
    return lists.part([Line_(id=1, state="booked"), Line_(id=2, state="noshow")], look, {"newest": lambda row: -row.id})


LIST: ListPage[Line_, Example] = ListPage(
    path=PATH,
    title=N_("List"),
    right=Right.SEE_WALLBOARD,
    subject="style",
    filters=Example,
    read=_rows,
    icon="list",
    empty=N_("Nothing yet."),
    columns=(
        Column(heading=N_("Name"), value=lambda row: f"{row.id}"),
        Column(heading=N_("State"), value=lambda row: _(words.APPOINTMENT_STATUS[row.state])),
    ),
)


async def show(request: web.Request) -> web.StreamResponse:
    """All of them, in the reader's language."""
    deps = request.app[DEPS]
    if deps.handset is None:
        raise NotFoundError("there is no demo here")
    found = await _rows(lists.look(request, LIST, None, Place(typed={}), limit=lists.PAGE))
    wrong = sheet.read(Example, {"day": "31.3.1980", "direction": "in"})
    theirs = Theirs(who=_("Somebody else"), at=deps.db.clock() - timedelta(minutes=3), before="", now="2", is_both=True)
    stale: Sheet[Example] = replace(sheet.shown(Example, {"name": "1"}), theirs={"name": theirs}, is_stale=True)
    filled, none, nothing = (_list(request, rows, asked) for rows, asked in ((found.items, ""), ((), "in"), ((), "")))
    context = {
        "lists": (filled, none, nothing),
        "forms": (("plain", sheet.shown(Example)), ("wrong", wrong), ("stale", stale)),
        "badges": BADGES,
        "buttons": BUTTONS,
    }
    return page(request, "style/index.html", context)


def _list(request: web.Request, rows: Sequence[Line_], asked: str) -> lists.Shown:
    typed = dict(sheet.typed_of(Example, {}), direction=asked)
    place = Place(typed=typed)
    return lists.drawn(request, LIST, place, Page(rows, None), sheet.read(Example, typed | {"name": "1"}))
