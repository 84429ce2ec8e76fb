"""Spoken prompts as files that Asterisk plays: each piece once, under a hash of what is said.

<folder>/<language>/<sha256>.wav, and <folder>/<language>/names/ for pieces with somebody's name: those are personal, so
they go when nobody used them for a week; the rest after three months.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from ivr.prompt import LANGUAGES, Fragment, Prompt
from ivr.tts import SpeechError, TtsEngine

log = logging.getLogger("prompts")

NAMES = "names"
KEEP_NAMES = timedelta(days=7)
KEEP = timedelta(days=90)
ABANDONED = timedelta(hours=1)
USED_AGAIN_S = 24 * 3600.0  # how often a file's time is renewed
FILE_MODE, FOLDER_MODE = 0o644, 0o755  # Asterisk may run as a user of its own
SUFFIX = ".wav"
MOST_STEMS = 10_000


class PromptFiles:
    """Any number of processes may share one folder."""

    def __init__(self, folder: Path, engine: TtsEngine) -> None:
        self._folder = folder
        self._engine = engine
        self._making: dict[str, asyncio.Lock] = {}
        self._stems: dict[Fragment, str] = {}

    async def paths(self, prompt: Prompt) -> list[str]:
        """What to play, in order: absolute paths without extension. Pieces that may be skipped and cannot be spoken
        are left out. Raises SpeechError when another piece cannot be spoken."""
        missing = [fragment for fragment in dict.fromkeys(prompt) if not _is_there(self._stem(fragment))]
        spoken = await asyncio.gather(*(self._speak(fragment) for fragment in missing))
        unsaid = {fragment for fragment, is_spoken in zip(missing, spoken, strict=True) if not is_spoken}
        return [self._stem(fragment) for fragment in prompt if fragment not in unsaid]

    async def prewarm(self, fragments: Iterable[Fragment]) -> int:
        """Speak what is likely to be said, one by one so that callers come first. Returns how many were new."""
        new = 0
        for fragment in dict.fromkeys(fragments):
            if not _is_there(self._stem(fragment)):
                try:
                    await self._make(fragment)
                except SpeechError as error:
                    log.warning("a prompt cannot be spoken", extra={"error": str(error), "pii_text": fragment.text})
                    continue
                new += 1
        return new

    def prune(self, now: datetime) -> int:
        """Remove what nobody used for long, and what a dead process left half-written. Returns how many files."""
        return sum(_remove(path, now - keep) for path, keep in self._kept())

    def _kept(self) -> Iterator[tuple[Path, timedelta]]:
        for language in LANGUAGES:
            for folder, keep in ((self._folder / language, KEEP), (self._folder / language / NAMES, KEEP_NAMES)):
                yield from ((path, keep) for path in folder.glob(f"*{SUFFIX}"))
                yield from ((path, ABANDONED) for path in folder.glob(".*.partial"))

    def _stem(self, fragment: Fragment) -> str:
        """Where it is kept, without extension; remembered, because callers hear the same pieces again and again."""
        stem = self._stems.get(fragment)
        if stem is None:
            said = f"{self._engine.name}\0{fragment.voice}\0{fragment.may_skip:d}\0{fragment.text}"
            folder = self._folder / fragment.voice / (NAMES if fragment.may_skip else "")
            stem = str(folder / sha256(said.encode()).hexdigest())
            if len(self._stems) >= MOST_STEMS:
                self._stems.clear()
            self._stems[fragment] = stem
        return stem

    async def _speak(self, fragment: Fragment) -> bool:
        try:
            await self._make(fragment)
        except SpeechError as error:
            if not fragment.may_skip:
                raise
            log.warning("a name cannot be spoken", extra={"error": str(error), "pii_text": fragment.text})
            return False
        return True

    async def _make(self, fragment: Fragment) -> None:
        """Once, however many callers wait for it."""
        stem = self._stem(fragment)
        lock = self._making.setdefault(stem, asyncio.Lock())
        try:
            async with lock:
                if not _is_there(stem):
                    wav = await self._engine.speak(fragment.text, fragment.voice, is_name=fragment.may_skip)
                    _write(Path(stem + SUFFIX), wav)
        except OSError as error:
            raise SpeechError(type(error).__name__) from None
        finally:
            if not lock.locked():
                self._making.pop(stem, None)


def _is_there(stem: str) -> bool:
    """Whether it can be played; it then counts as used."""
    path = stem + SUFFIX
    try:
        used_at = os.stat(path).st_mtime
        if time.time() - used_at > USED_AGAIN_S:
            os.utime(path)
    except OSError:
        return False
    return True


def _write(path: Path, wav: bytes) -> None:
    for folder in (path.parent.parent, path.parent):
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(FOLDER_MODE)
    partial = path.with_name(f".{uuid4().hex}.partial")
    partial.write_bytes(wav)
    partial.chmod(FILE_MODE)
    partial.replace(path)


def _remove(path: Path, unused_since: datetime) -> bool:
    try:
        if path.stat().st_mtime >= unused_since.timestamp():
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True
