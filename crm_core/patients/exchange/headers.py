"""Which rows of a file are its titles, and which field each title means. Pure.

A hospital's own words for its columns are a Memory: asked once, known ever after.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crm_core.patients.exchange.cells import text
from crm_core.patients.exchange.columns import FIELD_BY_TITLE
from crm_core.patients.exchange.spreadsheet import Cell

SEARCHED = 20  # rows; above the titles stand the hospital's name, a day, who exported it
SURE = 0.8  # below that a person is asked
MANY = frozenset({"phones", "diseases", "allergies"})  # several columns may mean the same
_MORE = {  # besides what `columns` knows
    "name": "姓名 患者 病人 客户姓名 客户 名字 就诊人 就诊人姓名 full_name",
    "sex": "性别代码 男女",
    "birth_date": "出生日期 生日 出生 出生时间 date_of_birth",
    "phones": "电话 手机 本人电话 本人手机 患者电话 病人电话 患者手机 手机电话 联系手机 家庭电话 "
    "固定电话 固话 座机 住宅电话 cell mobile_phone",
    "card_no": "一卡通卡号 诊疗卡号 诊疗卡 就诊卡 就诊卡编号 健康卡号 居民健康卡号 病人卡号 医疗卡号 card_number",
    "outpatient_no": "门诊号 门诊号码 门诊病历号 门诊病案号 outpatient_number",
    "inpatient_no": "住院号 住院号码 病案号 住院病案号 住院病历号 病历号 mrn inpatient_number",
    "region": "地区 所在地 所属地区 所属区域",
    "source": "来源渠道 渠道 客户来源 病人来源",
    "department": "科别 科室名称 就诊科别 出院科室 所在科室",
    "diseases": "疾病名称 诊断名称 主要诊断 出院诊断 门诊诊断 病名",
    "member_level": "会员卡级别 会员卡类型 vip级别",
}
_TAIL = re.compile(r"\d+$")
_FIGURES = re.compile(r"\d{4}|\d[-/.年]\d")
_ASIDE = re.compile(r"[(（\[【<][^)）\]】>]*[)）\]】>]|[*＊]|必填|选填")
_NOISE = re.compile(r"[\s._:：/\\-]+")

_GROUPS = """
    患者 病人 客户 本人 患者信息 病人信息 客户信息 基本信息 基本资料 基本情况 个人信息
    联系方式 联系信息 就诊信息 编号 号码 证件
"""
NEUTRAL = frozenset(_GROUPS.split())  # above several columns, these say nothing that the columns do not say themselves

Memory = Mapping[str, str]  # a title's key -> field; "": leave that column out


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column means; `field` is None when nobody knows. `score` from 0 to 1."""

    title: str
    field: str | None
    score: float

    @property
    def is_sure(self) -> bool:
        """Whether it needs no asking."""
        return self.score >= SURE


@dataclass(frozen=True, slots=True)
class Header:
    """The titles, and how many rows of the file they and what stands above them take."""

    guesses: tuple[Guess, ...]
    height: int


def key(title: object) -> str:
    """A title without what varies: width, case, spaces, points."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", str(title or ""))).lower()


KNOWN: Mapping[str, str] = {key(word): name for name, words in _MORE.items() for word in words.split()} | FIELD_BY_TITLE


_TELLING = frozenset(word for word in KNOWN if len(word) > 1) - {"患者", "病人", "客户", "本人", "出生"}


def guess(title: str, memory: Memory) -> Guess:
    """By what was answered before, the word itself, the word without its number or remark, a word in it."""
    whole, bare = key(title), key(_ASIDE.sub("", title))
    if whole in memory:
        return Guess(title, memory[whole] or None, 1.0)
    for score, said in ((1.0, whole), (0.95, bare), (0.9, _TAIL.sub("", bare))):
        if said in KNOWN:
            return Guess(title, KNOWN[said], score)
    group, _space, last = title.rpartition(" ")
    if key(last) in KNOWN and group:
        return Guess(title, KNOWN[key(last)], 0.9 if key(group) in NEUTRAL else 0.5)
    inside = max((word for word in _TELLING if word in bare), key=len, default="")
    return Guess(title, KNOWN[inside], 0.5 * len(inside) / len(bare)) if inside else Guess(title, None, 0.0)


def guesses(titles: Sequence[str], memory: Memory) -> tuple[Guess, ...]:
    """One for each column; of two that mean the same, where only one can be, the less sure one means nothing."""
    found = [guess(title, memory) for title in titles]
    best: dict[str, int] = {}
    for column, one in enumerate(found):
        if one.field and (one.field not in best or one.score > found[best[one.field]].score):
            best[one.field] = column
    return tuple(
        one
        if one.field is None or one.field in MANY or best[one.field] == column or _as_sure(one, found[best[one.field]])
        else Guess(one.title, None, 0.0)
        for column, one in enumerate(found)
    )


def _as_sure(one: Guess, other: Guess) -> bool:
    """Two of equal right: a person must say which."""
    return one.is_sure and one.score == other.score


def find(rows: Sequence[Sequence[Cell]], memory: Memory) -> Header | None:
    """The row, or the two rows, in which most columns have a title that is known; None when there is none."""
    texts = [[text(cell) for cell in row] if _may_be_titles(row) else [] for row in rows[:SEARCHED]]
    best = max(_candidates(texts, memory), key=_worth, default=None)
    if best is None or _worth(best) <= 0:
        return None
    height = best.height
    below = Header(guesses(texts[height], memory), height + 1) if height < len(texts) else best
    if below is best or len({one.field for one in below.guesses} - {None}) < 2 or _worth(below) * 2 < _worth(best):
        return best
    return Header(guesses(joined(texts[height - 1], texts[height]), memory), height + 1)


def _candidates(texts: Sequence[Sequence[str]], memory: Memory) -> Iterator[Header]:
    """Single rows first: two are only taken where they say more."""
    for number, row in enumerate(texts, start=1):
        yield Header(guesses(row, memory), number)
    for number, (upper, lower) in enumerate(pairwise(texts), start=2):
        if not _is_alone(upper):
            yield Header(guesses(joined(upper, lower), memory), number)


def _may_be_titles(row: Sequence[Cell]) -> bool:
    """Titles are words: a telephone, a day or a number is somebody's."""
    return all(cell is None or (isinstance(cell, str) and not _FIGURES.search(cell)) for cell in row)


def _is_alone(row: Sequence[str]) -> bool:
    """One text, perhaps over all columns: the name of the sheet, not a row of titles."""
    return len({one for one in row if one}) < 2


def _worth(header: Header) -> float:
    """The best score of each field, less one for each column that says the same as another."""
    best: dict[str, float] = {}
    doubled = 0
    for one in header.guesses:
        if one.field:
            doubled += one.field in best and one.field not in MANY
            best[one.field] = max(best.get(one.field, 0.0), one.score)
    return round(sum(best.values()) - doubled, 6)


def joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two rows of titles as one: a title above several columns belongs to each of them."""
    titles, group = [], ""
    for column in range(max(len(upper), len(lower))):
        above = upper[column] if column < len(upper) else ""
        below = lower[column] if column < len(lower) else ""
        group = above or (group if below else "")
        titles.append(below if below == group or not group else f"{group} {below}".strip())
    return titles


def remembered(memory: Memory, titles: Sequence[str], chosen: Sequence[str | None]) -> dict[str, str]:
    """The memory with what a person chose for these titles; None: that column is left out."""
    return dict(memory) | {key(title): field or "" for title, field in zip(titles, chosen, strict=True) if key(title)}
