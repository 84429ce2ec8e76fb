"""Why somebody cannot log in or an account cannot be made."""

from crm_core.kernel.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError


class LoginFailedError(ForbiddenError):
    """Unknown login, wrong password or closed account: never said which."""

    code = "login_failed"


class AccountLockedError(ForbiddenError):
    """Too many wrong passwords; try again some minutes later."""

    code = "account_locked"


class LoginTakenError(ConflictError):
    """Somebody has this login."""

    code = "login_taken"


class WeakPasswordError(InvalidInputError):
    """Too short, or contains the login."""

    code = "weak_password"


class UserNotFoundError(NotFoundError):
    """There is no such account."""

    code = "user_not_found"


class NoDeskLeftError(ConflictError):
    """All desks are taken."""

    code = "no_desk_left"
