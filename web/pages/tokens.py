"""Other systems' keys: made, seen, taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field

from crm_core.kernel.actor import Role
from crm_core.kernel.cursor import Page
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import TokenId
from crm_core.users import tokens
from crm_core.users.model import ApiToken
from crm_core.users.rights import RIGHTS, Right
from web import forms, lists, sheet, words
from web.deps import DEPS
from web.i18n import N_, _
from web.lists import Column, ListPage, Look, part
from web.security import actor_of
from web.sheet import Ask, Sheet
from web.values import Line, Lines, Whole

GIVEN = {right.value: words.RIGHT[right] for right in sorted(RIGHTS[Role.API], key=list(words.RIGHT).index)}
DAYS = Ask(label=N_("Days until it ends"), extra={"min": "1", "max": str(tokens.LONGEST_DAYS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """The form below the list. No right ticked: all of a program's."""

    name: Annotated[Line, Ask(label=N_("What it is for"), extra={"maxlength": "100"})]
    days: Annotated[Whole, Field(ge=1, le=tokens.LONGEST_DAYS), DAYS] = tokens.LASTS_DAYS
    right: Annotated[
        Lines, Ask(label=N_("Only these rights (none ticked: all of a program's)"), words=GIVEN, widget="boxes")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which tokens."""

    text: Annotated[Line, Ask(label=N_("What it is for"), widget="search", extra={"maxlength": "100"})] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A token as the list shows it."""

    token: ApiToken
    opens: bool

    @property
    def id(self) -> int:
        """The token's."""
        return self.token.id


async def _read(look: Look[Filters]) -> Page[Key]:
    now, text = look.db.clock(), look.wanted.text.lower()
    found = await tokens.listed(look.db, look.actor)
    return part([Key(token=one, opens=one.opens(now)) for one in found if text in one.name.lower()], look, KEYS)


def _state(key: Key) -> str:
    return _("Open") if key.opens else _("Taken back") if key.token.revoked_at else _("Over")


KEYS: dict[str, Callable[[Key], object]] = {
    "newest": lambda key: -key.id,
    "name": lambda key: key.token.name,
    "until": lambda key: key.token.expires_at,
}
LIST: ListPage[Key, Filters] = ListPage(
    path="/tokens",
    title=N_("Other systems"),
    right=Right.MANAGE_USERS,
    subject="api_token",
    filters=Filters,
    read=_read,
    orders={"newest": N_("Newest first"), "name": N_("By name"), "until": N_("By end")},
    above="tokens/_above.html",
    below="tokens/_new.html",
    cells="tokens/_cells.html",
    icon="key",
    empty=N_("No program has a token yet."),
    columns=(
        Column(heading=N_("What it is for"), value=lambda key: key.token.name, sort="name"),
        Column(heading=N_("Role"), value=lambda key: _(words.ROLE[key.token.role]), cell="role"),
        Column(heading=N_("State"), value=_state, cell="state"),
        Column(heading=N_("Made"), value=lambda key: key.token.created_at, cell="made", sort="newest", css="num"),
        Column(heading=N_("Until"), value=lambda key: key.token.expires_at, cell="until", sort="until", css="num"),
        Column(heading=N_("Last used"), value=lambda key: key.token.last_used_at, cell="used", css="num"),
        Column(heading=N_("Take back"), cell="revoke", css="acts"),
    ),
)


async def index(request: web.Request) -> web.StreamResponse:
    """All of them, and the form for a new one."""
    return await _list(request, "", sheet.shown(NewToken))


async def _list(request: web.Request, token: str, form: Sheet[NewToken]) -> web.Response:
    return await lists.show(request, LIST, {"token": token, "form": form}, status=form.status)


async def create(request: web.Request) -> web.StreamResponse:
    """A key of the role for programs, for all of it or for some rights. Other roles are the command line's."""
    form = sheet.read(NewToken, await forms.posted(request))
    if form.value is None:
        return await _list(request, "", form)
    db, actor, asked = request.app[DEPS].db, actor_of(request), form.value
    try:
        token = await tokens.create(db, actor, asked.name, Role.API, scopes=asked.right or None, days=asked.days)
    except HcrmError as error:
        return await _list(request, "", form.refused(error))
    return await _list(request, token, sheet.shown(NewToken))


async def revoke(request: web.Request) -> web.StreamResponse:
    """It opens nothing any more."""
    await tokens.revoke(request.app[DEPS].db, actor_of(request), TokenId(forms.path_number(request)))
    return await _list(request, "", sheet.shown(NewToken))
