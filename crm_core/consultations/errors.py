"""What can be wrong with a request about a consultation."""

from crm_core.kernel.errors import NotFoundError


class ConsultationNotFoundError(NotFoundError):
    """There is no such consultation."""

    code = "consultation_not_found"
