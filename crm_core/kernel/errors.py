"""Errors say whose fault it is, whether a machine may try again, and what staff may read.

`str(error)` is written for logs: constant words, no personal data.
"""

from typing import ClassVar


class HcrmError(Exception):
    """Everything hcrm raises on purpose. `code` names the rule for programs and for translation."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False


class InvalidInputError(HcrmError):
    """Whoever sent this must change it; `field` says where."""

    code = "invalid_input"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotFoundError(HcrmError):
    """There is no such thing, or not for this caller."""

    code = "not_found"


class ConflictError(HcrmError):
    """Right in form, but the state of things forbids it."""

    code = "conflict"


class StaleError(ConflictError):
    """What the caller read has been changed since; whoever looks again may decide again."""

    code = "stale"


class ForbiddenError(HcrmError):
    """Known who you are; you may not."""

    code = "forbidden"


class DatabaseUnavailableError(HcrmError):
    """PostgreSQL cannot be reached or cannot do it now; nothing was changed, and the same request may work later."""

    code = "database_unavailable"
    retryable = True


class DatabaseBusyError(DatabaseUnavailableError):
    """Two transactions stood in each other's way and this one gave in; nothing was changed, at once again may work."""

    code = "database_busy"


class CommitUnknownError(DatabaseUnavailableError):
    """The connection was lost in the commit: all of it was done, or nothing. To be repeated by machine only where twice
    is the same as once."""

    code = "commit_unknown"


class SendError(HcrmError):
    """A message or a call could not be handed over."""

    code = "send_failed"


class TemporarySendError(SendError):
    """Not accepted now; the same request may work later."""

    code = "send_failed_temporarily"
    retryable = True


class OutcomeUnknownError(SendError):
    """It may have been sent. Never retry by machine: a patient would be called or texted twice."""

    code = "outcome_unknown"
