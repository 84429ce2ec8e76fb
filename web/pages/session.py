"""Log in, log out, choose the language, and where a person starts."""

from aiohttp import web

from crm_core.users import service as users
from crm_core.users.errors import AccountLockedError, LoginFailedError
from crm_core.users.rights import Right, allows
from web import cookies, forms, i18n
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import login_of, visitor_of

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
    cookies.give_session(request, answer, token)
    raise answer


def _problem(error: LoginFailedError | AccountLockedError) -> str:
    if isinstance(error, AccountLockedError):
        return _("Too many wrong passwords. This account is locked for some minutes.")
    return _("User name or password is wrong.")


async def log_out(request: web.Request) -> web.StreamResponse:
    """Ends the session here and in the database."""
    await users.end_session(request.app[DEPS].db, cookies.session_of(request))
    answer = web.HTTPSeeOther("/login")
    cookies.take_session(request, answer)
    raise answer


async def choose_language(request: web.Request) -> web.StreamResponse:
    """For this browser, and for the account when there is one."""
    form = await forms.posted(request)
    locale = i18n.choose_locale(form.get("locale"), default=request.app[DEPS].settings.default_locale)
    login = visitor_of(request).login
    if login is not None:
        await users.set_locale(request.app[DEPS].db, login.actor, login.user_id, locale)
    answer = web.HTTPSeeOther(forms.own_path(form.get("next", "/")))
    cookies.give_locale(request, answer, locale)
    raise answer
