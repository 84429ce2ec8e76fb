"""Dates, times, numbers and names are read naturally in both languages."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from ivr.prompt import Fragment, compose, fixed_pieces, placeholders
from ivr.wording import en, zh_cn

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 10)
IVR = Path(__file__).parents[2] / "ivr"
SOURCES = "".join(path.read_text("utf-8") for path in IVR.rglob("*.py") if path.parent.name != "wording")


@pytest.mark.parametrize(
    ("day", "mandarin", "english"),
    [
        (date(2026, 11, 22), "十一月二十二日星期日", "Sunday, November 22nd"),
        (date(2026, 11, 10), "今天，十一月十日星期二", "today, Tuesday, November 10th"),
        (date(2026, 11, 11), "明天，十一月十一日星期三", "tomorrow, Wednesday, November 11th"),
        (date(2026, 11, 12), "后天，十一月十二日星期四", "Thursday, November 12th"),
        (date(2026, 12, 1), "十二月一日星期二", "Tuesday, December 1st"),
        (date(2027, 1, 3), "二零二七年一月三日星期日", "Sunday, January 3rd, 2027"),
        (date(2026, 12, 31), "十二月三十一日星期四", "Thursday, December 31st"),
    ],
)
def test_days(day: date, mandarin: str, english: str) -> None:
    assert zh_cn.day(day, TODAY) == mandarin
    assert en.day(day, TODAY) == english


@pytest.mark.parametrize(
    ("clock", "mandarin", "english"),
    [
        ("09:30", "上午九点半", "nine thirty a.m."),
        ("14:00", "下午两点", "two o'clock p.m."),
        ("08:15", "上午八点一刻", "eight fifteen a.m."),
        ("10:05", "上午十点零五分", "ten oh five a.m."),
        ("16:45", "下午四点四十五分", "four forty five p.m."),
        ("12:00", "中午十二点", "noon"),
        ("12:20", "中午十二点二十分", "twelve twenty p.m."),
        ("00:00", "凌晨十二点", "midnight"),
        ("19:10", "晚上七点十分", "seven ten p.m."),
        ("02:59", "凌晨两点五十九分", "two fifty nine a.m."),
    ],
)
def test_times_of_day(clock: str, mandarin: str, english: str) -> None:
    when = datetime.fromisoformat(f"2026-11-22T{clock}:00+08:00")
    assert zh_cn.clock(when) == mandarin
    assert en.clock(when) == english


def test_numbers_and_keys() -> None:
    assert [zh_cn.number(n) for n in (0, 2, 10, 12, 20, 45, 99)] == [
        "零",
        "二",
        "十",
        "十二",
        "二十",
        "四十五",
        "九十九",
    ]
    assert [en.number(n) for n in (0, 11, 13, 20, 45)] == ["zero", "eleven", "thirteen", "twenty", "forty five"]
    assert (zh_cn.count(2), en.count(2)) == ("两", "two")
    assert [zh_cn.key(key) for key in "0*#"] == ["零", "星号键", "井号键"]
    assert [en.key(key) for key in "1*#"] == ["one", "star", "pound"]


def test_both_languages_have_the_same_phrases_with_the_same_values() -> None:
    assert zh_cn.TEXTS.keys() == en.TEXTS.keys()
    for name, text in zh_cn.TEXTS.items():
        assert placeholders(text) == placeholders(en.TEXTS[name]), name


def test_every_phrase_is_used() -> None:
    counted = re.compile(r"^(no_input|no_match)_[12]$")
    assert [name for name in zh_cn.TEXTS if not counted.match(name) and f'"{name}"' not in SOURCES] == []


def test_a_greeting_without_a_name_still_greets() -> None:
    template = "?{name}，|您好。"
    assert [f.text for f in compose(template, "zh_CN", {"name": "张三丰"})] == ["张三丰，", "您好。"]
    assert [f.text for f in compose(template, "zh_CN", {"name": ""})] == ["您好。"]
    with pytest.raises(KeyError):
        compose(template, "zh_CN", {})


def test_a_piece_is_read_by_the_voice_that_can() -> None:
    assert compose("Hello|{name}.", "en", {"name": "张三丰"}) == (Fragment("Hello", "en"), Fragment("张三丰.", "zh_CN"))
    assert compose("您好，|For English, press nine.", "zh_CN")[1] == Fragment("For English, press nine.", "en")
    assert compose("{name}", "zh_CN", {"name": "𠮷"})[0].voice == "zh_CN"


def test_a_name_cannot_bring_its_own_pieces_or_voices() -> None:
    assert compose("{name}", "en", {"name": "A|?B <break>\n{x}"}) == (Fragment("A  B  break   x", "en"),)


def test_fixed_pieces_are_known_before_anybody_calls() -> None:
    assert [f.text for f in fixed_pieces("?{name}，您好。|欢迎致电|{hospital}。|请按一。", "zh_CN")] == [
        "欢迎致电",
        "请按一。",
    ]
