"""What is spoken: hanzi as pinyin, Latin words in English, one loudness on the telephone."""

import io
import wave

import numpy as np
import pytest

from telephony import speech
from telephony.espeak import ENGLISH, MANDARIN, utterances

pytestmark = pytest.mark.unit


def texts(text: str, language: str = "zh_CN", *, is_name: bool = False) -> list[tuple[str, str]]:
    return [(u.voice, u.text) for u in utterances(text, language, is_name=is_name)]


def tone(seconds: float, level: float, rate_hz: int = 22_050) -> bytes:
    samples = level * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate_hz)) / rate_hz)
    quiet = np.zeros(rate_hz // 2)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.concatenate([quiet, samples, quiet]) * 32_767).astype("<i2").tobytes())
    return buffer.getvalue()


def test_hanzi_are_given_as_pinyin_with_tones() -> None:
    assert texts("上午九点半。") == [(MANDARIN, "shang4 wu3 jiu3 dian3 ban4 .")]
    assert texts("请重新选择") == [(MANDARIN, "qing3 chong2 xin1 xuan3 ze2")]


def test_a_surname_has_its_own_reading() -> None:
    assert texts("曾小贤，", is_name=True) == [(MANDARIN, "zeng1 xiao3 xian2 ,")]
    assert texts("仇医生", is_name=True)[0][1].startswith("qiu2 ")
    assert texts("曾经") == [(MANDARIN, "ceng2 jing1")]


def test_numbers_are_read_as_numbers_or_digit_by_digit() -> None:
    assert texts("30分钟") == texts("三十分钟")
    assert texts("拨打120") == texts("拨打一二零")


def test_latin_words_are_said_in_english() -> None:
    assert [voice for voice, _ in texts("做CT检查")] == [MANDARIN, ENGLISH, MANDARIN]
    assert texts("Jane Smith", "en") == [(ENGLISH, "Jane Smith")]


def test_what_nobody_can_read_is_nothing() -> None:
    assert texts("。！") == texts("") == texts("-", "en") == []


def test_a_prompt_for_the_telephone_has_one_loudness_and_no_silence_around_it() -> None:
    sizes = set()
    for level in (0.05, 0.5, 0.95):
        samples, rate_hz = speech.read_wav(speech.telephone_wav([tone(1.0, level)], "您好。"))
        assert rate_hz == 8_000
        voiced = samples[np.abs(samples) > 0.01]
        assert 0.08 < float(np.sqrt(np.mean(voiced**2))) < 0.12
        assert float(np.abs(samples).max()) < 0.9
        sizes.add(round(len(samples) / rate_hz, 1))
    assert sizes == {1.4}  # a second of voice, a breath after the full stop


def test_silence_is_no_prompt() -> None:
    with pytest.raises(speech.NoSpeechError):
        speech.telephone_wav([tone(1.0, 0.0)], "x")
    with pytest.raises(speech.NoSpeechError):
        speech.telephone_wav([], "x")
