"""What can be wrong with a request about a task."""

from crm_core.kernel.errors import NotFoundError


class TaskNotFoundError(NotFoundError):
    """There is no such task."""

    code = "task_not_found"
