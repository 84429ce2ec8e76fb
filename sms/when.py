"""Times as patients write them: 周三上午, 明天下午3点, 12月1号, tomorrow. No clock: today is an argument."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = (("大后天", 3), ("后天", 2), ("明天", 1), ("明日", 1), ("今天", 0), ("今日", 0), ("tomorrow", 1), ("today", 0))
_PARTS = (
    (("上午", "早上", "早晨", "清晨", "morning"), time(0), time(12)),
    (("下午", "午后", "afternoon"), time(12), time(18)),
    (("中午", "noon"), time(11), time(14)),
    (("晚上", "傍晚", "晚间", "evening"), time(17), time(23, 59)),
)
_WEEKDAY = re.compile(r"(下下|下|这|本)?(?:周|星期|礼拜)([一二三四五六日天末])")
_DATE = re.compile(r"(?:(\d{4})[年/-])?(\d{1,2})(?:月|[/-])(\d{1,2})[号日]?")
_DAY = re.compile(r"(?<!\d)(\d{1,2})[号日]")
_CLOCK = re.compile(r"(\d{1,2})(?:[:：](\d{2})|点(半|一刻|三刻|(\d{1,2})分?)?)")
_MINUTES = {"半": 30, "一刻": 15, "三刻": 45}
_NUMERALS = str.maketrans({"两": "2", "零": "0"})
_CHINESE_HOUR = re.compile(r"(十[一二]?|[一二三四五六七八九])(?=点)")
_HOURS = {
    char: hour
    for hour, char in enumerate(("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"), 1)
}


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when somebody would like to come; both aware, the end not included."""

    start: datetime
    end: datetime


def wished_window(text: str, now: datetime) -> Window | None:
    """The time named in a plain text; None when there is none, or it is over. `now` in the hospital's zone.

    A day without an hour is the whole day, an hour without a day the next such day, "3点" in office hours.
    """
    text = _CHINESE_HOUR.sub(lambda match: str(_HOURS[match[1]]), text.translate(_NUMERALS))
    day = _day(text, now.date())
    part = _part(text)
    clock = _clock(text, part)
    if day is None and part is None and clock is None:
        return None
    start, end = _hours(part, clock)
    if day is None:
        day = now.date() if datetime.combine(now.date(), end, now.tzinfo) > now else now.date() + timedelta(days=1)
    window = Window(datetime.combine(day, start, now.tzinfo), datetime.combine(day, end, now.tzinfo))
    if window.end <= now:
        return None
    return Window(max(window.start, now), window.end)


def _hours(part: tuple[time, time] | None, clock: time | None) -> tuple[time, time]:
    """An hour means that half hour and what follows it, up to the end of its half of the day."""
    if clock is not None:
        return clock, (part[1] if part else time(12) if clock < time(12) else time(23, 59))
    return part or (time(0), time(23, 59))


def _day(text: str, today: date) -> date | None:
    for word, days in _DAYS:
        if word in text:
            return today + timedelta(days=days)
    if match := _WEEKDAY.search(text):
        return _weekday(today, _WEEKDAYS[match[2]], match[1] or "")
    for number, name in enumerate(_ENGLISH):
        if re.search(rf"\b{name}", text):
            return _weekday(today, number, "下" if "next" in text else "")
    return _date(text, today)


def _weekday(today: date, weekday: int, which: str) -> date:
    """ "周三" is the next Wednesday, today included; "下周三" the one of next week."""
    monday = today - timedelta(days=today.weekday())
    if which in ("下", "下下"):
        return monday + timedelta(days=7 * len(which) + weekday)
    found = monday + timedelta(days=weekday)
    return found if found >= today else found + timedelta(days=7)


def _date(text: str, today: date) -> date | None:
    if match := _DATE.search(text):
        year = int(match[1]) if match[1] else today.year
        found = _valid(year, int(match[2]), int(match[3]))
        if found and not match[1] and found < today:
            found = _valid(year + 1, int(match[2]), int(match[3]))
        return found
    if match := _DAY.search(text):
        found = _valid(today.year, today.month, int(match[1]))
        if found is None or found < today:
            following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            found = _valid(following.year, following.month, int(match[1]))
        return found
    return None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _part(text: str) -> tuple[time, time] | None:
    return next(((start, end) for words, start, end in _PARTS if any(word in text for word in words)), None)


def _clock(text: str, part: tuple[time, time] | None) -> time | None:
    match = _CLOCK.search(text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or match[4] or _MINUTES.get(match[3] or "", 0))
    is_late = part is not None and part[0] >= time(12)
    if hour < 12 and (is_late or (part is None and 1 <= hour <= 6)):
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None
