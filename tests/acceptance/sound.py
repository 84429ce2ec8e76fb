"""Who spoke when, in a recording."""

import io
import wave
from dataclasses import dataclass

import numpy as np

LOUD = 0.01
WINDOW_S = 0.25


@dataclass(frozen=True, slots=True)
class Sides:
    """Loudness (RMS, 0..1) of both sides in windows of a quarter of a second."""

    patient: np.ndarray
    hospital: np.ndarray

    def share_loud(self, side: np.ndarray, from_s: float, to_s: float | None = None) -> float:
        """How much of the time somebody speaks on this side."""
        first = int(from_s / WINDOW_S)
        windows = side[first : None if to_s is None else int(to_s / WINDOW_S)]
        return float((windows > LOUD).mean())


def sides(wav: bytes) -> Sides:
    """Of a stereo recording: the patient left, the hospital right."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        size = int(file.getframerate() * WINDOW_S)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).astype(np.float64) / 32_768
    whole = samples[: len(samples) // size * size].reshape(-1, size, 2)
    loudness = np.sqrt((whole**2).mean(axis=1))
    return Sides(loudness[:, 0], loudness[:, 1])
