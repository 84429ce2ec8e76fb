"""Modem, serial line, air and SMSC, driven by the time that is passed in. Pure: `run(now)` says what to do outside."""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count

from demo.gsm import pdu, segments
from demo.gsm.commands import COMMANDS
from demo.gsm.effects import Declined, Effect, FreedMemory, Indicate, Kind, Reply, Submit, Ussd
from demo.gsm.fault_book import FaultBook
from demo.gsm.modem import Modem, Verdict
from demo.gsm.settings import CommandError, encode_string
from demo.gsm.smsc import MESSAGE, REPORT, Fate, Inbound, Landed, Smsc, subscriber
from demo.gsm.timing import Timing

ACKNOWLEDGE_WITHIN_S = 15.0
RETRY_WHEN_FULL_S = 0.5
RETRY_AFTER_DECLINED_S = 2.0
PIECE_BYTES = 256
BALANCE = "Balance: CNY 88.00"


@dataclass(frozen=True, slots=True)
class ToTerminal:
    """Bytes out of the modem's serial port."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unplug:
    """The device disappears."""


@dataclass(frozen=True, slots=True)
class Plug:
    """The device is there again, powered up."""


Outcome = ToTerminal | Unplug | Plug | Landed
Action = Callable[[float], None]


@dataclass(slots=True)
class Network:
    """One modem in one network. Call `run` after anything happened and when `next_at` comes."""

    timing: Timing = field(default_factory=Timing)
    modem: Modem = field(default_factory=lambda: Modem(COMMANDS))
    faults: FaultBook = field(default_factory=FaultBook)
    smsc: Smsc = field(init=False)
    is_plugged: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    submitted: deque[str] = field(default_factory=lambda: deque(maxlen=500))  # TPDUs in hex, newest last
    _agenda: list[tuple[float, int, Action]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    _outcomes: list[Outcome] = field(default_factory=list)
    _power: int = 0  # counts plugs; what was under way before an unplug is void
    _line_in_free: float = 0.0
    _line_out_free: float = 0.0
    _air_in_free: float = 0.0
    _awaiting: Inbound | None = None
    _is_full: bool = False
    _references: Counter[str] = field(default_factory=Counter)
    _stamps: dict[str, float] = field(
        default_factory=lambda: defaultdict(float)
    )  # one text a second is what phones can

    def __post_init__(self) -> None:
        self.smsc = Smsc(self.modem.card.msisdn, self.timing.delivery_s, self.timing.report_s)

    # from outside --------------------------------------------------------------------------------------------------

    def typed(self, data: bytes, now: float) -> None:
        """Bytes into the modem's serial port."""
        self._line_in_free = max(now, self._line_in_free) + self.timing.line_s(len(data))
        self._at_power(self._line_in_free, lambda at: self._do(self.modem.receive(data), at))

    def text(self, sender: str, text: str, now: float, *, wide: bool = False) -> int:
        """A telephone texts the hospital; returns the number of segments. Raises ValueError when it is too long."""
        number = subscriber(sender)
        self._references[number] += 1
        parts = segments.cut(text, reference=self._references[number] & (0xFFFF if wide else 0xFF), wide=wide)
        sent_at = self._stamps[number] = max(now, self._stamps[number] + 1)
        for position, part in enumerate(self._mistreated(parts)):
            self.smsc.hand_in(number, part, due_at=now + self.timing.mobile_s * (position + 1), sent_at=sent_at)
        return len(parts)

    def _mistreated(self, parts: list[pdu.UserData]) -> list[pdu.UserData]:
        if self.faults.take("reorder"):
            parts = parts[::-1]
        if self.faults.take("lose_segment"):
            parts = parts[:-1]
        if self.faults.take("duplicate_segment"):
            parts = [part for part in parts for _ in range(2)]
        return parts

    def unplug(self, now: float, *, back_after_s: float | None = None) -> None:
        """Power and device go; what is in the storages stays."""
        if self.is_plugged:
            self.is_plugged = False
            self._power += 1
            self.modem.lose_power()
            self._awaiting = None
            self._line_in_free = self._line_out_free = now
            self._outcomes.append(Unplug())
        if back_after_s is not None:
            self._at(now + back_after_s, self.plug)

    def plug(self, now: float) -> None:
        """Back, with the settings of power-up."""
        if not self.is_plugged:
            self.is_plugged = True
            self._outcomes.append(Plug())

    def emit(self, data: bytes, now: float) -> None:
        """Any bytes out of the port: noise, an indication."""
        if not self.is_plugged:
            return
        for piece in self._pieces(data):
            self._line_out_free = max(now, self._line_out_free) + self.timing.line_s(len(piece))
            self._at_power(self._line_out_free, partial(self._put_out, ToTerminal(piece)))

    def _put_out(self, outcome: Outcome, now: float) -> None:
        self._outcomes.append(outcome)

    def _pieces(self, data: bytes) -> list[bytes]:
        size = 1 if self.faults.is_on("fragment") else PIECE_BYTES
        return [data[at : at + size] for at in range(0, len(data), size)]

    def register(self, state: int, now: float) -> None:
        """The network takes the modem in (1), loses it (2) or refuses it (3)."""
        self.modem.radio.registration = state
        if self.modem.settings.registration_reports:
            self._do(self.modem.notice(f"+CREG: {state}"), now)

    def free_memory(self) -> None:
        """The SMSC may try the modem's storage again."""
        self._is_full = False

    # time ----------------------------------------------------------------------------------------------------------

    def run(self, now: float) -> list[Outcome]:
        """Everything up to now, in order."""
        while self._agenda and self._agenda[0][0] <= now:
            at, _, action = heapq.heappop(self._agenda)
            action(at)
        self._land(now)
        self._feed_modem(now)
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def next_at(self) -> float | None:
        """When to call `run` next; None while nothing is under way."""
        times = [one.due_at for one in self.smsc.outbound]
        if self._agenda:
            times.append(self._agenda[0][0])
        waiting = [one.due_at for one in self.smsc.inbound if one.kind in self._kinds()]
        if waiting:
            times.append(max(min(waiting), self._air_in_free))
        return min(times, default=None)

    def _land(self, now: float) -> None:
        for landed in self.smsc.tick(now):
            self.counts["delivered"] += 1
            self._outcomes.append(landed)

    def _kinds(self) -> tuple[str, ...]:
        if not (self.is_plugged and self.modem.radio.is_registered) or self._awaiting:
            return ()
        return (REPORT,) if self._is_full else (MESSAGE, REPORT)

    def _feed_modem(self, now: float) -> None:
        while now >= self._air_in_free:
            waiting = self.smsc.next_for_modem(now, kinds=self._kinds())
            if waiting is None:
                return
            self._hand_over(waiting, now)

    def _hand_over(self, waiting: Inbound, now: float) -> None:
        tpdu = bytes.fromhex(waiting.tpdu)
        if waiting.kind == REPORT:
            verdict, effects = self.modem.report(tpdu)
        else:
            verdict, effects = self.modem.deliver(tpdu, waiting.dcs)
            self._air_in_free = now + self.timing.mobile_s
        match verdict:
            case Verdict.TAKEN:
                self._taken(waiting)
            case Verdict.FULL:
                self._is_full = True
                waiting.due_at += RETRY_WHEN_FULL_S if waiting.kind == REPORT else 0.0
            case Verdict.AWAITING_ACK:
                self._awaiting = waiting
                self._at_power(now + ACKNOWLEDGE_WITHIN_S, lambda at: self._give_up(waiting, at))
        self._do(effects, now)

    def _taken(self, waiting: Inbound) -> None:
        self.smsc.inbound.remove(waiting)
        self.counts["reports" if waiting.kind == REPORT else "received"] += 1

    def _give_up(self, waiting: Inbound, now: float) -> None:
        if self._awaiting is waiting:
            self._awaiting = None
            self._do(self.modem.no_acknowledgement(), now)

    # what the modem wants ------------------------------------------------------------------------------------------

    def _do(self, effects: list[Effect], now: float) -> None:
        for effect in effects:
            match effect:
                case Reply(data):
                    self.emit(data, now)
                case Indicate():
                    self._indicate(effect, now)
                case Submit():
                    self._submit(effect, now)
                case Ussd():
                    self._at_power(now + self.timing.air_s, self._answer_ussd)
                case FreedMemory():
                    self._go_on()
                case Declined():
                    self._try_later(now)

    def _go_on(self) -> None:
        self._is_full = False
        if self._awaiting and not self.modem.unacknowledged:
            self._taken(self._awaiting)
            self._awaiting = None

    def _try_later(self, now: float) -> None:
        if self._awaiting:
            self._awaiting.due_at = now + RETRY_AFTER_DECLINED_S
            self._awaiting = None

    def _indicate(self, indication: Indicate, now: float) -> None:
        if indication.kind is Kind.MESSAGE and self.faults.take("drop_indication"):
            return
        data = indication.data
        if self.faults.take("non_utf8"):
            data = b'\r\n^NAME: "\xd5\xc5\xff\xfe\x00"\r\n' + data
        late = self.faults.take("delay_indication")
        if late:
            self._at_power(now + late.number("seconds", 5.0), lambda at: self.emit(data, at))
        else:
            self.emit(data, now)

    def _answer_ussd(self, now: float) -> None:
        self._do(self.modem.notice(f'+CUSD: 0,"{encode_string(self.modem.settings, BALANCE)}",15'), now)

    def _submit(self, effect: Submit, now: float) -> None:
        """The air is slow: the answer comes after `air_s`."""
        self.submitted.append(effect.tpdu.hex().upper())
        refusal = self.faults.take("refuse_send")
        death = self.faults.take("die_after_pdu")
        at = now + self.timing.air_s
        if refusal:
            error = CommandError("CMS", int(refusal.number("error", 500)))
            self._at_power(at, lambda at: self._do(self.modem.submit_done(error), at))
        elif death:
            if death.number("accepted", 1):
                self._at(at, lambda at: self._accept_silently(effect, at))
            self._at_power(at, lambda at: self.unplug(at, back_after_s=death.number("seconds", 2.0)))
        else:
            fate, power = self._fate(), self._power
            self._at(at, lambda at: self._on_air(effect, at, fate, is_there=power == self._power))

    def _on_air(self, effect: Submit, now: float, fate: Fate, *, is_there: bool) -> None:
        error = self._accept(effect, now, fate)
        if fate.is_report_early:
            self._land(now)
            self._feed_modem(now)
        if is_there:
            self._do(self.modem.submit_done(error or effect.reference), now)

    def _accept_silently(self, effect: Submit, now: float) -> None:
        self._accept(effect, now, Fate())

    def _accept(self, effect: Submit, now: float, fate: Fate) -> CommandError | None:
        try:
            submit = pdu.decode_submit(effect.tpdu, now=datetime.fromtimestamp(now, UTC))
        except pdu.BadPduError:
            self.counts["refused"] += 1
            return CommandError("CMS", 304)
        if not self.modem.radio.is_registered:
            return CommandError("CMS", 331)
        self.smsc.accept(submit, now, fate)
        self.counts["accepted"] += 1
        return None

    def _fate(self) -> Fate:
        failed, trying = self.faults.take("delivery_failed"), self.faults.take("delivery_temporary")
        return Fate(
            status=int(failed.number("status", 0x41)) if failed else 0,
            first_status=int(trying.number("status", 0x20)) if trying else None,
            reports=0 if self.faults.take("no_report") else 2 if self.faults.take("duplicate_report") else 1,
            is_report_early=bool(self.faults.take("early_report")),
        )

    def _at(self, at: float, action: Action) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), action))

    def _at_power(self, at: float, action: Action) -> None:
        """Only if the modem was not unplugged in between."""
        power = self._power
        self._at(at, lambda at: action(at) if power == self._power else None)
