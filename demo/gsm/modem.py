"""A GSM modem without wires: `receive(bytes)` returns effects, the network's answers come in by methods.

Pure: no clock, no file, no task. While a message is on the air the modem is busy and what is typed waits, as on a real
one; indications go out between a command and its answer, as on a real one too.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from demo.gsm import pdu
from demo.gsm.effects import Declined, Effect, FreedMemory, Indicate, Kind, Reply, Submit, Ussd
from demo.gsm.lines import BadLineError, Request, parse_line
from demo.gsm.settings import CommandError, Settings, final_error, final_ok, info
from demo.gsm.storage import Stat, Storage
from demo.gsm.text_mode import direct_text, direct_text_report

CTRL_Z, ESC, CR, LF, BACKSPACE = 0x1A, 0x1B, 0x0D, 0x0A, 0x08
LONGEST_LINE = 1024
LONGEST_MESSAGE = 2048


@dataclass(frozen=True, slots=True)
class Card:
    """Who this modem and its SIM say they are. All fictitious."""

    msisdn: str = "+8619900004000"
    smsc: str = "+8619900000500"
    imsi: str = "460990000040001"
    iccid: str = "89860990000000040001"
    imei: str = "350000000040006"
    manufacturer: str = "hcrm"
    model: str = "GSM-DEMO"
    revision: str = "1.0"
    operator: str = "HCRM DEMO"
    operator_code: str = "46099"


@dataclass(slots=True)
class Radio:
    """`registration` as +CREG says: 1 home, 2 searching, 3 denied, 0 off. `rssi` 0..31, 99 unknown."""

    registration: int = 1
    rssi: int = 23
    has_sim: bool = True

    @property
    def is_registered(self) -> bool:
        """Whether messages can leave."""
        return self.has_sim and self.registration in (1, 5)


class Verdict(Enum):
    """What the modem did with a message from the network."""

    TAKEN = "taken"
    FULL = "full"
    AWAITING_ACK = "awaiting acknowledgement"


Handler = Callable[["Modem", Request], Sequence[str]]


@dataclass(slots=True)
class Modem:
    """`commands` is the table of what it understands; see commands.py and message_commands.py."""

    commands: Mapping[str, Handler]
    card: Card = field(default_factory=Card)
    radio: Radio = field(default_factory=Radio)
    settings: Settings = field(default_factory=Settings)
    storages: dict[str, Storage] = field(default_factory=lambda: {"SM": Storage("SM", 50), "ME": Storage("ME", 200)})
    service_centre: str = ""
    muted: int = 0  # so many command lines get no answer at all
    unacknowledged: bool = False
    _input: bytearray = field(default_factory=bytearray)
    _line: bytearray = field(default_factory=bytearray)
    _last_line: str = ""
    _todo: deque[Request] = field(default_factory=deque)
    _prompt: Callable[[str], None] | None = None
    _sent: Callable[[int], str] | None = None  # set while a message is on the air
    _is_silent: bool = False
    _held: list[Indicate] = field(default_factory=list)
    _effects: list[Effect] = field(default_factory=list)
    _reference: int = 0

    def __post_init__(self) -> None:
        self.service_centre = self.service_centre or self.card.smsc

    # what happens to it --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[Effect]:
        """Bytes from the serial line; any bytes at all."""
        self._input.extend(data)
        self._work()
        return self._flush()

    def submit_done(self, result: int | CommandError) -> list[Effect]:
        """The network's answer to a Submit: the reference, or why not. Ignored when nothing is on the air."""
        if self._sent is not None:
            sent, self._sent = self._sent, None
            if isinstance(result, CommandError):
                self._fail(result)
            else:
                self.say(sent(result))
                self._run()
            self._work()
        return self._flush()

    def deliver(self, tpdu: bytes, dcs: int) -> tuple[Verdict, list[Effect]]:
        """A message for the hospital, by the route that AT+CNMI chose."""
        route = self.settings.indication[1]
        rank = pdu.message_class(dcs)
        if (route == 2 and rank != 2) or (route == 3 and rank == 3):
            lines = direct_text(self.settings, tpdu) if self.settings.text_mode else self._direct("+CMT: ,", tpdu)
            return self._direct_verdict(), self._indicate(Kind.MESSAGE, lines)
        return self._store(tpdu, f'+CMTI: "{self.receiving.name}"' if route else "", Kind.MESSAGE)

    def report(self, tpdu: bytes) -> tuple[Verdict, list[Effect]]:
        """A delivery report; thrown away when AT+CNMI asked for none."""
        route = self.settings.indication[3]
        if route == 1:
            lines = direct_text_report(self.settings, tpdu) if self.settings.text_mode else self._direct("+CDS: ", tpdu)
            return self._direct_verdict(), self._indicate(Kind.REPORT, lines)
        if route == 2:
            return self._store(tpdu, f'+CDSI: "{self.receiving.name}"', Kind.REPORT)
        return Verdict.TAKEN, []

    def notice(self, text: str) -> list[Effect]:
        """Any other unsolicited line."""
        return self._indicate(Kind.OTHER, info(self.settings, text))

    def no_acknowledgement(self) -> list[Effect]:
        """AT+CNMA did not come in time: direct routes are switched off (27.005, 3.4.4)."""
        self.unacknowledged = False
        mode, _, broadcast, _, buffer = self.settings.indication
        self.settings.indication = (mode, 0, broadcast, 0, buffer)
        return []

    def lose_power(self) -> None:
        """Everything goes but what is in the storages."""
        self.settings, self._sent, self._prompt, self.unacknowledged = Settings(), None, None, False
        for buffer in (self._input, self._line, self._todo, self._held, self._effects):
            buffer.clear()

    # what commands use ---------------------------------------------------------------------------------------------

    @property
    def reading(self) -> Storage:
        """Where AT+CMGR, CMGL and CMGD look."""
        return self.storages[self.settings.memories[0]]

    @property
    def writing(self) -> Storage:
        """Where AT+CMGW and CMSS look."""
        return self.storages[self.settings.memories[1]]

    @property
    def receiving(self) -> Storage:
        """Where messages from the network go."""
        return self.storages[self.settings.memories[2]]

    def say(self, text: str) -> None:
        """An information line before the final answer."""
        self._reply(info(self.settings, text))

    def ask(self, then: Callable[[str], None]) -> None:
        """Prompt for a PDU or a text; `then` may raise CommandError."""
        self._prompt = then
        self._reply(b"\r\n> ")

    def submit(self, tpdu: bytes, sent: Callable[[int], str]) -> None:
        """Put a TPDU on the air under the modem's own reference; `sent` words the answer."""
        self._sent = sent
        self._reference = (self._reference + 1) & 0xFF
        self._effects.append(Submit(tpdu[:1] + bytes([self._reference]) + tpdu[2:], self._reference))

    def memory_freed(self) -> None:
        """The network may try again."""
        self._effects.append(FreedMemory())

    def acknowledge(self, *, is_taken: bool) -> None:
        """AT+CNMA. Raises CommandError when none was expected."""
        if not self.unacknowledged:
            raise CommandError("CMS", 340)
        self.unacknowledged = False
        self._effects.append(FreedMemory() if is_taken else Declined())

    def ask_network(self, code: str) -> None:
        """USSD; the answer is an indication."""
        self._effects.append(Ussd(code))

    def release_held(self, *, forget: bool) -> None:
        """Indications that waited for AT+CNMI to let them through."""
        if not forget:
            self._effects.extend(self._held)
        self._held.clear()

    # inside --------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while self._input and self._sent is None:
            byte = self._input.pop(0)
            if self._prompt:
                self._compose(byte)
            else:
                self._type(byte)

    def _type(self, byte: int) -> None:
        self._echo(byte)
        if byte == CR:
            line = self._line.decode("utf-8", errors="replace")
            self._line.clear()
            self._start(line)
        elif byte == BACKSPACE:
            del self._line[-1:]
        elif byte != LF and len(self._line) < LONGEST_LINE:
            self._line.append(byte)
            if self._line.upper() == b"A/":
                self._line.clear()
                self._start(self._last_line)

    def _start(self, line: str) -> None:
        at = line.upper().find("AT")
        if at < 0:
            return  # noise on the line is no command
        self._last_line = line
        self._is_silent = self.muted > 0
        self.muted = max(0, self.muted - 1)
        try:
            self._todo = deque(parse_line(line[at + 2 :]))
        except BadLineError:
            self._fail(CommandError())
        else:
            self._run()

    def _run(self) -> None:
        """The rest of a line, up to its end, an error, or a command that has to wait."""
        while self._todo:
            request = self._todo.popleft()
            try:
                for line in self._handler(request)(self, request):
                    self.say(line)
            except BadLineError:
                return self._fail(CommandError("CME", 50))
            except CommandError as error:
                return self._fail(error)
            if self._prompt or self._sent:
                return None
        return self._reply(final_ok(self.settings))

    def _handler(self, request: Request) -> Handler:
        handler = self.commands.get("S" if request.name[0] == "S" else request.name)
        if handler is None:
            raise CommandError
        return handler

    def _compose(self, byte: int) -> None:
        self._echo(byte)
        if byte == ESC:
            self._close_prompt()
            self._reply(final_ok(self.settings))
        elif byte == CTRL_Z:
            self._finish_message()
        elif byte == CR:
            if self.settings.text_mode:
                self._line.append(LF)
                self._reply(b"\r\n> ")
        elif byte != LF and len(self._line) < LONGEST_MESSAGE:
            self._line.append(byte)

    def _finish_message(self) -> None:
        text, then = self._line.decode("utf-8", errors="replace"), self._prompt
        self._close_prompt()
        if then is None:
            return
        try:
            then(text)
        except CommandError as error:
            self._fail(error)
            return
        if self._sent is None:
            self._run()

    def _close_prompt(self) -> None:
        self._line.clear()
        self._prompt = None
        if self.settings.indication[0] != 0:
            self.release_held(forget=False)

    def _fail(self, error: CommandError) -> None:
        self._todo.clear()
        self._reply(final_error(self.settings, error))

    def _reply(self, data: bytes) -> None:
        if data and not self._is_silent:
            self._effects.append(Reply(data))

    def _echo(self, byte: int) -> None:
        if self.settings.echo:
            self._effects.append(Reply(bytes([byte])))

    def _store(self, tpdu: bytes, indication: str, kind: Kind) -> tuple[Verdict, list[Effect]]:
        place = self.receiving.put(Stat.UNREAD, self._with_centre(tpdu))
        if place is None:
            return Verdict.FULL, []
        return Verdict.TAKEN, self._indicate(kind, info(self.settings, f"{indication},{place}")) if indication else []

    def _direct(self, head: str, tpdu: bytes) -> bytes:
        return info(self.settings, f"{head}{len(tpdu)}\r\n{self._with_centre(tpdu).hex().upper()}")

    def _with_centre(self, tpdu: bytes) -> bytes:
        return pdu.encode_service_centre(self.card.smsc) + tpdu

    def _direct_verdict(self) -> Verdict:
        self.unacknowledged = self.settings.service == 1
        return Verdict.AWAITING_ACK if self.unacknowledged else Verdict.TAKEN

    def _indicate(self, kind: Kind, data: bytes) -> list[Effect]:
        """Now; or, when a message is being typed or AT+CNMI says so, later."""
        indication = Indicate(data, kind)
        if self._prompt or (self.settings.indication[0] == 0 and kind is not Kind.OTHER):
            self._held.append(indication)
            return []
        return [indication]

    def _flush(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return _joined(effects)


def _joined(effects: list[Effect]) -> list[Effect]:
    """Neighbouring replies as one."""
    joined: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Reply) and joined and isinstance(joined[-1], Reply):
            joined[-1] = Reply(joined[-1].data + effect.data)
        else:
            joined.append(effect)
    return joined
