"""What the dialplan itself says, spoken once by espeak-ng: a wav file for each text of asterisk_conf/prompts.json."""

import io
import json
import subprocess
import wave
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import soxr

from telephony import sounds
from telephony.provision.errors import ProvisionError

PROMPTS = Path(__file__).resolve().parents[2] / "asterisk_conf" / "prompts.json"
VOICES = {"zh_CN": "cmn", "en": "en"}
WORDS_PER_MIN = 165
RATE_HZ = 8_000
SAY_TIMEOUT_S = 30.0
STAMP = ".spoken.json"

Speak = Callable[[str, str], bytes]  # text, voice -> a wav of any rate


def speak_all(folder: Path, music: Path, *, speak: Speak, prompts: Path = PROMPTS) -> int:
    """Prompts, beep and hold music; only what is new or reads differently. Returns how many were spoken."""
    texts: dict[str, dict[str, str]] = json.loads(prompts.read_text("utf-8"))
    known = _read_stamp(folder / STAMP)
    spoken = {}
    count = 0
    for name, by_language in texts.items():
        for language, text in by_language.items():
            path = folder / language / f"{name}.wav"
            digest = sha256(f"{VOICES[language]} {WORDS_PER_MIN} {text}".encode()).hexdigest()
            if known.get(f"{language}/{name}") != digest or not path.exists():
                _write(path, speak(text, VOICES[language]))
                count += 1
            spoken[f"{language}/{name}"] = digest
    if not (folder / "beep.wav").exists():
        sounds.write_beep(folder)
    if not (music / "hold.wav").exists():
        sounds.write_music(music)
    (folder / STAMP).write_text(json.dumps(spoken))
    return count


def espeak(program: Path) -> Speak:
    """Speaks by this espeak-ng. Its calls raise ProvisionError."""

    def speak(text: str, voice: str) -> bytes:
        command = [str(program), "-v", voice, "-s", str(WORDS_PER_MIN), "--stdin", "--stdout"]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=SAY_TIMEOUT_S, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise ProvisionError(
                f"espeak-ng does not speak: {type(error).__name__}", mend="Run `hcrm doctor`; it checks espeak-ng."
            ) from None
        return done.stdout

    return speak


def _read_stamp(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _write(path: Path, spoken: bytes) -> None:
    with wave.open(io.BytesIO(spoken)) as source:
        rate = source.getframerate()
        samples = np.frombuffer(source.readframes(source.getnframes()), dtype=np.int16)
    at_8k = np.asarray(soxr.resample(samples, rate, RATE_HZ), dtype=np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(at_8k.tobytes())
    partial.rename(path)
