"""The serial line to a modem: one command at a time, every unsolicited line kept. The only module that knows pyserial.

A command that gets no answer ends the link: whatever came later could be taken for the answer to the next one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import serial
import serial_asyncio_fast

from crm_core.kernel.errors import OutcomeUnknownError, TemporarySendError
from sms.at_lines import AtParser, Prompt, Reply, Unsolicited
from sms.errors import ModemLinkError

CTRL_Z, ESCAPE = b"\x1a", b"\x1b"
COMMAND_TIMEOUT_S = 10.0
PROMPT_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 2.0
SUBMIT_TIMEOUT_S = 150.0  # the network may think for two minutes


class _Line(asyncio.Protocol):
    """Bytes to signals, signals to whoever waits. None in a queue: the line is lost."""

    def __init__(self) -> None:
        self.parser = AtParser()
        self.answers: asyncio.Queue[Prompt | Reply | None] = asyncio.Queue()
        self.unsolicited: asyncio.Queue[Unsolicited | None] = asyncio.Queue()
        self.is_lost = False
        self.heard_bytes = 0
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.heard_bytes += len(data)
        for signal in self.parser.feed(data):
            if isinstance(signal, Unsolicited):
                self.unsolicited.put_nowait(signal)
            else:
                self.answers.put_nowait(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self.closed.set()
        self.answers.put_nowait(None)
        self.unsolicited.put_nowait(None)


@dataclass(slots=True)
class AtLink:
    """An open line. Everything raises ModemLinkError once it is lost."""

    _transport: asyncio.Transport
    _line: _Line
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be said any more."""
        return self._line.is_lost

    async def command(self, text: str, *, reply_prefix: str = "", timeout_s: float = COMMAND_TIMEOUT_S) -> Reply:
        """Send one command and await its final result, good or bad. Others wait for their turn."""
        async with self._turn:
            self._begin(text, reply_prefix=reply_prefix)
            answer = await self._answer(timeout_s)
        if isinstance(answer, Prompt):
            self.close()
            raise ModemLinkError("prompt nobody asked for")
        return answer

    async def submit(self, command: str, payload: str, *, timeout_s: float = SUBMIT_TIMEOUT_S) -> Reply:
        """A command with a PDU. TemporarySendError: nothing was handed over. OutcomeUnknownError: it may be sent."""
        async with self._turn:
            early = await self._prompt(command)
            if early is not None:
                return early
            self._line.parser.payload_sent(payload)
            self._transport.write(payload.encode("ascii") + CTRL_Z)
            try:
                answer = await self._answer(timeout_s)
            except ModemLinkError as error:
                raise OutcomeUnknownError(str(error)) from error
        if isinstance(answer, Prompt):
            self.close()
            raise OutcomeUnknownError("prompt after the PDU")
        return answer

    async def synchronise(self, *, timeout_s: float = 2.0, quiet_s: float = 0.15) -> bool:
        """Leave whatever the last user left: an open prompt, half a command, answers still on their way.

        True when one AT got one answer and silence after it. Silence at first is no error here.
        """
        async with self._turn:
            self._transport.write(ESCAPE + b"\r")
            await self._quiet(quiet_s, at_most_s=timeout_s)
            self._begin("AT")
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await self._line.answers.get()
            except TimeoutError:
                return False
            if answer is None:
                raise ModemLinkError("device is gone")
            heard = self._line.heard_bytes
            await self._quiet(quiet_s, at_most_s=timeout_s)
            return isinstance(answer, Reply) and answer.is_ok and heard == self._line.heard_bytes

    async def _quiet(self, quiet_s: float, *, at_most_s: float) -> None:
        """Until nothing was heard for a while."""
        deadline = asyncio.get_running_loop().time() + at_most_s
        heard = -1
        while heard != self._line.heard_bytes and asyncio.get_running_loop().time() < deadline:
            heard = self._line.heard_bytes
            await asyncio.sleep(quiet_s)

    async def next_unsolicited(self) -> Unsolicited:
        """The next line nobody asked for, oldest first."""
        if self._line.is_lost and self._line.unsolicited.empty():
            raise ModemLinkError("device is gone")
        signal = await self._line.unsolicited.get()
        if signal is None:
            raise ModemLinkError("device is gone")
        return signal

    def close(self) -> None:
        """Give the device back; safe to repeat."""
        self._line.is_lost = True
        if not self._transport.is_closing():
            self._transport.abort()

    async def _prompt(self, command: str) -> Reply | None:
        """None when the modem waits for the PDU; its refusal otherwise."""
        try:
            self._begin(command, awaits_prompt=True)
            answer = await self._answer(PROMPT_TIMEOUT_S)
        except ModemLinkError as error:
            raise TemporarySendError(str(error)) from error
        return answer if isinstance(answer, Reply) else None

    def _begin(self, command: str, *, reply_prefix: str = "", awaits_prompt: bool = False) -> None:
        if self._line.is_lost:
            raise ModemLinkError("device is gone")
        while not self._line.answers.empty():
            self._line.answers.get_nowait()
        self._line.parser.begin(command, reply_prefix=reply_prefix, awaits_prompt=awaits_prompt)
        self._transport.write(command.encode("ascii") + b"\r")

    async def _answer(self, timeout_s: float) -> Prompt | Reply:
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._line.answers.get()
        except TimeoutError:
            self.close()
            raise ModemLinkError("no answer") from None
        except asyncio.CancelledError:
            self.close()  # a late answer would be taken for the next command's
            raise
        if answer is None:
            raise ModemLinkError("device is gone")
        return answer


@asynccontextmanager
async def open_link(device: str, *, baudrate: int = 115_200) -> AsyncIterator[AtLink]:
    """Open a device for ourselves alone. Raises ModemLinkError when it is absent or somebody else has it."""
    loop = asyncio.get_running_loop()
    try:
        port = await loop.run_in_executor(None, _open_port, device, baudrate)
    except (serial.SerialException, OSError, ValueError) as error:
        raise ModemLinkError("device cannot be opened") from error
    line = _Line()
    transport, _ = await serial_asyncio_fast.connection_for_serial(loop, lambda: line, port)
    link = AtLink(transport, line)
    try:
        yield link
    finally:
        link.close()
        with suppress(TimeoutError):  # a device that hangs while closing is the kernel's business
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await line.closed.wait()


def _open_port(device: str, baudrate: int) -> serial.Serial:
    return serial.serial_for_url(device, baudrate=baudrate, exclusive=True, timeout=0)
