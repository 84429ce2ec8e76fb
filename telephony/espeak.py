"""What espeak-ng must be given so that it speaks like a person, without I/O.

Its Mandarin voice spells most hanzi as English words ("jiu three" for 九), so hanzi go in as pinyin with tone numbers,
to the voice that reads pinyin; polyphones are chosen by pypinyin's phrases, surnames by their own readings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from pypinyin import Style, lazy_pinyin

WORDS_PER_MIN = MappingProxyType({"cmn-latn-pinyin": 195, "en": 170})
MANDARIN, ENGLISH = "cmn-latn-pinyin", "en"
LONGEST_NUMBER = 2  # 30 is 三十; 120 and telephone numbers are read digit by digit
DIGITS = "零一二三四五六七八九"
SURNAMES = MappingProxyType(
    {"曾": "zeng1", "单": "shan4", "仇": "qiu2", "解": "xie4", "区": "ou1", "查": "zha1", "任": "ren2", "朴": "piao2",
     "盖": "ge3", "华": "hua4", "燕": "yan1", "尉": "wei4", "乐": "yue4", "翟": "zhai2", "覃": "qin2", "种": "chong2",
     "员": "yun4", "祭": "zhai4", "缪": "miao4", "宁": "ning4", "葛": "ge3", "纪": "ji3", "洗": "xian3", "冼": "xian3"}
)  # fmt: skip
PAUSES = str.maketrans(
    {mark: sign for sign, marks in {",": "，、：；", ".": "。！？", " ": "“”（）《》—"}.items() for mark in marks}
)

_RUN = re.compile(r"[A-Za-z][A-Za-z'’.&\- ]*|[^A-Za-z]+")
_NUMBER = re.compile(r"[0-9]+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_SPOKEN = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One run of espeak-ng; `text` goes to its standard input, never among its arguments."""

    voice: str
    text: str = field(repr=False)

    @property
    def options(self) -> tuple[str, ...]:
        """Its arguments: a wav on standard output."""
        return ("-v", self.voice, "-s", str(WORDS_PER_MIN[self.voice]), "-b", "1", "--stdin", "--stdout")


def utterances(text: str, language: str, *, is_name: bool = False) -> list[Utterance]:
    """`language` is zh_CN or en. Latin words in Mandarin are said in English. Empty when nothing can be spoken.

    With `is_name` the first hanzi is a surname.
    """
    if language == "en":
        return _english(text)
    return [utterance for run in _RUN.findall(text) for utterance in _run(run, is_name=is_name)]


def _run(run: str, *, is_name: bool) -> list[Utterance]:
    if _SPOKEN.search(run[0]) and not run[0].isdigit():
        return _english(run)
    pinyin = " ".join(_syllables(_NUMBER.sub(_read_number, run), is_name=is_name)).translate(PAUSES)
    return [Utterance(MANDARIN, pinyin)] if _SPOKEN.search(pinyin) else []


def _english(text: str) -> list[Utterance]:
    return [Utterance(ENGLISH, text.strip())] if _SPOKEN.search(text) else []


def _syllables(text: str, *, is_name: bool) -> Iterator[str]:
    """Pinyin with tone numbers and marks; hanzi nobody can read are left out."""
    surname = _HAN.search(text) if is_name else None
    if surname and surname[0] in SURNAMES:
        yield SURNAMES[surname[0]]
        text = text[surname.end() :]
    yield from (
        part for part in lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True) if not _HAN.search(part)
    )


def _read_number(found: re.Match[str]) -> str:
    digits = found[0]
    if len(digits) > LONGEST_NUMBER or digits.startswith("0"):
        return "".join(DIGITS[int(digit)] for digit in digits)
    tens, ones = divmod(int(digits), 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return head + (DIGITS[ones] if ones or not tens else "")
