"""Why somebody cannot log in or an account cannot be made."""

from typing import ClassVar

from crm_core.kernel.errors import ConflictError, ForbiddenError, HcrmError, InvalidInputError, NotFoundError


class LoginFailedError(ForbiddenError):
    """Unknown login, wrong password, closed account or a first password that is too old: never said which."""

    code = "login_failed"


class LaterError(HcrmError):
    """The same may work after `wait_s`."""

    retryable = True
    code = "later"

    def __init__(self, message: str, *, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class TooManyTriesError(LaterError):
    """Guessing is slow: whoever tries often waits, whether the login exists or not."""

    code: ClassVar[str] = "too_many_tries"


class BusyError(LaterError):
    """So many passwords wait to be checked that one more would keep everybody waiting."""

    code: ClassVar[str] = "busy"


class WrongPasswordError(InvalidInputError):
    """Who is logged in was asked for the password again, and it was another."""

    code = "wrong_password"


class WrongCodeError(InvalidInputError):
    """Neither the code of this moment nor an unused recovery code, or one that was used already."""

    code = "wrong_code"


class LoginTakenError(ConflictError):
    """Somebody has this login."""

    code = "login_taken"


class WeakPasswordError(InvalidInputError):
    """Too short, easily guessed, or about the person or the hospital."""

    code = "weak_password"


class UserNotFoundError(NotFoundError):
    """There is no such account."""

    code = "user_not_found"


class TokenNotFoundError(NotFoundError):
    """There is no such token."""

    code = "token_not_found"


class LastAdminError(ConflictError):
    """Without them nobody could manage accounts any more."""

    code = "last_admin"


class FactorRequiredError(ConflictError):
    """This role may not go without a second factor."""

    code = "factor_required"


class NoDeskLeftError(ConflictError):
    """All desks are taken."""

    code = "no_desk_left"
