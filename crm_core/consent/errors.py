"""What can be wrong with a decision about being contacted."""

from crm_core.kernel.errors import InvalidInputError


class GuardianNeededError(InvalidInputError):
    """A child under 14 does not consent to offers; whoever cares for them does."""

    code = "guardian_needed"
