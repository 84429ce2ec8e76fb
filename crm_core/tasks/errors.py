"""What can be wrong with a request about a task."""

from crm_core.kernel.errors import ConflictError, NotFoundError


class TaskNotFoundError(NotFoundError):
    """There is no such task."""

    code = "task_not_found"


class TaskClaimedError(ConflictError):
    """Somebody else is at it."""

    code = "task_claimed"


class TaskOpenAlreadyError(ConflictError):
    """The same waits already: one open task per person and cause."""

    code = "task_open_already"
