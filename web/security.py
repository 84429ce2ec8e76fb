"""Who asks, and whether they may. Every refusal leaves an audit row."""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from crm_core.kernel import audit
from crm_core.kernel.actor import ANONYMOUS, Actor, ActorKind
from crm_core.kernel.ids import UserId
from crm_core.users import rights
from crm_core.users import service as users
from crm_core.users.model import Login
from web import cookies, forms, i18n
from web.access import Access, Open
from web.deps import DEPS
from web.errors import BadOriginError, NotAllowedError, NotLoggedInError

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
API_PREFIX = "/api/"
STATIC_PREFIX = "/static/"

AccessTable = Mapping[web.AbstractRoute, Access]
ACCESS = web.AppKey("access", dict[web.AbstractRoute, Access])
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who this request comes from. `login` is set for a browser session, not for a token."""

    actor: Actor
    login: Login | None = None
    csrf: str = field(default="", repr=False)


NOBODY = Visitor(ANONYMOUS)
VISITOR: web.RequestKey[Visitor] = web.RequestKey("visitor", Visitor)
NONCE: web.RequestKey[str] = web.RequestKey("nonce", str)


def visitor_of(request: web.Request) -> Visitor:
    """The visitor that the middleware found."""
    visitor: Visitor = request.get(VISITOR, NOBODY)
    return visitor


def actor_of(request: web.Request) -> Actor:
    """For services and the audit."""
    return visitor_of(request).actor


def login_of(request: web.Request) -> Login:
    """The person in front of the browser. Raises NotLoggedInError for a token."""
    login = visitor_of(request).login
    if login is None:
        raise NotLoggedInError("a browser session is needed")
    return login


def user_id_of(request: web.Request) -> UserId:
    """The id of the person in front of the browser."""
    return login_of(request).user_id


@web.middleware
async def know_visitor(request: web.Request, handler: Next) -> web.StreamResponse:
    """Session cookie or bearer token to visitor; chooses the language."""
    request[NONCE] = secrets.token_urlsafe(16)
    _choose_locale(request, None)  # also for the page that says that the database is away
    if not request.path.startswith(STATIC_PREFIX):
        visitor = await _by_token(request) or await _by_cookie(request) or NOBODY
        request[VISITOR] = visitor
        _choose_locale(request, visitor.login)
    return await handler(request)


def _choose_locale(request: web.Request, login: Login | None) -> None:
    wishes = (
        login.locale if login else None,
        request.cookies.get(cookies.LOCALE),
        request.headers.get("Accept-Language"),
    )
    default = request.app[DEPS].settings.default_locale
    i18n.current_locale.set(i18n.choose_locale(*wishes, default=default))


async def _by_cookie(request: web.Request) -> Visitor | None:
    login = await _login(request)
    if login is None:
        return None
    actor = Actor(ActorKind.USER, login.login, login.role, login.user_id)
    return Visitor(actor, login, login.csrf_token)


async def _login(request: web.Request) -> Login | None:
    token = cookies.session_of(request)
    if not token or not token.isascii():
        return None
    db = request.app[DEPS].db
    async with db.connection() as conn:
        return await users.session(conn, token, db.clock())


async def is_still_logged_in(request: web.Request) -> bool:
    """For what stays open long after it was let in."""
    return await _login(request) is not None


async def _by_token(request: web.Request) -> Visitor | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not token.isascii() or not request.path.startswith(API_PREFIX):
        return None
    db = request.app[DEPS].db
    async with db.connection() as conn:
        actor = await users.actor_of_token(conn, token.strip(), db.clock())
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
        await _note_refusal(request, "not logged in")
        raise NotLoggedInError("not logged in")
    if isinstance(access, Open):
        return
    role = visitor.actor.role
    if role is None or not rights.allows(role, access):
        await _note_refusal(request, "forbidden")
        raise NotAllowedError("not allowed")


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
