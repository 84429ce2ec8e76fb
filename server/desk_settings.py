"""How the agents' telephones behave."""

from dataclasses import dataclass

from server import settings as s
from server.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """The agents' telephones."""

    missed_rings: int = setting(
        "MISSED_RINGS", 2, "Rings missed or declined running that set an agent not ready; 0: never.", parse=s.rings
    )
    wrap_up_s: int = setting(
        "WRAP_UP_S", 180, "Seconds to write down how a call ended; 0: as many as it takes.", parse=s.wrap_up_s
    )
    call_notice: str = setting(
        "CALL_NOTICE",
        "plain",
        "What the computer's notice of a call says: that a patient calls (plain), or from which number (number).",
        parse=s.one_of("plain", "number"),
    )
