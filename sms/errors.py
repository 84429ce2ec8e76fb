"""What can go wrong between a text and a telephone."""

from crm_core.kernel.errors import ConflictError, ForbiddenError, HcrmError, InvalidInputError, NotFoundError


class ContactForbiddenError(ConflictError):
    """We may not write to this person for this purpose; `rule` names why."""

    code = "contact_forbidden"

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class PurposeForbiddenError(ForbiddenError):
    """This role does not write for this purpose. It is never sent as something else instead."""

    code = "purpose_forbidden"


class NotTheirNumberError(ConflictError):
    """The text is said to be for a patient who has another number."""

    code = "not_their_number"


class TitleTakenError(ConflictError):
    """Another canned answer has this title."""

    code = "title_taken"


class UnfilledError(InvalidInputError):
    """A placeholder of a canned answer was left in the text."""

    code = "unfilled_placeholder"


class TooLongError(InvalidInputError):
    """More segments than one text may have."""

    code = "text_too_long"


class NoWayOutError(InvalidInputError):
    """Advertising names who sends it and how to refuse it."""

    code = "no_way_out"


class SmsNotFoundError(NotFoundError):
    """There is no such message."""

    code = "sms_not_found"


class NoPhoneError(ConflictError):
    """The patient has no number to write to."""

    code = "no_phone"


class ModemError(HcrmError):
    """The modem did not do what it was told; the link is good."""

    code = "modem_refused"


class ModemLinkError(HcrmError):
    """Nothing answers any more, or the device is gone. `str(error)` is what the status shows."""

    code = "modem_link_lost"
    retryable = True


class SimLockedError(ModemLinkError):
    """The SIM wants a PIN or PUK we do not have; trying again by machine would destroy it."""

    code = "sim_locked"
