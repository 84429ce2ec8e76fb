"""Why a patient is not called. `rule` names the reason for programs and for translation."""

from crm_core.kernel.errors import ConflictError, NotFoundError


class AttemptNotFoundError(NotFoundError):
    """There is no such attempt."""

    code = "attempt_not_found"


class CallForbiddenError(ConflictError):
    """This patient may not be called for this now.

    `rule` is one of consent's, or appointment_not_open, appointment_over, too_late, no_phone, attempt_open,
    outcome_unknown.
    """

    code = "call_forbidden"

    def __init__(self, rule: str) -> None:
        super().__init__(f"not called: {rule}")
        self.rule = rule


class IllegalSignalError(ConflictError):
    """An attempt in this state cannot hear this."""

    code = "illegal_signal"
