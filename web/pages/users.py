"""Accounts for the administrator: made, changed, closed; first passwords, desks, browsers, second factors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from aiohttp import web

from crm_core.kernel.actor import Role
from crm_core.kernel.cursor import Page
from crm_core.kernel.errors import HcrmError, StaleError
from crm_core.kernel.ids import SessionId, UserId
from crm_core.users import passwords, second_factor, service, sessions
from crm_core.users.model import User
from crm_core.users.rights import Right, allows
from web import browsers, forms, lists, sheet, words
from web.agent_words import extension
from web.deps import DEPS
from web.i18n import N_, _
from web.lists import Column, ListPage, Look, part
from web.render import page
from web.security import actor_of
from web.sheet import Ask, Sheet, Theirs
from web.values import Line, Ticked

PEOPLE = tuple(role for role in Role if role is not Role.API)
LOGIN = Ask(
    label=N_("User name"),
    wrong=N_("2 to 40 small letters, digits, dots and dashes; a letter or digit first."),
    extra={"maxlength": "60", "autocapitalize": "none"},
)
ROLES = {role.value: words.ROLE[role] for role in PEOPLE}
STATE = {"open": N_("Open"), "closed": N_("Closed")}


class State(StrEnum):
    """Whether somebody may log in with it."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The form below the list."""

    login: Annotated[Line, LOGIN]
    name: Annotated[Line, Ask(label=N_("Name"), extra={"maxlength": "100"})]
    role: Annotated[Role, Ask(label=N_("Role"), words=ROLES)] = Role.AGENT
    desk: Annotated[Ticked, Ask(label=N_("With a desk"))] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The form of an account that is there."""

    name: Annotated[Line, Ask(label=N_("Name"), extra={"maxlength": "100"})]
    role: Annotated[Role, Ask(label=N_("Role"), words=ROLES)]


@dataclass(frozen=True, slots=True)
class Note:
    """What the page says besides: a first password, shown this once, or what did not work."""

    login: str = ""
    password: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which accounts."""

    text: Annotated[Line, Ask(label=N_("Name or user name"), widget="search", extra={"maxlength": "100"})] = ""
    role: Annotated[Role | None, Ask(label=N_("Role"), words=ROLES, nothing=N_("All roles"))] = None
    state: Annotated[State | None, Ask(label=N_("Account"), words=STATE, nothing=N_("Open and closed"))] = None


def _fits(user: User, wanted: Filters) -> bool:
    text = wanted.text.lower()
    return (
        (text in user.login or text in user.name.lower())
        and wanted.role in (None, user.role)
        and wanted.state in (None, State.OPEN if user.is_active else State.CLOSED)
    )


async def _read(look: Look[Filters]) -> Page[User]:
    users = [user for user in await service.listed(look.db, look.actor) if _fits(user, look.wanted)]
    return part(users, look, KEYS)


def _state(user: User) -> str:
    state = State.OPEN if user.is_active else State.CLOSED
    return _(STATE[state])


KEYS: dict[str, Callable[[User], str]] = {
    "login": lambda user: user.login,
    "name": lambda user: user.name,
    "role": lambda user: user.role,
    "desk": lambda user: user.desk or "~",
}
LIST: ListPage[User, Filters] = ListPage(
    path="/users",
    title=N_("Accounts"),
    right=Right.MANAGE_USERS,
    subject="app_user",
    filters=Filters,
    read=_read,
    orders={"login": N_("By user name"), "name": N_("By name"), "role": N_("By role"), "desk": N_("By desk")},
    link=lambda user: f"/users/{user.id}",
    cells="users/_cells.html",
    above="users/_note.html",
    below="users/_new.html",
    icon="user-cog",
    empty=N_("No accounts yet."),
    columns=(
        Column(heading=N_("User name"), value=lambda user: user.login, css="num", sort="login"),
        Column(heading=N_("Name"), value=lambda user: user.name, sort="name"),
        Column(heading=N_("Role"), value=lambda user: _(words.ROLE[user.role]), sort="role"),
        Column(heading=N_("Desk"), value=lambda user: extension(user.desk or ""), css="num", sort="desk"),
        Column(heading=N_("Account"), value=_state, cell="state"),
    ),
)


async def index(request: web.Request) -> web.StreamResponse:
    """All accounts, and the form for a new one."""
    return await _list(request, Note(), sheet.shown(NewAccount, {"desk": True}))


async def _list(request: web.Request, note: Note, form: Sheet[NewAccount]) -> web.Response:
    extra = {"note": note, "form": form}
    return await lists.show(request, LIST, extra, status=form.status)


