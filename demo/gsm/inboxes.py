"""What each telephone received, and when its owner last looked or texted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.gsm.pdu import Alphabet, UserData
from demo.gsm.segments import Arrival, Message, whole_messages
from demo.gsm.smsc import Landed, subscriber

KEPT_PER_PHONE = 500  # segments
ANSWER_WITHIN = timedelta(seconds=60)


@dataclass(slots=True)
class Inboxes:
    """By subscriber number. Segments are kept, so a message is read anew with all that came."""

    _arrivals: dict[str, list[Arrival]] = field(default_factory=dict)
    _texted_at: dict[str, datetime] = field(default_factory=dict)
    _shown_at: dict[str, datetime] = field(default_factory=dict)

    def put(self, landed: Landed) -> None:
        """A segment came; the oldest goes when there are too many."""
        kept = self._arrivals.setdefault(landed.to, [])
        kept.append(landed.arrival)
        del kept[:-KEPT_PER_PHONE]

    def messages(self, number: str) -> list[Message]:
        """Whole ones, oldest first."""
        return whole_messages(self._arrivals.get(subscriber(number), []))

    def texted(self, number: str, now: datetime) -> None:
        """This telephone sent a text: what comes now may be the answer."""
        self._texted_at[subscriber(number)] = now

    def shown(self, number: str, now: datetime) -> None:
        """Its owner looked."""
        self._shown_at[subscriber(number)] = now

    def new_since(self, number: str, now: datetime) -> datetime:
        """What counts as new for somebody who begins to wait at `now`.

        Anything that arrives from now on; and, within a minute of this telephone's own text, the answer that came
        before its owner could ask, unless it was shown already.
        """
        number = subscriber(number)
        texted = self._texted_at.get(number)
        if texted is None or now - texted > ANSWER_WITHIN:
            return now
        return max(texted, self._shown_at.get(number, texted))

    def has_news(self, number: str, since: datetime) -> bool:
        """Whether a whole message is newer than `since`."""
        return any(message.at > since for message in self.messages(number))

    def all(self) -> Iterable[Landed]:
        """For the journal."""
        return (Landed(number, arrival) for number, arrivals in self._arrivals.items() for arrival in arrivals)


def to_record(landed: Landed) -> dict[str, str]:
    """One line of the journal."""
    arrival = landed.arrival
    return {
        "to": landed.to,
        "from": arrival.sender,
        "at": arrival.at.isoformat(),
        "alphabet": arrival.data.alphabet.value,
        "header": arrival.data.header.hex(),
        "body": arrival.data.body.hex(),
    }


def from_record(record: dict[str, str]) -> Landed:
    """Raises KeyError or ValueError for a broken line."""
    data = UserData(Alphabet(record["alphabet"]), bytes.fromhex(record["header"]), bytes.fromhex(record["body"]))
    return Landed(record["to"], Arrival(record["from"], datetime.fromisoformat(record["at"]), data))
