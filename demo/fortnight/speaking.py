"""The recordings of the past: each sentence is spoken once, mixed to two sides, and stored as Asterisk's files are.

It goes on where it was stopped: what is in the vault is not spoken again, and when everything is, the list is gone.
"""

import asyncio
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt
import soxr

from crm_core.kernel.db import Database
from crm_core.kernel.ids import CallId, Uniqueid
from demo.fortnight import calls
from demo.fortnight.calls import ToSpeak
from demo.fortnight.course import Said
from ivr.prompt import Language
from ivr.tts import TtsEngine
from recordings import keeping, store
from recordings.files import RATE_HZ, SAMPLE_BYTES
from recordings.model import Kind
from recordings.monitor import Monitor
from recordings.vault import Vault

LOUDEST = 32_767
VOICES = "demo-voices"  # in the cache: a second home needs no synthesis

Samples = npt.NDArray[np.int16]
Say = Callable[[int, int], None]  # calls that can be heard, of so many


@dataclass(frozen=True, slots=True)
class Voices:
    """Sentences spoken by the hotline's engine, kept under what they depend on."""

    engine: TtsEngine
    folder: Path

    async def samples(self, said: Said) -> Samples:
        """One sentence in its speaker's voice: higher is also faster."""
        path = self.folder / f"{_key(self.engine.name, said)}.wav"
        if not await asyncio.to_thread(path.exists):
            language: Language = "en" if said.language == "en" else "zh_CN"
            spoken = await self.engine.speak(said.text, language)
            await asyncio.to_thread(_keep, path, spoken)
        return await asyncio.to_thread(_read, path, said.pitch)


def _key(engine: str, said: Said) -> str:
    return sha256(f"{engine}\n{said.language}\n{said.text}".encode()).hexdigest()[:32]


def _keep(path: Path, spoken: bytes) -> None:
    partial = path.with_suffix(f".{id(spoken)}.partial")
    partial.write_bytes(spoken)
    partial.rename(path)


def _read(path: Path, pitch: float) -> Samples:
    with wave.open(str(path), "rb") as file:
        plain = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    if pitch == 1.0:
        return plain
    return np.asarray(soxr.resample(plain, RATE_HZ * pitch, RATE_HZ), dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Recorder:
    """In Asterisk's place: `folder` is where its files would lie until they are sealed."""

    db: Database
    vault: Vault
    folder: Path
    voices: Voices

    async def store_all(self, path: Path, say: Say) -> int:
        """Everything on the list at `path`; how many calls that were. Raises SpeechError, DatabaseUnavailableError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.voices.folder.mkdir(parents=True, exist_ok=True)
        wanted = [list(some) for _, some in groupby(calls.kept(path), key=lambda one: one.uniqueid)]
        for done, recordings in enumerate(wanted):
            say(done, len(wanted))
            await self._store(recordings)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(wanted)

    async def _store(self, recordings: Sequence[ToSpeak]) -> None:
        """Of one call, as of its end."""
        call_id = CallId(UUID(recordings[0].call_id))
        async with self.db.connection() as conn:
            if await store.of_call(conn, call_id):
                return
        monitor = Monitor(self.folder)
        for one in recordings:
            files = monitor.files(Uniqueid(one.uniqueid), Kind(one.kind))
            for file, said in zip(files, calls.sides(one), strict=True):
                await asyncio.to_thread(_write, file, mixed(await self._spoken(said), one.lasts_s))
        ended_at = datetime.fromisoformat(recordings[0].ended_at)
        await keeping.store_call(replace(self.db, clock=lambda: ended_at), self.vault, monitor, call_id)

    async def _spoken(self, said: Sequence[Said]) -> list[tuple[float, Samples]]:
        samples = await asyncio.gather(*(self.voices.samples(one) for one in said))
        return [(one.at_s, each) for one, each in zip(said, samples, strict=True)]


def mixed(spoken: Sequence[tuple[float, Samples]], lasts_s: float) -> Samples:
    """One side of a call, silent where nobody speaks. What would last longer than the call is cut."""
    side = np.zeros(int(lasts_s * RATE_HZ), dtype=np.int32)
    for at_s, samples in spoken:
        place = side[int(at_s * RATE_HZ) :][: samples.size]
        place += samples[: place.size]
    return np.clip(side, -LOUDEST, LOUDEST).astype(np.int16)


def _write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
