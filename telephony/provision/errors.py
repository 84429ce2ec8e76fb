"""What set-up could not do, and how to mend it."""

from crm_core.kernel.errors import HcrmError


class ProvisionError(HcrmError):
    """Something this machine lacks. `mend` is a sentence that says what to do."""

    code = "provision"

    def __init__(self, what: str, *, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


class NotAssembledError(ProvisionError):
    """Set-up has not been run, or its cache was removed."""

    code = "not_assembled"
