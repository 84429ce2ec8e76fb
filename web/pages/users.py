"""Accounts for the administrator: made, changed, closed; first passwords, desks, browsers, second factors."""

from dataclasses import dataclass

from aiohttp import web

from crm_core.kernel.actor import Role
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import SessionId, UserId
from crm_core.users import passwords, second_factor, service, sessions
from web import browsers, forms, words
from web.deps import DEPS
from web.render import page
from web.security import actor_of

PEOPLE = tuple(role for role in Role if role is not Role.API)


@dataclass(frozen=True, slots=True)
class Note:
    """What the page says besides: a first password, shown this once, or what did not work."""

    login: str = ""
    password: str = ""
    problem: str = ""


async def index(request: web.Request) -> web.StreamResponse:
    """All accounts."""
    return await _list(request, Note())


async def _list(request: web.Request, note: Note) -> web.Response:
    users = await service.listed(request.app[DEPS].db, actor_of(request))
    context = {"users": users, "roles": PEOPLE, "note": note}
    return page(request, "users/index.html", context, status=422 if note.problem else 200)


async def show(request: web.Request) -> web.StreamResponse:
    """One account."""
    return await _one(request, Note())


async def _one(request: web.Request, note: Note) -> web.Response:
    db, actor, user_id = request.app[DEPS].db, actor_of(request), _user_id(request)
    context = {
        "user": await service.get(db, actor, user_id),
        "sessions": await sessions.of_user(db, actor, user_id),
        "roles": PEOPLE,
        "note": note,
        "browser": browsers.name_of,
    }
    return page(request, "users/show.html", context, status=422 if note.problem else 200)


def _user_id(request: web.Request) -> UserId:
    return UserId(forms.path_number(request))


async def create(request: web.Request) -> web.StreamResponse:
    """A new account with a first password."""
    form = await forms.posted(request)
    password = passwords.generated_password()
    try:
        user = await service.create(
            request.app[DEPS].db,
            actor_of(request),
            login=forms.text(form, "login", limit=60),
            name=forms.text(form, "name", limit=100),
            role=forms.text(form, "role", limit=20),
            password=password,
            with_desk=bool(form.get("desk")),
            one_time=True,
        )
    except HcrmError as error:
        return await _list(request, Note(problem=words.error_words(error.code)))
    return await _list(request, Note(user.login, password))


async def change(request: web.Request) -> web.StreamResponse:
    """Another name or role."""
    form = await forms.posted(request)
    try:
        await service.change_role(
            request.app[DEPS].db,
            actor_of(request),
            _user_id(request),
            name=forms.text(form, "name", limit=100),
            role=forms.text(form, "role", limit=20),
        )
    except HcrmError as error:
        return await _one(request, Note(problem=words.error_words(error.code)))
    return await _one(request, Note())


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
