"""From the files Asterisk wrote to one sealed wav: the patient left, the hospital right, a waveform and a hash.

Asterisk writes 16-bit mono samples at 8 kHz and puts the length into the header when it closes the file; after a crash
the header says 0, so the file's own size counts.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from crm_core.kernel.crypto import FileKey, SealWriter
from recordings.errors import CorruptAudioError

RATE_HZ = 8000
SAMPLE_BYTES = 2
HEADER_BYTES = 44
BLOCK_FRAMES = RATE_HZ * 10
PEAKS = 800  # per channel: more than a page is wide

Samples = npt.NDArray[np.int16]
Peaks = npt.NDArray[np.float64]  # channel, place; 0..1


@dataclass(frozen=True, slots=True)
class Track:
    """One channel's samples in a file; None is silence for as long as the others last."""

    path: Path
    offset: int
    frames: int

    def blocks(self, frames: int) -> Iterator[Samples]:
        """As many blocks as `frames` need, silence behind the end. A file that ends early is silent from there."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for start in range(0, frames, BLOCK_FRAMES):
                wanted = min(BLOCK_FRAMES, frames - start)
                there = max(0, min(wanted, self.frames - start))
                read = file.read(there * SAMPLE_BYTES)
                samples = np.frombuffer(read[: len(read) // SAMPLE_BYTES * SAMPLE_BYTES], dtype="<i2")
                yield np.pad(samples, (0, wanted - samples.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What is known of a wav once it is sealed."""

    duration_ms: int
    size_bytes: int
    channels: int
    sha256: bytes = field(repr=False)
    peaks: tuple[float, ...] = field(repr=False)


def read_track(path: Path) -> Track:
    """Raises CorruptAudioError for a file without samples or of another kind, FileNotFoundError when there is none."""
    size = path.stat().st_size
    if size <= HEADER_BYTES:
        raise CorruptAudioError("empty")
    with path.open("rb") as file:
        offset, length = _find_samples(file, size)
    there = size - offset
    frames = (there if length == 0 or length > there else length) // SAMPLE_BYTES
    if not frames:
        raise CorruptAudioError("empty")
    return Track(path, offset, frames)


def _find_samples(file: BinaryIO, size: int) -> tuple[int, int]:
    riff, _, wave = struct.unpack("<4sI4s", file.read(12))
    if (riff, wave) != (b"RIFF", b"WAVE"):
        raise CorruptAudioError("corrupt")
    is_ours = False
    while file.tell() + 8 <= size:
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            if not is_ours:
                break
            return file.tell(), length
        body = file.read(min(length + length % 2, size))
        if name == b"fmt ":
            is_ours = _is_ours(body)
    raise CorruptAudioError("corrupt")


def _is_ours(fmt: bytes) -> bool:
    if len(fmt) < 16:
        return False
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    return (kind, channels, rate, bits) == (1, 1, RATE_HZ, SAMPLE_BYTES * 8)


def header(frames: int, channels: int) -> bytes:
    """A wav's first 44 bytes."""
    data = frames * channels * SAMPLE_BYTES
    step = channels * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", data + HEADER_BYTES - 8, b"WAVE"),
        *(b"fmt ", 16, 1, channels, RATE_HZ, RATE_HZ * step, step, SAMPLE_BYTES * 8),
        *(b"data", data),
    )


def seal(tracks: Sequence[Track | None], target: BinaryIO, key: FileKey) -> Sealed:
    """All tracks beside each other, as long as the longest. No plain byte touches the disk."""
    frames = max(track.frames for track in tracks if track)
    channels = len(tracks)
    size = HEADER_BYTES + frames * channels * SAMPLE_BYTES
    writer = SealWriter(target, key, plain_bytes=size)
    digest = sha256()
    peaks = np.zeros((channels, min(PEAKS, frames)))
    for plain in _plain(tracks, frames, peaks):
        digest.update(plain)
        writer.write(plain)
    writer.finish()
    return Sealed(
        duration_ms=frames * 1000 // RATE_HZ,
        size_bytes=size,
        channels=channels,
        sha256=digest.digest(),
        peaks=tuple(round(float(peak), 3) for peak in peaks.T.ravel()),
    )


def _plain(tracks: Sequence[Track | None], frames: int, peaks: Peaks) -> Iterator[bytes]:
    """The wav in pieces; on the way `peaks` rises."""
    yield header(frames, len(tracks))
    sides = [track.blocks(frames) if track else _silence(frames) for track in tracks]
    start = 0
    for blocks in zip(*sides, strict=True):
        block = np.stack(blocks)
        _raise_peaks(peaks, block, start=start, frames=frames)
        start += block.shape[1]
        yield block.T.astype("<i2").tobytes()


def _silence(frames: int) -> Iterator[Samples]:
    for start in range(0, frames, BLOCK_FRAMES):
        yield np.zeros(min(BLOCK_FRAMES, frames - start), dtype=np.int16)


def _raise_peaks(peaks: Peaks, block: Samples, *, start: int, frames: int) -> None:
    buckets = np.arange(start, start + block.shape[1]) * peaks.shape[1] // frames
    loud = np.abs(block.astype(np.float64)) / 32768
    for channel, values in enumerate(loud):
        np.maximum.at(peaks[channel], buckets, values)