async def show(request: web.Request) -> web.StreamResponse:
    """One account."""
    return await _one(request, Note())


async def _one(request: web.Request, note: Note, form: Sheet[Account] | None = None) -> web.Response:
    db, actor, user_id = request.app[DEPS].db, actor_of(request), _user_id(request)
    user = await service.get(db, actor, user_id)
    shown = form or sheet.shown(Account, {"name": user.name, "role": user.role}, version=user.version)
    context = {
        "user": user,
        "sessions": await sessions.of_user(db, actor, user_id),
        "form": shown,
        "note": note,
        "browser": browsers.name_of,
        "may_have_desk": allows(user.role, Right.TAKE_CALLS),
    }
    return page(request, "users/show.html", context, status=422 if note.problem else shown.status)


def _user_id(request: web.Request) -> UserId:
    return UserId(forms.path_number(request))


async def create(request: web.Request) -> web.StreamResponse:
    """A new account with a first password."""
    form = sheet.read(NewAccount, await forms.posted(request))
    password = passwords.generated_password()
    if form.value is None:
        return await _list(request, Note(), form)
    try:
        user = await service.create(
            request.app[DEPS].db,
            actor_of(request),
            login=form.value.login,
            name=form.value.name,
            role=form.value.role,
            password=password,
            with_desk=form.value.desk,
            one_time=True,
        )
    except HcrmError as error:
        return await _list(request, Note(), form.refused(error))
    return await _list(request, Note(user.login, password), sheet.shown(NewAccount, {"desk": True}))


async def change(request: web.Request) -> web.StreamResponse:
    """Another name or role. When somebody else changed them meanwhile, nothing is written yet."""
    db, actor, user_id = request.app[DEPS].db, actor_of(request), _user_id(request)
    typed = await forms.posted(request)
    form = sheet.read(Account, typed, version=forms.whole(typed, "version"))
    if form.value is None:
        return await _one(request, Note(), form)
    asked = form.value
    try:
        await service.change_role(db, actor, user_id, name=asked.name, role=asked.role, expected_version=form.version)
    except StaleError:
        return await _one(request, Note(), _beside(form, await service.get(db, actor, user_id), db.clock()))
    except HcrmError as error:
        return await _one(request, Note(), form.refused(error))
    return await _one(request, Note())


def _beside(form: Sheet[Account], user: User, now: datetime) -> Sheet[Account]:
    """What was typed, with what counts by now beside it."""
    counts = sheet.typed_of(Account, {"name": user.name, "role": user.role})
    theirs = {
        name: Theirs(who=_("Somebody else"), at=now, before="", now=value, is_both=True)
        for name, value in counts.items()
        if form.typed.get(name, "") != value
    }
    return replace(form, theirs=theirs, is_stale=True, version=user.version)


async def reset_password(request: web.Request) -> web.StreamResponse:
    """A new first password; the person is logged out everywhere."""
    db, user_id = request.app[DEPS].db, _user_id(request)
    password = await service.reset_password(db, actor_of(request), user_id)
    user = await service.get(db, actor_of(request), user_id)
    return await _one(request, Note(user.login, password))


async def reset_factor(request: web.Request) -> web.StreamResponse:
    """They lost their telephone and their recovery codes."""
    await second_factor.reset(request.app[DEPS].db, actor_of(request), _user_id(request))
    return await _one(request, Note())


async def give_desk(request: web.Request) -> web.StreamResponse:
    """The next free desk."""
    await service.assign_desk(request.app[DEPS].db, _user_id(request), actor_of(request))
    return await _one(request, Note())


async def take_desk(request: web.Request) -> web.StreamResponse:
    """The desk is free for somebody else."""
    await service.take_desk(request.app[DEPS].db, actor_of(request), _user_id(request))
    return await _one(request, Note())


async def set_active(request: web.Request) -> web.StreamResponse:
    """Close or open an account."""
    form = await forms.posted(request)
    try:
        await service.set_active(
            request.app[DEPS].db, actor_of(request), _user_id(request), form.get("active") == "yes"
        )
    except HcrmError as error:
        return await _one(request, Note(problem=words.error_words(error.code)))
    return await _one(request, Note())


async def end_session(request: web.Request) -> web.StreamResponse:
    """One of their browsers is logged out."""
    session_id = SessionId(forms.path_number(request, "session"))
    await sessions.end_one(request.app[DEPS].db, actor_of(request), _user_id(request), session_id)
    return await _one(request, Note())


async def end_sessions(request: web.Request) -> web.StreamResponse:
    """All of their browsers are logged out."""
    await sessions.end_all(request.app[DEPS].db, actor_of(request), _user_id(request))
    return await _one(request, Note())
