"""Log in, log out, choose the language, and where a person starts."""

from math import ceil

from aiohttp import web

from crm_core.calls import agents
from crm_core.kernel.actor import Role
from crm_core.kernel.errors import HcrmError
from crm_core.users import logins, sessions
from crm_core.users import service as users
from crm_core.users.errors import BusyError, LaterError, LoginFailedError, WrongCodeError
from crm_core.users.model import Entrance
from crm_core.users.rights import Right, allows
from web import cookies, forms, i18n, words
from web.deps import DEPS
from web.render import page
from web.security import client_of, login_of, visitor_of

STARTS = ((Right.SEE_WALLBOARD, "/today"), (Right.SEE_AUDIT, "/audit"))
FORGET = '"cache", "storage"'  # what this browser kept of patients; the chosen language may stay


async def start(request: web.Request) -> web.StreamResponse:
    """An agent's desk, else what waits for this person today, else the first page the role may see."""
    login = login_of(request)
    if login.role is Role.AGENT and login.desk is not None:
        raise web.HTTPSeeOther("/desk")
    raise web.HTTPSeeOther(next((path for right, path in STARTS if allows(login.role, right)), "/account"))


async def show_login(request: web.Request) -> web.StreamResponse:
    """The form; who is logged in already goes on."""
    if visitor_of(request).login is not None:
        raise web.HTTPSeeOther("/")
    return page(request, "login.html", {"problem": "", "next": "/", "login": ""})


async def again(request: web.Request) -> web.StreamResponse:
    """Who this browser is now, for a page that was logged out while it was open. Raises NotLoggedInError."""
    login, visitor = login_of(request), visitor_of(request)
    body = {"csrf": visitor.csrf, "user_id": login.user_id, "owes": visitor.owes}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def log_in(request: web.Request) -> web.StreamResponse:
    """Sets the session cookie, or says why not without saying which part was wrong."""
    form = await forms.posted(request)
    name, place = forms.text(form, "login", limit=200), forms.own_path(form.get("next", "/"))
    password = str((await request.post()).get("password", ""))
    try:
        entrance = await logins.authenticate(request.app[DEPS].db, name, password, client_of(request))
    except (LoginFailedError, LaterError) as error:
        return _refused(request, "login.html", error, {"next": place, "login": name})
    if entrance.needs_code:
        answer = page(request, "login_code.html", {"problem": "", "next": place})
        cookies.give_session(request, answer, entrance.token)
        return answer
    raise _let_in(request, entrance, place)


async def prove_code(request: web.Request) -> web.StreamResponse:
    """The second step. Who took too long begins again."""
    form = await forms.posted(request)
    deps, place = request.app[DEPS], forms.own_path(form.get("next", "/"))
    half, code = cookies.session_of(request), forms.text(form, "code", limit=100)
    try:
        entrance = await logins.prove_code(deps.db, deps.factor_key, half, code, client_of(request))
    except LoginFailedError as error:
        return _refused(request, "login.html", error, {"next": place, "login": ""})
    except (WrongCodeError, LaterError) as error:
        return _refused(request, "login_code.html", error, {"next": place})
    raise _let_in(request, entrance, place)


def _let_in(request: web.Request, entrance: Entrance, place: str) -> web.HTTPSeeOther:
    answer = web.HTTPSeeOther(place)
    cookies.give_session(request, answer, entrance.token)
    return answer


def _refused(request: web.Request, template: str, error: HcrmError, context: dict[str, object]) -> web.Response:
    status = 503 if isinstance(error, BusyError) else 429 if isinstance(error, LaterError) else 401
    answer = page(request, template, {**context, "problem": words.error_words(error.code)}, status=status)
    if isinstance(error, LaterError):
        answer.headers["Retry-After"] = str(ceil(error.wait_s))
    return answer


async def log_out(request: web.Request) -> web.StreamResponse:
    """Ends the session here and in the database. In a call nobody leaves, afterwards nothing rings for them."""
    await agents.leave(request.app[DEPS].db, visitor_of(request).actor)
    await sessions.end(request.app[DEPS].db, cookies.session_of(request))
    answer = web.HTTPSeeOther("/login", headers={"Clear-Site-Data": FORGET})
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
