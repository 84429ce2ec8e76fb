"""How a name may be typed by somebody who looks for it: characters, every pinyin reading, initials."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from pypinyin import Style, pinyin

MOST_READINGS = 32  # of one name; three or four characters stay below
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_APART = re.compile(r"[\s·•.,，、\-_/]+")


def normal(text: str) -> str:
    """Full-width forms folded, lower case, single spaces, ü as v: what is stored and what is searched agree."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("ü", "v")
    return " ".join(_APART.sub(" ", folded).split())


def search_text(name: str) -> str:
    """What `patient.search` holds: words with a space before each, so that "% query" finds a word's beginning."""
    plain = normal(name)
    words: dict[str, None] = dict.fromkeys(plain.split())
    joined = plain.replace(" ", "")
    if _HAN.search(joined):
        words |= dict.fromkeys(_endings(list(joined)))
        for reading in _readings(joined):
            words |= dict.fromkeys(_endings(reading))
            words |= dict.fromkeys(_endings([syllable[0] for syllable in reading]))
    return "".join(f" {word}" for word in words)


def _readings(name: str) -> Iterator[list[str]]:
    """Every way to read the name aloud: 曾 is zeng as a surname and ceng elsewhere, 单 is shan, dan or chan."""
    syllables = pinyin(name, heteronym=True, style=Style.NORMAL, errors=_one_by_one)
    choices = [dict.fromkeys(way for one in options for way in _spellings(one)) for options in syllables]
    for combination in islice(product(*reversed(choices)), MOST_READINGS):  # the surname varies first
        yield list(reversed(combination))


def _one_by_one(text: str) -> Any:
    """What is not Chinese reads as itself, letter by letter."""
    return list(text)


def _spellings(syllable: str) -> tuple[str, ...]:
    """吕 is typed lv, lu or lyu."""
    if syllable.startswith(("lv", "nv")):
        return (syllable, syllable.replace("v", "u", 1), syllable.replace("v", "yu", 1))
    return (syllable,)


def _endings(parts: list[str]) -> Iterator[str]:
    """The whole and what remains without its first parts: a given name is searched without the surname."""
    return ("".join(parts[start:]) for start in range(len(parts)))
