"""What a modem wants done outside itself."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an indication is about."""

    MESSAGE = "message"
    REPORT = "report"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes for the serial line: echo, prompt or answer."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Indicate:
    """Bytes nobody asked for: +CMTI, +CMT, +CDS, +CDSI, +CREG, +CUSD."""

    data: bytes
    kind: Kind


@dataclass(frozen=True, slots=True)
class Submit:
    """A TPDU on its way to the SMSC; the modem is busy until `submit_done`."""

    tpdu: bytes
    reference: int


@dataclass(frozen=True, slots=True)
class Ussd:
    """A question to the operator, like *100#."""

    code: str


@dataclass(frozen=True, slots=True)
class FreedMemory:
    """Room for messages again, or the last one acknowledged: the SMSC may go on."""


@dataclass(frozen=True, slots=True)
class Declined:
    """AT+CNMA=2: what was shown last is not taken; the SMSC tries again."""


Effect = Reply | Indicate | Submit | Ussd | FreedMemory | Declined
