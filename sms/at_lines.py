"""What a modem's bytes mean: replies, prompts and unsolicited lines. No I/O: bytes in, signals out.

A final result is a whole line ("OK, see you" is not one). Unsolicited lines are recognised in the middle of a reply.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST_LINE = 4096  # a modem that never ends its line is babbling

_FINAL = frozenset(
    {"OK", "ERROR", "NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"}
)
_FINAL_PREFIXES = ("+CMS ERROR:", "+CME ERROR:")
_UNSOLICITED = re.compile(
    r"(\+(CMTI|CDSI|CDS|CMT|CBM|CBMI|CUSD|CRING|CLIP|CCWA|CGEV|CTZV|CIEV|CGREG|CREG|CEREG)|[\^*$]\w+):"
)
_UNSOLICITED_WORDS = frozenset({"RING", "^RST", "^SYSSTART", "Call Ready", "SMS Ready", "+PBREADY", "RDY", "PB DONE"})
_PDU_FOLLOWS = ("+CMT:", "+CDS:")
_HEX = re.compile(r"[0-9A-Fa-f]{4,}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """The modem waits for the PDU."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A command is finished. `lines` are its information lines."""

    final: str
    lines: tuple[str, ...] = field(repr=False)

    @property
    def is_ok(self) -> bool:
        """Whether the modem did it."""
        return self.final == "OK"


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A line nobody asked for; `pdu` is the hex line that belongs to +CMT and +CDS."""

    line: str = field(repr=False)
    pdu: str = field(default="", repr=False)


Signal = Prompt | Reply | Unsolicited


@dataclass(slots=True)
class AtParser:
    """One modem's stream. At most one command is open at a time."""

    _buffer: str = ""
    _command: str | None = None
    _prefix: str = ""
    _payload: str = ""
    _awaits_prompt: bool = False
    _lines: list[str] = field(default_factory=list)
    _awaits_pdu: str = ""  # the +CMT or +CDS line whose PDU comes next

    def begin(self, command: str, *, reply_prefix: str = "", awaits_prompt: bool = False) -> None:
        """`reply_prefix` claims lines that otherwise count as unsolicited, such as "+CREG:" of AT+CREG?."""
        self._command, self._prefix, self._awaits_prompt = command, reply_prefix, awaits_prompt
        self._payload = ""
        self._lines = []

    def payload_sent(self, payload: str) -> None:
        """What follows may be its echo."""
        self._payload = payload

    def feed(self, data: bytes) -> list[Signal]:
        """Any bytes, in any pieces. Bytes beyond ASCII and NULs harm nobody."""
        self._buffer += data.decode("latin-1").replace("\0", "")
        signals: list[Signal] = []
        for line in self._complete_lines():
            signals.extend(self._line(line))
        if self._awaits_prompt and self._buffer.strip() == ">":
            self._buffer = ""
            self._awaits_prompt = False
            signals.append(Prompt())
        return signals

    def _complete_lines(self) -> Iterator[str]:
        *lines, rest = re.split(r"[\r\n]+", self._buffer)
        self._buffer = rest if len(rest) <= LONGEST_LINE else ""
        for line in lines:
            stripped = line.strip(" \t\x1a")
            if stripped:
                yield stripped

    def _line(self, line: str) -> Iterator[Signal]:
        if self._awaits_pdu:
            header, self._awaits_pdu = self._awaits_pdu, ""
            if _HEX.fullmatch(line):
                yield Unsolicited(header, line)
                return
            yield Unsolicited(header)  # its PDU was lost on the way
        if self._is_unsolicited(line):
            if line.startswith(_PDU_FOLLOWS):
                self._awaits_pdu = line
            else:
                yield Unsolicited(line)
        elif self._command is not None:
            yield from self._reply_line(line)

    def _is_unsolicited(self, line: str) -> bool:
        if self._command is not None and self._prefix and line.startswith(self._prefix):
            return False
        return line in _UNSOLICITED_WORDS or _UNSOLICITED.match(line) is not None

    def _reply_line(self, line: str) -> Iterator[Signal]:
        if self._awaits_prompt and line == ">":  # something else came right behind it
            self._awaits_prompt = False
            yield Prompt()
            return
        line = line.removeprefix("> ") if self._payload else line
        if line in (self._command, self._payload):
            return  # echo
        if line in _FINAL or line.startswith(_FINAL_PREFIXES):
            yield Reply(line, tuple(self._lines))
            self._command = None
            self._awaits_prompt = False
            self._lines = []
        else:
            self._lines.append(line)
