"""Log in, log out, choose the language, and where a person starts."""

from datetime import timedelta

from aiohttp import web

from crm_core.users import service as users
from crm_core.users.errors import AccountLockedError, LoginFailedError
from crm_core.users.model import SESSION_LASTS
from crm_core.users.rights import Right, allows
from web import forms, i18n
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import LOCALE_COOKIE, SESSION_COOKIE, login_of, visitor_of

LOCALE_LASTS = timedelta(days=365)
STARTS = (
    (Right.TAKE_CALLS, "/desk"),
    (Right.SEE_PATIENTS, "/patients"),
    (Right.SEE_WALLBOARD, "/wallboard"),
    (Right.SEE_AUDIT, "/audit"),
)


async def start(request: web.Request) -> web.StreamResponse:
    """The first page a role may see."""
    login = login_of(request)
    place = next(
        (path for right, path in STARTS if allows(login.role, right) and _is_useful(path, login.desk)), "/login"
    )
    raise web.HTTPSeeOther(place)


def _is_useful(path: str, desk: str | None) -> bool:
    return path != "/desk" or desk is not None


async def show_login(request: web.Request) -> web.StreamResponse:
    """The form; who is logged in already goes on."""
    if visitor_of(request).login is not None:
        raise web.HTTPSeeOther("/")
    return page(request, "login.html", {"problem": "", "next": "/", "login": ""})


async def log_in(request: web.Request) -> web.StreamResponse:
    """Sets the session cookie, or says why not without saying which part was wrong."""
    form = await forms.posted(request)
    name = forms.text(form, "login", limit=200)
    password = str((await request.post()).get("password", ""))
    try:
        token = await users.authenticate(request.app[DEPS].db, name, password)
    except (LoginFailedError, AccountLockedError) as error:
        context = {"problem": _problem(error), "next": forms.own_path(form.get("next", "/")), "login": name}
        return page(request, "login.html", context, status=401)
    answer = web.HTTPSeeOther(forms.own_path(form.get("next", "/")))
    answer.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=_is_https(request),
    )
    raise answer


def _problem(error: LoginFailedError | AccountLockedError) -> str:
    if isinstance(error, AccountLockedError):
        return _("Too many wrong passwords. This account is locked for some minutes.")
    return _("User name or password is wrong.")


def _is_https(request: web.Request) -> bool:
    return request.secure or request.app[DEPS].settings.secure_cookies


async def log_out(request: web.Request) -> web.StreamResponse:
    """Ends the session here and in the database."""
    await users.end_session(request.app[DEPS].db, request.cookies.get(SESSION_COOKIE, ""))
    answer = web.HTTPSeeOther("/login")
    answer.del_cookie(SESSION_COOKIE)
    raise answer


async def choose_language(request: web.Request) -> web.StreamResponse:
    """For this browser, and for the account when there is one."""
    form = await forms.posted(request)
    locale = i18n.choose_locale(form.get("locale"), default=request.app[DEPS].settings.default_locale)
    login = visitor_of(request).login
    if login is not None:
        await users.set_locale(request.app[DEPS].db, login.actor, login.user_id, locale)
    answer = web.HTTPSeeOther(forms.own_path(form.get("next", "/")))
    answer.set_cookie(
        LOCALE_COOKIE,
        locale,
        max_age=int(LOCALE_LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=_is_https(request),
    )
    raise answer
