"""A telephone with whose it is: one line as people write it, "13800138000 母亲 家里 晚上打", and back. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from crm_core.kernel.msisdn import InvalidMsisdnError, parse_msisdn
from crm_core.patients.field import Words, codes_of
from crm_core.patients.model import Phone
from crm_core.patients.words import OWNERS, PHONE_KINDS

LONGEST_NOTE = 100
_APART = re.compile(r"[+＋(（]?\d[\d\s\-()（）.]*\d(?=[\s()（）:：,，]|$)")
_JOINED = re.compile(r"[+＋]?\d[\d\-]*\d")  # 13800138000母亲
_BETWEEN = re.compile(r"[\s()（）:：,，]+")


def read(line: str) -> Phone:
    """Raises InvalidMsisdnError. What is neither an owner nor a kind is the note."""
    text = " ".join(line.split())
    found = _APART.search(text) or _JOINED.search(text)
    typed, said = (found[0], f"{text[: found.start()]} {text[found.end() :]}") if found else (text, "")
    try:
        msisdn = parse_msisdn(typed)
    except InvalidMsisdnError as error:
        raise InvalidMsisdnError(str(error), field="phones") from None
    owner, kind, rest = "", "", list[str]()
    for word in _BETWEEN.split(said):
        if not owner and (code := _code(OWNERS, word)):
            owner = code
        elif not kind and (code := _code(PHONE_KINDS, word)):
            kind = code
        elif word:
            rest.append(word)
    return Phone(msisdn, typed, owner, kind, " ".join(rest)[:LONGEST_NOTE])


def _code(words: Words, word: str) -> str:
    return next(iter(codes_of(words, word)), "")


def written(phone: Phone, *, chinese: bool = True) -> str:
    """The line, in E.164 and words; `read` understands it."""
    known = [(OWNERS, phone.owner), (PHONE_KINDS, phone.kind)]
    said = [words[code].chinese if chinese else words[code].english for words, code in known if code]
    return " ".join(filter(None, (phone.msisdn, *said, phone.note)))


def kept(before: Sequence[Phone], after: Sequence[Phone], *, is_whole: bool) -> tuple[Phone, ...]:
    """In E.164 it is as it was typed first. A number that comes without a word is the one that is known with whose it
    is, unless the lines say the whole of it."""
    known = {phone.msisdn: phone for phone in before}
    return tuple(_merged(known.get(phone.msisdn, phone), phone, is_whole=is_whole) for phone in after)


def _merged(known: Phone, phone: Phone, *, is_whole: bool) -> Phone:
    typed = known.as_typed if phone.as_typed == phone.msisdn else phone.as_typed
    says = is_whole or phone.owner or phone.kind or phone.note
    return replace(phone if says else known, as_typed=typed)


def is_one(line: str) -> bool:
    """Whether somebody could be reached there."""
    try:
        read(line)
    except InvalidMsisdnError:
        return False
    return True
