"""What the dialplan itself says, spoken once by espeak-ng: a wav file for each text of asterisk_conf/prompts.json."""

import json
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from telephony import espeak as mouth
from telephony import sounds, speech
from telephony.provision.errors import ProvisionError

PROMPTS = Path(__file__).resolve().parents[2] / "asterisk_conf" / "prompts.json"
MANNER = "2"  # of speaking; another one speaks everything again
SAY_TIMEOUT_S = 30.0
STAMP = ".spoken.json"

Speak = Callable[[str, str], bytes]  # text, language -> a wav for the telephone


def speak_all(folder: Path, music: Path, *, speak: Speak, prompts: Path = PROMPTS) -> int:
    """Prompts, beep and hold music; only what is new or reads differently. Returns how many were spoken."""
    texts: dict[str, dict[str, str]] = json.loads(prompts.read_text("utf-8"))
    known = _read_stamp(folder / STAMP)
    spoken = {}
    count = 0
    for name, by_language in texts.items():
        for language, text in by_language.items():
            path = folder / language / f"{name}.wav"
            digest = sha256(f"{MANNER} {language} {text}".encode()).hexdigest()
            if known.get(f"{language}/{name}") != digest or not path.exists():
                _write(path, speak(text, language))
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

    def speak(text: str, language: str) -> bytes:
        return speech.telephone_wav([_run(program, part) for part in mouth.utterances(text, language)], text)

    return speak


def _run(program: Path, part: mouth.Utterance) -> bytes:
    command = [str(program), *part.options]
    try:
        return subprocess.run(
            command, input=part.text.encode(), capture_output=True, timeout=SAY_TIMEOUT_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ProvisionError(
            f"espeak-ng does not speak: {type(error).__name__}", mend="Run `hcrm doctor`; it checks espeak-ng."
        ) from None


def _read_stamp(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _write(path: Path, wav: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(wav)
    partial.rename(path)
