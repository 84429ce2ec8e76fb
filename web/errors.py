"""What can be wrong with a request before a use case sees it; which HTTP status an error is, for pages and API."""

from http import HTTPStatus

from crm_core.kernel.errors import (
    ConflictError,
    DatabaseUnavailableError,
    ForbiddenError,
    HcrmError,
    InvalidInputError,
    NotFoundError,
    SendError,
    StaleError,
    TemporarySendError,
)
from crm_core.kernel.event_log import ForgottenError
from crm_core.users.errors import BusyError, LaterError


class NotLoggedInError(HcrmError):
    """Nobody is known: no session, no token, or an expired one."""

    code = "not_logged_in"


class NotAllowedError(ForbiddenError):
    """Known, but without the right."""

    code = "forbidden"


class ClearTextError(ForbiddenError):
    """Sent readable through the network to a hospital that has https."""

    code = "clear_text"


class BadOriginError(ForbiddenError):
    """An unsafe request that our own page did not send."""

    code = "bad_origin"


class TooManyRequestsError(LaterError):
    """Faster than people and well-behaved programs ask."""

    code = "too_many_requests"


class WrongMediaTypeError(InvalidInputError):
    """The body is not said to be JSON."""

    code = "wrong_media_type"


STATUS: tuple[tuple[type[HcrmError], HTTPStatus], ...] = (  # the first that fits
    (NotLoggedInError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ForgottenError, HTTPStatus.GONE),
    (StaleError, HTTPStatus.PRECONDITION_FAILED),
    (ConflictError, HTTPStatus.CONFLICT),
    (WrongMediaTypeError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (DatabaseUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (LaterError, HTTPStatus.TOO_MANY_REQUESTS),
    (TemporarySendError, HTTPStatus.SERVICE_UNAVAILABLE),
    (SendError, HTTPStatus.BAD_GATEWAY),
)
HTTP_CODES = {  # what aiohttp itself refuses
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


def status_of(error: HcrmError) -> HTTPStatus:
    """An error of ours that nobody listed is our fault."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
