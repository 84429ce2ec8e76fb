"""Asterisk's sounds: a data folder that has ours, a beep and hold music that are nobody's property."""

import math
import struct
import wave
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

RATE_HZ = 8_000
_LOUDNESS = 6_000  # of 32,767
_BASE_HZ = 261.63  # middle C
# semitones above it, a beat each: a pentatonic walk that ends where it begins
_TUNE = (0, 4, 7, 9, 12, 9, 7, 4, 2, 7, 9, 14, 12, 9, 7, 2, -3, 4, 7, 12, 9, 7, 4, 0, 2, 4, 7, 9, 7, 4, 2, 0)
_BEAT_S = 0.75


def link_data(own: Path, asterisk_data: Path, prompts: Path) -> None:
    """Make `own` a data folder like Asterisk's, but with `prompts` as its sounds. Safe to repeat."""
    own.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name: entry for entry in asterisk_data.iterdir() if entry.name != "sounds"} | {"sounds": prompts}
    for name, target in wanted.items():
        link = own / name
        if link.is_symlink() and link.readlink() != target:
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(target)


def write_beep(folder: Path) -> Path:
    """`beep.wav`, what Record() plays."""
    path = folder / "beep.wav"
    _write(path, (_LOUDNESS * math.sin(2 * math.pi * 1000 * n / RATE_HZ) for n in range(RATE_HZ // 4)))
    return path


def write_music(folder: Path) -> Path:
    """`hold.wav`, 24 s of plucked tones that Asterisk repeats."""
    path = folder / "hold.wav"
    _write(path, _tune(_TUNE))
    return path


def _tune(semitones: Sequence[int]) -> Iterator[float]:
    for semitone in semitones:
        frequency = _BASE_HZ * 2 ** (semitone / 12)
        for n in range(int(RATE_HZ * _BEAT_S)):
            t = n / RATE_HZ
            tone = math.sin(2 * math.pi * frequency * t) + 0.3 * math.sin(4 * math.pi * frequency * t)
            yield _LOUDNESS * 0.6 * tone * min(1.0, t * 100) * math.exp(-4 * t)


def _write(path: Path, samples: Iterable[float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(b"".join(struct.pack("<h", int(sample)) for sample in samples))
