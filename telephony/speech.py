"""Spoken sound made fit for a telephone: 8 kHz, one loudness, no silence around it but a breath after it."""

import io
import wave
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import soxr

RATE_HZ = 8_000
FULL_SCALE = 32_768
SILENT_BELOW = 0.01  # of full scale, after loudness is set
SPEECH_RMS = 0.10  # -20 dBFS, what telephone networks expect of a voice
LOUDEST_PEAK = 0.89  # -1 dBFS
LEAD_S = 0.02
BREATH_S = {"，": 0.18, ",": 0.18, "、": 0.12, "：": 0.25, "。": 0.35, ".": 0.35, "？": 0.35, "?": 0.35}
USUAL_BREATH_S = 0.06

Samples = npt.NDArray[np.float32]  # one channel, -1..1


class NoSpeechError(ValueError):
    """There is nothing to hear in it."""


def read_wav(wav: bytes) -> tuple[Samples, int]:
    """Samples and rate of a 16-bit mono wav, also one whose header was written before its length was known."""
    with wave.open(io.BytesIO(wav)) as file:
        rate_hz = file.getframerate()
        frames = file.readframes(file.getnframes())
    samples = np.frombuffer(frames[: len(frames) // 2 * 2], dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)
    return samples, rate_hz


def telephone_wav(parts: Sequence[bytes], text: str) -> bytes:
    """One 8 kHz wav of some, spoken one after another; `text` tells by its last mark how long a breath follows.

    Raises NoSpeechError when all of it is silent.
    """
    spoken = np.concatenate([_at_8k(*read_wav(part)) for part in parts]) if parts else np.zeros(0, np.float32)
    voiced = _trimmed(_levelled(spoken))
    breath_s = BREATH_S.get(text.rstrip()[-1:], USUAL_BREATH_S)
    whole = np.concatenate([_silence(LEAD_S), voiced, _silence(breath_s)])
    return _wav(np.round(whole * (FULL_SCALE - 1)).astype("<i2").tobytes())


def _at_8k(samples: Samples, rate_hz: int) -> Samples:
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), dtype=np.float32)


def _levelled(samples: Samples) -> Samples:
    """Speech, not its pauses, has the usual loudness; peaks never clip."""
    loud = np.abs(samples) > SILENT_BELOW
    if not loud.any():
        raise NoSpeechError("silent")
    rms = float(np.sqrt(np.mean(samples[loud] ** 2)))
    gain = min(SPEECH_RMS / rms, LOUDEST_PEAK / float(np.abs(samples).max()))
    return samples * np.float32(gain)


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > SILENT_BELOW)
    return samples[loud[0] : loud[-1] + 1]


def _silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), np.float32)


def _wav(frames: bytes) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(frames)
    return buffer.getvalue()
