"""What can go wrong between us and Asterisk, by whose fault it is."""

from crm_core.kernel.errors import HcrmError, TemporarySendError


class CallerHungUp(Exception):
    """The caller is gone. No error: every way of leaving (HANGUP, result -1, 511, a closed line) arrives as this."""


class AgiError(HcrmError):
    """The AGI dialogue cannot go on; the dialplan takes the caller over."""

    code = "agi_error"


class AgiProtocolError(AgiError):
    """The peer does not speak AGI as agreed."""

    code = "agi_protocol"


class AgiTimeoutError(AgiError):
    """Asterisk did not answer a command in time."""

    code = "agi_timeout"


class AgiCommandError(AgiError):
    """Asterisk refused a command: it does not know it (510) or dislikes its arguments (520)."""

    code = "agi_command"


class AmiError(HcrmError):
    """The manager interface said no, or cannot be asked."""

    code = "ami_error"


class AmiLinkError(AmiError, TemporarySendError):
    """There is no link to Asterisk now; the action was not sent."""

    code = "ami_link_down"
    retryable = True


class AmiTimeoutError(AmiError):
    """The action was sent and not answered in time. It may have been done."""

    code = "ami_timeout"


class AmiRefusedError(AmiError):
    """Asterisk answered `Error`; the text is Asterisk's own sentence."""

    code = "ami_refused"


class AmiLoginError(AmiError):
    """Asterisk does not accept our name and secret."""

    code = "ami_login"


class TelephoneRefusedError(TemporarySendError):
    """Asterisk did not do with a call what staff asked."""

    code = "telephone_refused"


class EarNotAnsweredError(TemporarySendError):
    """The supervisor's telephone was rung and not answered."""

    code = "ear_not_answered"
