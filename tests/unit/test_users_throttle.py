"""How fast somebody may try."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.users.throttle import Limit, given_back, neighbourhood, taken
from web.arrival import client_of
from web.browsers import name_of
from web.limits import MOST_BUCKETS, Limiter

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
SLOW = Limit(3, timedelta(seconds=10))


def test_so_many_at_once_then_one_by_one() -> None:
    state: datetime | None = None
    waits = []
    for after_s in (0, 0, 0, 0, 4, 10, 10, 40, 40, 40, 40):
        state, wait_s = taken(state, NOON + timedelta(seconds=after_s), SLOW)
        waits.append(wait_s)
    assert waits == [0, 0, 0, 10, 6, 0, 10, 0, 0, 0, 10]


def test_who_is_refused_waits_no_longer_for_having_asked() -> None:
    state: datetime | None = None
    for _ in range(50):
        state, _wait = taken(state, NOON, SLOW)
    assert taken(state, NOON + timedelta(seconds=10), SLOW)[1] == 0


def test_a_right_password_gives_its_try_back() -> None:
    state: datetime | None = None
    for _ in range(50):
        state, wait_s = taken(state, NOON, SLOW)
        assert wait_s == 0
        state = given_back(state, SLOW)


@given(st.lists(st.integers(0, 120), max_size=60))
def test_never_more_than_the_burst_and_what_the_time_brings(pauses: list[int]) -> None:
    state, now, let_in = None, NOON, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        state, wait_s = taken(state, now, SLOW)
        let_in += not wait_s
    assert let_in <= SLOW.burst + (now - NOON) / SLOW.every


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_whoever_has_a_whole_network_is_counted_once(address: str, counted_as: str) -> None:
    assert neighbourhood(address) == counted_as


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("10.0.0.9", "", "10.0.0.9"),
        ("10.0.0.9", "1.2.3.4", "10.0.0.9"),  # not a proxy of ours: hearsay
        ("127.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # what the browser itself claimed is not read
        ("127.0.0.1", "1.2.3.4, 127.0.0.1", "1.2.3.4"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
    ],
)
def test_only_our_own_proxy_says_where_a_request_comes_from(peer: str, forwarded: str, found: str) -> None:
    assert client_of(peer, forwarded, ("127.0.0.1",)) == found


def test_strangers_without_number_do_not_fill_the_memory() -> None:
    limiter = Limiter()
    for number in range(MOST_BUCKETS * 2 + 10):
        limiter.take(str(number), SLOW, NOON)
    assert len(limiter._full_at) <= MOST_BUCKETS


def test_a_flood_is_news_once_a_minute() -> None:
    limiter = Limiter()
    moments = [NOON + timedelta(seconds=second) for second in (0, 1, 59, 60, 61)]
    assert [limiter.is_news("x", moment) for moment in moments] == [True, False, False, True, False]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
            "Safari/537.36 Edg/141.0.0.0",
            "Edge 141, Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140, Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari 18, iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "?"),
    ],
)
def test_a_browser_is_named_in_words_its_owner_knows(agent: str, name: str) -> None:
    assert name_of(agent) == name
