"""Places for messages in a modem: the SIM ("SM") and the modem's own memory ("ME")."""

from dataclasses import dataclass, field
from enum import IntEnum


class Stat(IntEnum):
    """<stat> of 27.005 in PDU mode."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3


TEXT_STAT = {Stat.UNREAD: "REC UNREAD", Stat.READ: "REC READ", Stat.UNSENT: "STO UNSENT", Stat.SENT: "STO SENT"}
ALL = 4
_DELETED_BY_FLAG = {
    1: {Stat.READ},
    2: {Stat.READ, Stat.SENT},
    3: {Stat.READ, Stat.SENT, Stat.UNSENT},
    4: set(Stat),
}


@dataclass(slots=True)
class Stored:
    """`pdu` with its service centre address in front, as AT+CMGR shows it."""

    stat: Stat
    pdu: bytes


@dataclass(slots=True)
class Storage:
    """Places are numbered from 1."""

    name: str
    capacity: int
    messages: dict[int, Stored] = field(default_factory=dict)

    def put(self, stat: Stat, pdu: bytes) -> int | None:
        """The place it got, None when all are taken."""
        if len(self.messages) >= self.capacity:
            return None
        place = next(number for number in range(1, self.capacity + 1) if number not in self.messages)
        self.messages[place] = Stored(stat, pdu)
        return place

    def listed(self, stat: int) -> list[tuple[int, Stored]]:
        """In order of places; ALL for every one."""
        return [
            (place, self.messages[place]) for place in sorted(self.messages) if stat in (ALL, self.messages[place].stat)
        ]

    def delete(self, place: int, flag: int) -> bool:
        """One place, or by flag (1 read, 2 and sent, 3 and unsent, 4 all). False for an empty place without a flag."""
        if flag == 0:
            return self.messages.pop(place, None) is not None
        doomed = _DELETED_BY_FLAG[flag]
        self.messages = {number: kept for number, kept in self.messages.items() if kept.stat not in doomed}
        return True
