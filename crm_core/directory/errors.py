"""What can be wrong with what the hospital offers."""

from crm_core.kernel.errors import ConflictError


class CodeTakenError(ConflictError):
    """Another one has this code."""

    code = "code_taken"
