"""Accounts: make them, close them, give them a desk, and a new password that is shown once."""

from aiohttp import web

from crm_core.kernel.actor import Role
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import UserId
from crm_core.users import passwords, service, store
from crm_core.users.errors import UserNotFoundError
from web import forms, words
from web.deps import DEPS
from web.render import page
from web.security import actor_of


async def index(request: web.Request) -> web.StreamResponse:
    """All accounts."""
    return await _list(request)


async def _list(
    request: web.Request, *, shown: tuple[str, str] | None = None, error: HcrmError | None = None
) -> web.Response:
    async with request.app[DEPS].db.connection() as conn:
        users = await store.users(conn)
    context = {
        "users": users,
        "roles": tuple(Role),
        "shown": shown,
        "problem": words.error_words(error.code) if error else "",
    }
    return page(request, "users/index.html", context, status=422 if error else 200)


async def create(request: web.Request) -> web.StreamResponse:
    """A new account with a generated password."""
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
        )
    except HcrmError as error:
        return await _list(request, error=error)
    if form.get("desk"):
        await service.assign_desk(request.app[DEPS].db, user.id, actor_of(request))
    return await _list(request, shown=(user.login, password))


async def reset_password(request: web.Request) -> web.StreamResponse:
    """A new generated password; the person is logged out everywhere."""
    user_id = UserId(forms.path_number(request))
    password = passwords.generated_password()
    db = request.app[DEPS].db
    await service.change_password(db, actor_of(request), user_id, password)
    async with db.connection() as conn:
        user = await store.get(conn, user_id)
    if user is None:
        raise UserNotFoundError("no such user")
    return await _list(request, shown=(user.login, password))


async def give_desk(request: web.Request) -> web.StreamResponse:
    """The next free desk."""
    await service.assign_desk(request.app[DEPS].db, UserId(forms.path_number(request)), actor_of(request))
    return await _list(request)


async def set_active(request: web.Request) -> web.StreamResponse:
    """Close or open an account."""
    form = await forms.posted(request)
    user_id = UserId(forms.path_number(request))
    await service.set_active(request.app[DEPS].db, actor_of(request), user_id, form.get("active") == "yes")
    return await _list(request)
