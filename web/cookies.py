"""Our two cookies. Over https the session's has the `__Host-` prefix: no other host and no plain page can set it."""

from datetime import timedelta

from aiohttp import web

from crm_core.users.model import SESSION_LASTS
from web.deps import DEPS

SESSION = "hcrm_session"
LOCALE = "hcrm_locale"
LOCALE_LASTS = timedelta(days=365)


def session_name(*, is_secure: bool) -> str:
    """The cookie's name on this hospital's pages."""
    return f"__Host-{SESSION}" if is_secure else SESSION


def session_of(request: web.Request) -> str:
    """The session's token, '' without one."""
    return request.cookies.get(session_name(is_secure=_is_secure(request)), "")


def give_session(request: web.Request, answer: web.StreamResponse, token: str) -> None:
    """To this browser, for as long as a session may last."""
    _set(request, answer, session_name(is_secure=_is_secure(request)), token, SESSION_LASTS)


def take_session(request: web.Request, answer: web.StreamResponse) -> None:
    """Away from this browser."""
    secure = _is_secure(request)
    answer.del_cookie(session_name(is_secure=secure), secure=secure, httponly=True, samesite="Lax")


def give_locale(request: web.Request, answer: web.StreamResponse, locale: str) -> None:
    """The language of who is not logged in."""
    _set(request, answer, LOCALE, locale, LOCALE_LASTS)


def _set(request: web.Request, answer: web.StreamResponse, name: str, value: str, lasts: timedelta) -> None:
    seconds = int(lasts.total_seconds())
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=_is_secure(request))


def _is_secure(request: web.Request) -> bool:
    return request.app[DEPS].settings.is_secure
