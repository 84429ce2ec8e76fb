"""TPDUs for the tests of the simulated network."""

from datetime import UTC, datetime

from demo.gsm import pdu
from demo.gsm.pdu import Alphabet
from demo.gsm.segments import cut

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENT = "+8613800138000"


def submit(text: str, *, to: str = PATIENT, report: bool = True, validity: int = 167) -> bytes:
    """What a hospital's modem sends; one segment."""
    [data] = cut(text, reference=1)
    dcs = 8 if data.alphabet is Alphabet.UCS2 else 0
    return pdu.encode_submit(to, data, dcs=dcs, first=0x31 if report else 0x11, validity=validity)


def deliver(text: str, *, sender: str = PATIENT) -> bytes:
    """What the network brings; UCS-2."""
    data = pdu.UserData(Alphabet.UCS2, b"", text.encode("utf-16-be"))
    return pdu.encode_deliver(sender, data, dcs=8, at=NOON)
