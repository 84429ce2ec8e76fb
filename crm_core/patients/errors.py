"""What can be wrong with a patient's record."""

from crm_core.kernel.errors import ConflictError, NotFoundError


class PatientNotFoundError(NotFoundError):
    """Nobody has this id."""

    code = "patient_not_found"


class IdentifierTakenError(ConflictError):
    """A card, outpatient or inpatient number belongs to somebody else; `field` says which."""

    code = "identifier_taken"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} belongs to another patient")
        self.field = field
