"""Keywords: what a text begins with decides what happens. Each lives in its own file under keywords/."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a keyword starts."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    QUERY = "query"
    CONSULT = "consult"
    OPT_OUT = "opt_out"
    OPT_OUT_ALL = "opt_out_all"
    OPT_IN = "opt_in"
    HELP = "help"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """`words` in plain form (see reading.plain). With `takes_more` words may follow: 预约 妇科, 预约妇科."""

    action: Action
    words: tuple[str, ...]
    replies: tuple[str, ...]  # names of the texts it may answer with
    takes_more: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A keyword and what followed it."""

    action: Action
    rest: str = ""


def match_keyword(text: str, keywords: Iterable[Keyword]) -> Match | None:
    """The only word, or the first words; the longest wins. Takes plain text without fillers."""
    best: tuple[int, Match] | None = None
    for keyword in keywords:
        for word in keyword.words:
            rest = _rest(text, word, takes_more=keyword.takes_more)
            if rest is not None and (best is None or len(word) > best[0]):
                best = (len(word), Match(keyword.action, rest))
    return best[1] if best else None


def _rest(text: str, word: str, *, takes_more: bool) -> str | None:
    if text == word:
        return ""
    if not takes_more or not text.startswith(word):
        return None
    rest = text[len(word) :]
    if word.isascii() and re.match(r"\w", rest):
        return None  # "bookshop"
    return rest.strip(" \t\n,.，。、:：;；!！+-")
