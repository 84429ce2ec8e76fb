"""What the simulated people say: espeak-ng's voice as 8 kHz wav files that Asterisk plays."""

import json
import subprocess
import wave
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

LINES = Path(__file__).with_name("lines.json")
RATE_HZ = 8000
SAY_TIMEOUT_S = 20
BEEP_HZ = 1000
BEEP_S = 0.4
QUIET = 300  # of 32,768
ROOM_S = 30
ROOM_NOISE = 12  # of 32,768: a live microphone nobody speaks into

Samples = npt.NDArray[np.int16]


def write_lines(folder: Path, *, espeak: Path) -> None:
    """One wav per line, the mailbox's beep and a quiet room; nothing when the texts were already spoken.

    Raises OSError or subprocess.SubprocessError when espeak-ng does not run.
    """
    text = LINES.read_bytes()
    stamp = folder / "lines.sha256"
    digest = sha256(text).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines: Mapping[str, str] = json.loads(text)
    for name, line in lines.items():
        _write_wav(folder / f"{name}.wav", _say(line, folder / f"{name}.spoken", espeak=espeak))
    _write_wav(folder / "beep.wav", _beep())
    _write_wav(folder / "quiet.wav", _room())
    stamp.write_text(digest)


def _say(line: str, spoken: Path, *, espeak: Path) -> Samples:
    subprocess.run(
        [str(espeak), "-v", "cmn", "-s", "170", "-w", str(spoken)],
        input=line.encode(),
        check=True,
        timeout=SAY_TIMEOUT_S,
        capture_output=True,
    )
    with wave.open(str(spoken), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
        rate = file.getframerate()
    spoken.unlink()
    return np.asarray(soxr.resample(_trimmed(samples), rate, RATE_HZ), dtype=np.int16)


def _trimmed(samples: Samples) -> Samples:
    """Without the quiet at both ends: a hello that lasts too long is taken for a machine's greeting."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples


def _beep() -> Samples:
    times = np.arange(int(RATE_HZ * BEEP_S)) / RATE_HZ
    return np.asarray(np.sin(2 * np.pi * BEEP_HZ * times) * 12_000, dtype=np.int16)


def _room() -> Samples:
    noise = np.random.default_rng(seed=1).normal(0, ROOM_NOISE, RATE_HZ * ROOM_S)
    return np.asarray(noise, dtype=np.int16)


def _write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
