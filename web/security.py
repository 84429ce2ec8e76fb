"""Who asks, how fast, and whether they may.

A refusal leaves an audit row; of somebody who is nobody it is counted.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from aiohttp import web

from crm_core.calls import agents
from crm_core.kernel import audit
from crm_core.kernel.actor import ANONYMOUS, Actor
from crm_core.kernel.ids import UserId
from crm_core.users import logins, rights, rules, sessions, throttle, tokens
from crm_core.users.model import Client, Login
from web import cookies, forms, i18n
from web.access import Access, Open
from web.arrival import client_address
from web.deps import DEPS
from web.errors import BadOriginError, NotAllowedError, NotLoggedInError, TooManyRequestsError
from web.limits import Limiter

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BACKGROUND_HEADER = "X-Hcrm-Background"  # a page asks by itself: nobody touched anything
API_PREFIX = "/api/"
STREAMS = frozenset({"/live", "/ws"})  # opened by the page, also again by itself
STATIC_PREFIX = "/static/"
DOORS = frozenset({"/login", "/login/code"})
CHANGE_PASSWORD = "/account/password"
SET_UP_FACTOR = "/account/second-factor"
LONGEST_BROWSER = 300

AccessTable = Mapping[web.AbstractRoute, Access]
ACCESS = web.AppKey("access", dict[web.AbstractRoute, Access])
LIMITER = web.AppKey("limiter", Limiter)
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who this request comes from. `login` is set for a browser session, not for a token.

    `owes` is the page on which a newcomer must first do something, "" when nothing is owed.
    """

    actor: Actor
    login: Login | None = None
    csrf: str = field(default="", repr=False)
    owes: str = ""

    @property
    def key(self) -> str:
        """What this visitor proved itself by, and whose requests are counted together: `session:7`, `token:3`."""
        return f"session:{self.login.session_id}" if self.login else self.actor.name


NOBODY = Visitor(ANONYMOUS)
VISITOR: web.RequestKey[Visitor] = web.RequestKey("visitor", Visitor)
NONCE: web.RequestKey[str] = web.RequestKey("nonce", str)


def visitor_of(request: web.Request) -> Visitor:
    """The visitor that the middleware found."""
    visitor: Visitor = request.get(VISITOR, NOBODY)
    return visitor


def actor_of(request: web.Request) -> Actor:
    """For services and the audit, with the address and the session it came from."""
    visitor = visitor_of(request)
    proof = "" if visitor is NOBODY else visitor.key
    return replace(visitor.actor, address=client_address(request), session=proof)


def login_of(request: web.Request) -> Login:
    """The person in front of the browser. Raises NotLoggedInError for a token."""
    login = visitor_of(request).login
    if login is None:
        raise NotLoggedInError("a browser session is needed")
    return login


def user_id_of(request: web.Request) -> UserId:
    """The id of the person in front of the browser."""
    return login_of(request).user_id


def client_of(request: web.Request) -> Client:
    """What the browser shows of itself."""
    return Client(address=client_address(request), browser=request.headers.get("User-Agent", "")[:LONGEST_BROWSER])


@web.middleware
async def know_visitor(request: web.Request, handler: Next) -> web.StreamResponse:
    """Session cookie or bearer token to visitor; chooses the language. Who asks too fast is not let through."""
    request[NONCE] = secrets.token_urlsafe(16)
    _choose_locale(request, None)  # also for the page that says that the database is away
    if not request.path.startswith(STATIC_PREFIX):
        visitor = await _by_token(request) or await _by_cookie(request) or NOBODY
        await _limit(request, visitor)
        request[VISITOR] = visitor
        _choose_locale(request, visitor.login)
    return await handler(request)


async def _limit(request: web.Request, visitor: Visitor) -> None:
    address = client_address(request)
    whose, limit = visitor.key, throttle.KNOWN
    if visitor is NOBODY:
        whose, limit = throttle.neighbourhood(address), throttle.STRANGER
        if request.method == "POST" and request.path in DOORS:
            whose, limit = f"{whose} knocks", throttle.KNOCKS
    limiter, db = request.app[LIMITER], request.app[DEPS].db
    wait_s = limiter.take(whose, limit, db.clock())
    if wait_s:
        if limiter.is_news(whose, db.clock()):
            await logins.note_stranger(db, address, "too many requests")
        raise TooManyRequestsError("too many requests", wait_s=wait_s)


