"""What can be wrong with a request before any use case sees it."""

from crm_core.kernel.errors import ForbiddenError, HcrmError
from crm_core.users.errors import LaterError


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
