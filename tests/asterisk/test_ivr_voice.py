"""espeak-ng itself: speech is present, Mandarin is Mandarin, nothing waits for ever."""

import asyncio
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ivr.prompt import Fragment, Language, compose
from ivr.prompt_files import PromptFiles
from ivr.tts import EspeakNg, SpeechError
from telephony import speech
from telephony.espeak import utterances
from telephony.provision.tools import tool
from tests.db.ivr_fixtures import Beeping

pytestmark = pytest.mark.asterisk


@pytest.fixture
def engine() -> EspeakNg:
    return EspeakNg(tool("espeak-ng"))


def script(folder: Path, body: str) -> Path:
    path = folder / "espeak"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_both_languages_are_heard_at_one_loudness(engine: EspeakNg) -> None:
    expected: tuple[tuple[str, Language, tuple[float, float]], ...] = (
        ("张三丰，您好。", "zh_CN", (0.7, 3.0)),
        ("十一月二十二日星期日，", "zh_CN", (1.2, 4.0)),
        ("Sunday, November 22nd,", "en", (1.0, 4.0)),
        ("请按一。", "zh_CN", (0.4, 2.0)),
    )
    for text, voice, seconds in expected:
        samples, rate_hz = speech.read_wav(await engine.speak(text, voice))
        voiced = samples[np.abs(samples) > 0.01]
        assert rate_hz == 8_000
        assert seconds[0] < len(samples) / rate_hz < seconds[1], text
        assert 0.05 < float(np.sqrt(np.mean(voiced**2))) < 0.15, text
        assert len(voiced) / len(samples) > 0.3, text


def test_nine_thirty_is_mandarin_and_not_spelled_in_english() -> None:
    """The reason for pinyin: with hanzi in, `-v cmn` says "jiu three" for 九, marked (en) in the phonemes."""
    (said,) = utterances("上午九点半", "zh_CN")
    phonemes = subprocess.run(
        [str(tool("espeak-ng")), "-q", "-x", "-v", said.voice, "--stdin"],
        input=said.text,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "(en)" not in phonemes
    assert len(phonemes.split()) == 5


async def test_what_nobody_can_read_is_an_error_and_not_silence(engine: EspeakNg) -> None:
    for text in ("", "。", "𠮷"):
        with pytest.raises(SpeechError):
            await engine.speak(text, "zh_CN")


async def test_an_engine_that_hangs_fails_or_is_missing_is_an_error_in_time(tmp_path: Path) -> None:
    for program in (script(tmp_path, "exec sleep 60"), script(tmp_path, "exit 3"), tmp_path / "missing"):
        async with asyncio.timeout(60):
            with pytest.raises(SpeechError):
                await EspeakNg(program, limit_s=0.3).speak("您好", "zh_CN")


async def test_a_piece_is_spoken_once_for_many_callers_and_may_be_read_by_asterisk(tmp_path: Path) -> None:
    voice = Beeping()
    prompts = PromptFiles(tmp_path / "prompts", voice)
    prompt = compose("?{name}，您好。|欢迎致电。", "zh_CN", {"name": "张三丰"})
    paths = await asyncio.gather(*(prompts.paths(prompt) for _ in range(20)))
    assert sorted(voice.said) == ["张三丰，您好。", "欢迎致电。"]
    assert len({tuple(found) for found in paths}) == 1
    for path in (Path(f"{found}.wav") for found in paths[0]):
        assert path.stat().st_mode & 0o777 == 0o644
        assert path.parent.stat().st_mode & 0o555 == 0o555
        assert len(path.stem) == 64  # a hash: no name in a folder's listing
    assert "/names/" in paths[0][0]


async def test_a_full_disk_is_an_error_of_the_voice(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("not a folder")
    with pytest.raises(SpeechError):
        await PromptFiles(tmp_path / "prompts", Beeping()).paths((Fragment("您好", "zh_CN"),))