def _choose_locale(request: web.Request, login: Login | None) -> None:
    wishes = (
        login.locale if login else None,
        request.cookies.get(cookies.LOCALE),
        request.headers.get("Accept-Language"),
    )
    default = request.app[DEPS].settings.default_locale
    i18n.current_locale.set(i18n.choose_locale(*wishes, default=default))


async def _by_cookie(request: web.Request) -> Visitor | None:
    by_person = request.path not in STREAMS and BACKGROUND_HEADER not in request.headers
    login = await _login(request, by_person=by_person)
    return Visitor(login.actor, login, login.csrf_token, _owes(request, login)) if login else None


async def _login(request: web.Request, *, by_person: bool) -> Login | None:
    token = cookies.session_of(request)
    if not token or not token.isascii():
        return None
    db = request.app[DEPS].db
    return await sessions.of_browser(db, token, by_person=by_person, is_at_work=agents.is_at_work)


async def is_still_logged_in(request: web.Request) -> bool:
    """For what stays open long after it was let in."""
    return await _login(request, by_person=False) is not None


def _owes(request: web.Request, login: Login) -> str:
    if login.must_change_password:
        return CHANGE_PASSWORD
    required = request.app[DEPS].settings.second_factor_for
    return SET_UP_FACTOR if rules.needs_factor(login.role, required) and not login.has_second_factor else ""


async def _by_token(request: web.Request) -> Visitor | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not token.isascii() or not request.path.startswith(API_PREFIX):
        return None
    db = request.app[DEPS].db
    async with db.connection() as conn:
        actor = await tokens.actor_of(conn, token.strip(), db.clock())
    return Visitor(actor) if actor else None


@web.middleware
async def check_access(request: web.Request, handler: Next) -> web.StreamResponse:
    """The table decides; then an unsafe request must show that it comes from our own page."""
    access = request.app[ACCESS].get(request.match_info.route)
    if access is None:  # static files, 404 and 405
        return await handler(request)
    visitor = visitor_of(request)
    if access is not Open.TO_ALL:
        await _require(request, visitor, access)
    if request.method not in SAFE:
        await _require_own_page(request, visitor)
    return await handler(request)


async def _require(request: web.Request, visitor: Visitor, access: Access) -> None:
    if visitor is NOBODY:
        await logins.note_stranger(request.app[DEPS].db, client_address(request), "not logged in")
        raise NotLoggedInError("not logged in")
    if visitor.owes and access is not Open.TO_NEWCOMERS:
        _send_to(request, visitor.owes)
    if not isinstance(access, Open) and not rights.may(visitor.actor, access):
        await _note_refusal(request, "forbidden")
        raise NotAllowedError("not allowed")


def _send_to(request: web.Request, place: str) -> NoReturn:
    """A newcomer does what they owe first, whatever they asked for."""
    if request.path.startswith(API_PREFIX):
        raise NotAllowedError("the password or the second factor comes first")
    if request.headers.get("HX-Request"):
        raise web.HTTPNoContent(headers={"HX-Redirect": place})
    raise web.HTTPSeeOther(place)


async def _note_refusal(request: web.Request, outcome: str) -> None:
    resource = request.match_info.route.resource
    path = resource.canonical if resource else ""
    async with request.app[DEPS].db.connection() as conn:
        await audit.write(
            conn,
            actor_of(request),
            f"{request.method} {path}",
            "route",
            request.match_info.get("id", ""),
            outcome=outcome,
        )


async def _require_own_page(request: web.Request, visitor: Visitor) -> None:
    """A token is proof enough. A session needs its CSRF token; without a session the browser must say same origin."""
    if visitor.login is not None:
        given = request.headers.get(CSRF_HEADER) or (await forms.posted(request)).get(CSRF_FIELD, "")
        if not (given.isascii() and hmac.compare_digest(given, visitor.csrf)):
            await _note_refusal(request, "forged")
            raise BadOriginError("missing or wrong CSRF token")
    elif visitor is NOBODY and not is_same_origin(request):
        raise BadOriginError("not sent by our own page")


def is_same_origin(request: web.Request) -> bool:
    """Whether our own page sent it, as far as the browser says; a program that is no browser says nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return (
        origin is None
        or forms.address(origin).netloc == request.host
        or origin == request.app[DEPS].settings.public_url
    )
