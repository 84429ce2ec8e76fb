"""What can be wrong with a request about a call or an agent."""

from crm_core.kernel.errors import ConflictError, ForbiddenError, NotFoundError


class CallNotFoundError(NotFoundError):
    """There is no such call."""

    code = "call_not_found"


class NotYourCallError(ForbiddenError):
    """Another agent had this call."""

    code = "not_your_call"


class NotYourStateError(ForbiddenError):
    """Only a supervisor changes what somebody else is doing."""

    code = "not_your_state"


class NotYourDeskError(ForbiddenError):
    """Only a supervisor lets somebody else's telephone ring."""

    code = "not_your_desk"


class ResultClosedError(ForbiddenError):
    """How a call of an earlier day ended is a supervisor's to change."""

    code = "result_closed"


class NoLineError(ConflictError):
    """The desk is there, but no telephone is connected at it."""

    code = "no_line"


class NoDeskError(ConflictError):
    """Nobody is available without a desk to ring."""

    code = "no_desk"


class InCallError(ConflictError):
    """Whoever leaves now would leave a patient in the middle of a word."""

    code = "in_call"


class NotInCallError(ConflictError):
    """The agent speaks with no patient now."""

    code = "not_in_call"


class AlreadyThereError(ConflictError):
    """A supervisor has two ears and one telephone: at another call already, or in one of their own."""

    code = "already_there"


class NotPausableError(ConflictError):
    """The recording is paused already, or there is none to pause."""

    code = "not_pausable"
