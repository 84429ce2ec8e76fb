"""The message centre: stores what the hospital sends, delivers it to telephones, reports, and the other way round.

Pure: times are seconds since the epoch and come in as arguments.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count

from demo.gsm import pdu
from demo.gsm.pdu import Alphabet, Submit, UserData
from demo.gsm.segments import Arrival

DELIVERED, STILL_TRYING, NO_SUCH_USER, EXPIRED = 0x00, 0x20, 0x41, 0x46
MESSAGE, REPORT = "message", "report"
LONGEST_WAIT_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What shall become of a message: `status` other than 0 loses it; `first_status` is reported before it arrives."""

    status: int = DELIVERED
    first_status: int | None = None
    reports: int = 1
    is_report_early: bool = False


@dataclass(slots=True)
class Outbound:
    """On its way to a telephone. `body` and `header` in hex, so that it can be written down."""

    to: str
    sender: str
    coding: str
    header: str
    body: str
    reference: int
    wants_report: bool
    accepted_at: float
    due_at: float
    expires_at: float
    status: int
    first_status: int | None
    reports: int
    is_report_early: bool


@dataclass(slots=True)
class Inbound:
    """On its way to the hospital's modem: a message or a delivery report."""

    kind: str
    tpdu: str
    dcs: int
    due_at: float
    order: int


@dataclass(frozen=True, slots=True)
class Landed:
    """A telephone got a segment."""

    to: str
    arrival: Arrival


def subscriber(number: str) -> str:
    """One name per telephone: a national mobile number gets its country code; short codes and names stay."""
    digits = "".join(char for char in number if char not in " -()")
    if digits.startswith("00"):
        return "+" + digits[2:]
    if digits.isdigit() and len(digits) == 11 and digits.startswith("1"):
        return "+86" + digits
    return digits if digits.removeprefix("+").isdigit() else number


@dataclass(slots=True)
class Smsc:
    """Everything it holds is plain data: see `written_down`."""

    hospital: str
    delivery_s: float = 0.3
    report_s: float = 0.7
    retry_s: float = 2.0
    outbound: list[Outbound] = field(default_factory=list)
    inbound: list[Inbound] = field(default_factory=list)
    phones_off: set[str] = field(default_factory=set)
    _orders: Iterator[int] = field(default_factory=count)

    def accept(self, submit: Submit, now: float, fate: Fate) -> None:
        """From the hospital's modem."""
        early = fate.is_report_early
        self.outbound.append(
            Outbound(
                to=subscriber(submit.to),
                sender=self.hospital,
                coding=submit.data.alphabet.value,
                header=submit.data.header.hex(),
                body=submit.data.body.hex(),
                reference=submit.reference,
                wants_report=submit.wants_report,
                accepted_at=now,
                due_at=now if early else now + self.delivery_s,
                expires_at=now + min(submit.validity_s, LONGEST_WAIT_S),
                status=fate.status,
                first_status=fate.first_status,
                reports=fate.reports,
                is_report_early=early,
            )
        )

    def hand_in(self, sender: str, data: UserData, *, due_at: float, sent_at: float) -> None:
        """From a telephone, for the hospital; one segment. A segment delivered twice has one time stamp."""
        dcs = {Alphabet.GSM7: 0x00, Alphabet.OCTETS: 0x04, Alphabet.UCS2: 0x08}[data.alphabet]
        tpdu = pdu.encode_deliver(sender, data, dcs=dcs, at=_moment(sent_at))
        self.inbound.append(Inbound(MESSAGE, tpdu.hex(), dcs, due_at, next(self._orders)))

    def tick(self, now: float) -> list[Landed]:
        """Deliver what is due to telephones; write reports."""
        landed: list[Landed] = []
        for message in [one for one in self.outbound if one.due_at <= now]:
            if message.to in self.phones_off and message.status == DELIVERED:
                self._wait_or_expire(message, now)
            elif message.first_status is not None:
                self._report(message, message.first_status, now)
                message.first_status, message.due_at = None, now + self.retry_s
            else:
                self._finish(message, now)
                if message.status == DELIVERED:
                    landed.append(Landed(message.to, _arrival(message, now)))
        return landed

    def _wait_or_expire(self, message: Outbound, now: float) -> None:
        message.due_at = message.expires_at
        if message.expires_at <= now:
            message.status = EXPIRED
            self._finish(message, now)

    def _finish(self, message: Outbound, now: float) -> None:
        self.outbound.remove(message)
        for _ in range(message.reports):
            self._report(message, message.status, now)

    def _report(self, message: Outbound, status: int, now: float) -> None:
        if not message.wants_report:
            return
        times = {"accepted_at": _moment(message.accepted_at), "done_at": _moment(now)}
        tpdu = pdu.encode_report(message.to, message.reference, status=status, **times)
        due_at = now if message.is_report_early else now + self.report_s
        self.inbound.append(Inbound(REPORT, tpdu.hex(), 0, due_at, next(self._orders)))

    def turn_on(self, number: str, now: float) -> None:
        """A telephone is back: what waits for it comes now."""
        self.phones_off.discard(number)
        for message in self.outbound:
            if message.to == number:
                message.due_at = min(message.due_at, now)

    def next_for_modem(self, now: float, *, kinds: tuple[str, ...]) -> Inbound | None:
        """The oldest that is due."""
        due = [one for one in self.inbound if one.due_at <= now and one.kind in kinds]
        return min(due, key=lambda one: (one.due_at, one.order), default=None)

    def written_down(self) -> dict[str, object]:
        """For a file; `read_back` is its other half."""
        return {
            "outbound": [asdict(one) for one in self.outbound],
            "inbound": [asdict(one) for one in self.inbound],
            "phones_off": sorted(self.phones_off),
        }

    def read_back(self, state: dict[str, list[dict[str, object]]]) -> None:
        """Raises TypeError or KeyError for a file of another shape."""
        self.outbound = [Outbound(**one) for one in state["outbound"]]  # type: ignore[arg-type]
        self.inbound = [Inbound(**one) for one in state["inbound"]]  # type: ignore[arg-type]
        self.phones_off = {str(number) for number in state["phones_off"]}
        self._orders = count(max((one.order for one in self.inbound), default=-1) + 1)


def _arrival(message: Outbound, now: float) -> Arrival:
    data = UserData(Alphabet(message.coding), bytes.fromhex(message.header), bytes.fromhex(message.body))
    return Arrival(message.sender, _moment(now), data)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
