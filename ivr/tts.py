"""Text to speech: what an engine must offer, and espeak-ng as the engine that needs no download."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from crm_core.kernel.errors import HcrmError
from ivr.prompt import Language
from telephony.espeak import Utterance, utterances
from telephony.speech import NoSpeechError, telephone_wav

SAY_TIMEOUT_S = 5.0


class SpeechError(HcrmError):
    """The text could not be spoken."""

    code = "speech_failed"
    retryable = True


class TtsEngine(Protocol):
    """`name` is part of what a spoken prompt is kept under: another engine or manner means other files."""

    @property
    def name(self) -> str:
        """Engine and manner, e.g. "espeak-ng 2"."""

    async def speak(self, text: str, voice: Language, *, is_name: bool = False) -> bytes:
        """A wav for the telephone: 8 kHz, 16 bit, mono. Raises SpeechError."""


class EspeakNg:
    """One short process per piece of text, a few at a time; the text goes to its standard input."""

    name = "espeak-ng 2"

    def __init__(self, program: Path, *, at_once: int = 0, limit_s: float = SAY_TIMEOUT_S) -> None:
        self._program = program
        self._limit_s = limit_s
        self._turns = asyncio.Semaphore(at_once or os.cpu_count() or 1)

    async def speak(self, text: str, voice: Language, *, is_name: bool = False) -> bytes:
        """Raises SpeechError for text that nobody can read, and when espeak-ng fails or takes too long."""
        parts = utterances(text, voice, is_name=is_name)
        try:
            async with self._turns, asyncio.timeout(self._limit_s):
                spoken = [await self._run(part) for part in parts]
                return await asyncio.to_thread(telephone_wav, spoken, text)
        except NoSpeechError:
            raise SpeechError("nothing to hear in it") from None
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            raise SpeechError(type(error).__name__) from None

    async def _run(self, part: Utterance) -> bytes:
        return await _output([str(self._program), *part.options], part.text.encode())


async def _output(command: Sequence[str], stdin: bytes) -> bytes:
    """Standard output of a process that is never left behind. Raises OSError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        output, _ = await process.communicate(stdin)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise OSError(f"ended with {process.returncode}")
    return output
