"""One caller, handed to us by the dialplan: what a handler may ask of the channel."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from telephony import names
from telephony.agi_protocol import HANGUP_LINE, AgiReply, AgiRequest, checked_name, command_line, parse_reply
from telephony.errors import AgiCommandError, AgiProtocolError, AgiTimeoutError, CallerHungUp

log = logging.getLogger("fastagi")

ANY_KEY = "0123456789*#"
INSTANT_S = 10.0  # commands that Asterisk answers at once
LONGEST_PROMPT_S = 300.0
SLICE_S = 1.0  # a key that fell between two commands is found after this long at the latest
UP = 6  # channel state
GONE = 511  # "Command Not Permitted on a dead channel"


class End(Enum):
    """Why reading digits ended."""

    FULL = "full"
    TERMINATOR = "terminator"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class DigitsRead:
    """What the caller typed, the terminator not included. Nothing typed at all: "" and TIMEOUT."""

    digits: str
    end: End


@dataclass(frozen=True, slots=True)
class Recorded:
    """`key` ended it ("" for silence, time limit); `duration_ms` of audio is in the file."""

    key: str
    duration_ms: int
    is_timeout: bool


class AgiChannel:
    """Commands run one after another. Any of them raises CallerHungUp once the caller is gone, and from then on.

    Keys pressed while nobody reads are kept: the dialplan stores every key in HCRM_DIGITS and this class remembers how
    many of them it has given out.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: AgiRequest) -> None:
        self.request = request
        self._reader = reader
        self._writer = writer
        self._gone = False
        self._given = 0  # keys of HCRM_DIGITS already handed to the handler
        self._stores_keys = True

    @property
    def is_hung_up(self) -> bool:
        """Whether we know the caller is gone."""
        return self._gone

    # -- the caller hears and presses -------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Pick up. Nothing happens when the call is already answered."""
        await self._still_here(await self._command("ANSWER"))

    async def play(self, sounds: Sequence[str], escape_digits: str = "") -> str:
        """Play files one after another; a key of `escape_digits` stops them and is returned, else "".

        `sounds` are paths without extension, or names below the sounds folder. A missing file is skipped.
        A key pressed before counts at once; when `escape_digits` is "" keys wait for the next question.
        """
        for sound in sounds:
            if escape_digits and (key := await self._kept_key(escape_digits)):
                return key
            if key := await self._stream(sound, escape_digits):
                return key
        return await self._kept_key(escape_digits) if escape_digits else ""

    async def wait_key(self, timeout_s: float) -> str:
        """The next key, "" when none comes in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            if key := await self._kept_key(ANY_KEY):
                return key
            left_s = deadline - loop.time()
            if left_s <= 0:
                return ""
            slice_s = min(left_s, SLICE_S) if self._stores_keys else left_s
            reply = await self._command("WAIT FOR DIGIT", max(1, int(slice_s * 1000)), timeout_s=slice_s + INSTANT_S)
            await self._still_here(reply)
            if key := await self._pressed(reply, ANY_KEY):
                return key

    async def read_digits(
        self,
        sounds: Sequence[str],
        *,
        max_digits: int,
        first_timeout_s: float = 5.0,
        next_timeout_s: float = 3.0,
        terminator: str = "#",
    ) -> DigitsRead:
        """Ask and read: the first key stops the prompts and counts. Ends at `max_digits`, `terminator` or silence."""
        digits = ""
        key = await self.play(sounds, ANY_KEY) or await self.wait_key(first_timeout_s)
        while key:
            if key == terminator:
                return DigitsRead(digits, End.TERMINATOR)
            digits += key
            if len(digits) >= max_digits:
                return DigitsRead(digits, End.FULL)
            key = await self.wait_key(next_timeout_s)
        return DigitsRead(digits, End.TIMEOUT)

    async def forget_keys(self) -> None:
        """What was typed ahead does not count for the next question: after an error, before a confirmation."""
        stored = await self._stored_keys()
        self._given = len(stored) if stored is not None else 0

    async def record_file(
        self, path: str, *, max_s: float, silence_s: int = 4, beep: bool = True, escape_digits: str = "#"
    ) -> Recorded:
        """Record the caller to `path`.wav until a key, silence or `max_s`. On CallerHungUp the file stays."""
        words = ["wav", escape_digits, int(max_s * 1000)]
        words += ["BEEP"] if beep else []
        words += [f"s={silence_s}"] if silence_s else []
        reply = await self._command("RECORD FILE", path, *words, timeout_s=max_s + LONGEST_PROMPT_S)
        await self._still_here(reply)
        is_timeout = reply.data == "timeout"
        key = "" if is_timeout else await self._pressed(reply, ANY_KEY)
        return Recorded(key, (reply.endpos or 0) // 8, is_timeout)

    # -- the channel -------------------------------------------------------------------------------------------------

    async def set_variable(self, name: str, value: str) -> None:
        """`name` may be a function: `CHANNEL(language)`. Raises ValueError for line breaks."""
        await self._command("SET VARIABLE", checked_name(name), value)

    async def get_variable(self, name: str) -> str | None:
        """None when the variable is not set."""
        reply = await self._command("GET VARIABLE", checked_name(name))
        return (reply.data or "") if reply.result == "1" else None

    async def exec_(self, application: str, *args: str, timeout_s: float = LONGEST_PROMPT_S) -> str:
        """Run a dialplan application; "-2" when there is none of that name, "-1" when it failed or the caller left."""
        reply = await self._command("EXEC", checked_name(application), ",".join(args), timeout_s=timeout_s)
        return reply.result

    async def channel_status(self) -> int:
        """Asterisk's channel state; 6 is up."""
        return int((await self._command("CHANNEL STATUS")).result or -1)

    async def verbose(self, text: str, level: int = 1) -> None:
        """A line in Asterisk's own log; never personal data."""
        await self._command("VERBOSE", text, level)

    async def hangup(self) -> None:
        """End the call; the next command raises CallerHungUp."""
        await self._command("HANGUP")
        self._gone = True

    # -- keys --------------------------------------------------------------------------------------------------------

    async def _stream(self, sound: str, escape_digits: str) -> str:
        offset = 0
        while True:
            reply = await self._command("STREAM FILE", sound, escape_digits, offset, timeout_s=LONGEST_PROMPT_S)
            if reply.is_failure and await self.channel_status() == UP:
                log.error("a sound cannot be played", extra={"sound": sound, "uniqueid": self.request.uniqueid})
                return ""
            if reply.result in ("", "0"):
                return ""
            if key := await self._pressed(reply, escape_digits):
                return key
            if reply.endpos is None or reply.endpos <= offset:
                return ""
            offset = reply.endpos  # the echo of a key already given out: go on where it stopped

    async def _pressed(self, reply: AgiReply, wanted: str) -> str:
        """The key a command reports, unless it was given out before Asterisk had it reported."""
        if not reply.result.isdigit() or reply.result == "0":
            return ""
        stored = await self._stored_keys()
        if stored is None:
            return chr(int(reply.result))
        return self._take(stored, wanted)

    async def _kept_key(self, wanted: str) -> str:
        stored = await self._stored_keys() if self._stores_keys else None
        return self._take(stored, wanted) if stored else ""

    def _take(self, stored: str, wanted: str) -> str:
        """The next kept key of `wanted`; others before it are no answer to this question and are dropped."""
        while self._given < len(stored):
            key = stored[self._given]
            self._given += 1
            if key in wanted:
                return key
        return ""

    async def _stored_keys(self) -> str | None:
        stored = await self.get_variable(names.VAR_DIGITS)
        self._stores_keys = stored is not None
        return stored

    # -- the line ----------------------------------------------------------------------------------------------------

    async def _still_here(self, reply: AgiReply) -> None:
        """-1 is a hang-up or a failure; only the channel knows."""
        if reply.is_failure and await self.channel_status() != UP:
            self._leave()
        if reply.is_failure:
            raise AgiCommandError("the channel is up and the command failed")

    def _leave(self) -> NoReturn:
        self._gone = True
        raise CallerHungUp

    async def _command(self, *words: object, timeout_s: float = INSTANT_S) -> AgiReply:
        line = command_line(*words)
        if self._gone:
            raise CallerHungUp
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(line)
                await self._writer.drain()
                reply = await self._read_reply()
        except TimeoutError:
            self._writer.close()
            raise AgiTimeoutError(f"no answer to {words[0]}") from None
        except ConnectionError:
            self._leave()
        return self._checked(reply, words[0])

    def _checked(self, reply: AgiReply, command: object) -> AgiReply:
        if reply.code == GONE:
            self._leave()
        if reply.code != 200:
            raise AgiCommandError(f"{reply.code} to {command}")
        return reply

    async def _read_reply(self) -> AgiReply:
        while True:
            line = await self._read_line()
            if line == HANGUP_LINE:
                self._leave()
            if line.startswith("100 "):
                continue
            if line.startswith("520-"):
                while not line.startswith("520 "):
                    line = await self._read_line()
            return parse_reply(line)

    async def _read_line(self) -> str:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            self._leave()
        except asyncio.LimitOverrunError:
            self._writer.close()
            raise AgiProtocolError("reply line too long") from None
        return line.decode("utf-8", errors="replace").rstrip("\r\n")
