"""A modem that says exactly what a test tells it to: for manners the simulated network does not have."""

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = str | Callable[[str], str]
MANNERS: dict[str, Answer] = {
    "AT+CPIN?": "\r\n+CPIN: READY\r\n\r\nOK\r\n",
    "AT+CPMS=?": '\r\n+CPMS: ("SM"),("SM"),("SM")\r\n\r\nOK\r\n',
    "AT+CREG?": "\r\n+CREG: 0,1\r\n\r\nOK\r\n",
    "AT+CSQ": "\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
    "AT+COPS?": '\r\n+COPS: 0,0,"CMCC"\r\n\r\nOK\r\n',
}


@dataclass
class ScriptedModem:
    """`answers` by whole command, OK for everything else; `heard` are the commands and PDUs."""

    master: int
    path: str
    answers: dict[str, Answer]
    echo: bool = False
    heard: list[str] = field(default_factory=list)
    _buffer: bytes = b""

    def say(self, text: str | bytes) -> None:
        """Bytes out of the modem now."""
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def read(self) -> None:
        """What the hospital typed."""
        self._buffer += os.read(self.master, 4096)
        while (end := min((i for i in map(self._buffer.find, (b"\r", b"\x1a")) if i >= 0), default=-1)) >= 0:
            line, mark = self._buffer[:end].strip(b"\x1b\n"), self._buffer[end : end + 1]
            self._buffer = self._buffer[end + 1 :]
            if line:
                self._answer(line.decode(), is_pdu=mark == b"\x1a")

    def _answer(self, line: str, *, is_pdu: bool) -> None:
        self.heard.append(line)
        if self.echo:
            self.say(line + ("\x1a" if is_pdu else "\r"))
        if is_pdu:
            known: Answer = self.answers.get("PDU", "\r\n+CMGS: 7\r\n\r\nOK\r\n")
        elif line.startswith("AT+CMGS=") and line not in self.answers:
            known = self.answers.get("AT+CMGS", "\r\n> ")
        else:
            known = self.answers.get(line, "\r\nOK\r\n")
        self.say(known if isinstance(known, str) else known(line))


@asynccontextmanager
async def scripted(answers: Mapping[str, Answer] | None = None, *, echo: bool = False) -> AsyncIterator[ScriptedModem]:
    """Open until the end; closing the master is unplugging it."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    modem = ScriptedModem(master, os.ttyname(slave), MANNERS | dict(answers or {}), echo)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, modem.read)
    try:
        yield modem
    finally:
        loop.remove_reader(master)
        os.close(slave)
        os.close(master)
