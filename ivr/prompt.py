"""What is said, as pieces that are spoken and kept one by one.

A template is plain text; `{name}` is filled in, `|` cuts it into pieces, and a piece that begins with `?` is left out
when something in it is unknown or cannot be spoken. "?{name}，|您好。" greets with or without a name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict

Language = Literal["zh_CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh_CN", "en")
LONGEST_VALUE = 80

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[A-Za-z]")
_UNSPEAKABLE = re.compile(r"[|?<>{}\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece in the voice that can read it. `may_skip`: better left unsaid than no prompt at all."""

    text: str = field(repr=False)
    voice: Language
    may_skip: bool = False


Prompt = tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A template in every language the hotline speaks."""

    zh_CN: str
    en: str
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def in_language(self, language: Language) -> str:
        """The template for a caller of this language."""
        return self.zh_CN if language == "zh_CN" else self.en


def compose(template: str, language: Language, values: Mapping[str, str] | None = None) -> Prompt:
    """Fill a template. Raises KeyError for a placeholder without a value; an empty value drops its `?` piece."""
    known = values or {}
    return tuple(
        fragment for piece in template.split("|") if (fragment := _piece(piece.strip(), language, known)) is not None
    )


def placeholders(template: str) -> frozenset[str]:
    """Names that must be known before the template can be spoken."""
    return frozenset(_PLACEHOLDER.findall(template))


def fixed_pieces(template: str, language: Language, values: Mapping[str, str] | None = None) -> Prompt:
    """The pieces that name nothing but `values`: what is worth speaking before anybody rings."""
    known = values or {}
    pieces = (piece for piece in template.split("|") if placeholders(piece) <= known.keys())
    return compose("|".join(pieces), language, known)


def together(prompts: Iterable[Prompt]) -> Prompt:
    """One after the other."""
    return tuple(fragment for prompt in prompts for fragment in prompt)


def voice_for(text: str, language: Language) -> Language:
    """Hanzi need the Chinese voice, plain Latin words the English one, whatever the caller speaks."""
    if _HAN.search(text):
        return "zh_CN"
    return "en" if _LATIN.search(text) else language


def _piece(piece: str, language: Language, values: Mapping[str, str]) -> Fragment | None:
    may_skip = piece.startswith("?")
    template = piece.removeprefix("?")
    filled = {name: _speakable(values[name]) for name in placeholders(template)}
    if may_skip and not all(filled.values()):
        return None
    text = _PLACEHOLDER.sub(lambda match: filled[match[1]], template).strip()
    return Fragment(text, voice_for(text, language), may_skip) if text else None


def _speakable(value: str) -> str:
    return _UNSPEAKABLE.sub(" ", value)[:LONGEST_VALUE].strip()
