"""Times as patients write them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import reading
from sms.when import wished_window

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)  # a Monday


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("明天", "11-24 00:00", "11-24 23:59"),
        ("后天上午", "11-25 00:00", "11-25 12:00"),
        ("大后天", "11-26 00:00", "11-26 23:59"),
        ("今天下午", "11-23 12:00", "11-23 18:00"),
        ("今天", "11-23 10:00", "11-23 23:59"),
        ("周三上午", "11-25 00:00", "11-25 12:00"),
        ("週三上午", "11-25 00:00", "11-25 12:00"),
        ("星期三下午", "11-25 12:00", "11-25 18:00"),
        ("礼拜天", "11-29 00:00", "11-29 23:59"),
        ("周一", "11-23 10:00", "11-23 23:59"),
        ("下周一", "11-30 00:00", "11-30 23:59"),
        ("下下周二", "12-08 00:00", "12-08 23:59"),
        ("明天下午3点", "11-24 15:00", "11-24 18:00"),
        ("明天下午３点半", "11-24 15:30", "11-24 18:00"),
        ("明天3点", "11-24 15:00", "11-24 23:59"),
        ("明天九点", "11-24 09:00", "11-24 12:00"),
        ("明天十点一刻", "11-24 10:15", "11-24 12:00"),
        ("明天14:30", "11-24 14:30", "11-24 23:59"),
        ("12月1号", "12-01 00:00", "12-01 23:59"),
        ("12月1日上午", "12-01 00:00", "12-01 12:00"),
        ("12/1", "12-01 00:00", "12-01 23:59"),
        ("28号", "11-28 00:00", "11-28 23:59"),
        ("下午", "11-23 12:00", "11-23 18:00"),
        ("上午", "11-23 10:00", "11-23 12:00"),
        ("tomorrow morning", "11-24 00:00", "11-24 12:00"),
        ("next friday afternoon", "12-04 12:00", "12-04 18:00"),
        ("wed", "11-25 00:00", "11-25 23:59"),
    ],
)
def test_a_wish_becomes_a_window(text: str, start: str, end: str) -> None:
    window = wished_window(reading.plain(text), NOW)
    assert window is not None
    assert (f"{window.start:%m-%d %H:%M}", f"{window.end:%m-%d %H:%M}") == (start, end)


@pytest.mark.parametrize("text", ["", "内科", "1", "谢谢", "2月30号", "25点", "今天上午9:00-", "好的"])
def test_what_is_no_time_or_over_is_no_wish(text: str) -> None:
    window = wished_window(reading.plain(text), NOW + timedelta(hours=4))
    assert window is None


def test_a_day_of_this_month_that_is_over_is_next_months() -> None:
    window = wished_window("3号", NOW)
    assert window is not None
    assert f"{window.start:%Y-%m-%d}" == "2026-12-03"


def test_a_date_of_this_year_that_is_over_is_next_years() -> None:
    window = wished_window("1月5号", NOW)
    assert window is not None
    assert f"{window.start:%Y-%m-%d}" == "2027-01-05"


@given(st.text(max_size=30), st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)))  # noqa: DTZ001
def test_no_text_breaks_the_reading_of_times(text: str, now: datetime) -> None:
    window = wished_window(reading.plain(text), now.replace(tzinfo=ZONE))
    assert window is None or window.start < window.end


@given(
    st.lists(st.sampled_from("一二三四五六日天末十0123456789月号日点半刻分周下星期礼拜上午明后大年-/:："), max_size=12),
)
def test_no_jumble_of_time_words_breaks_it(words: list[str]) -> None:
    wished_window("".join(words), NOW)
