"""How a request reached us, told from what proxies of ours say and from nothing that a stranger says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.arrival import LOCAL, came_by_https, client_of, is_one_of

pytestmark = pytest.mark.unit

PROXY = ("10.0.0.5", "192.168.1.0/24")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),  # no proxy of ours: what it says is hearsay
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "1.2.3.4, 203.0.113.9", "203.0.113.9"),  # the beginning is what the client itself sent
        ("10.0.0.5", "203.0.113.9, 192.168.1.7", "203.0.113.9"),  # two proxies of ours
        ("10.0.0.5", "unknown", "10.0.0.5"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(peer: str, forwarded: str, client: str) -> None:
    assert client_of(peer, forwarded, PROXY) == client


@given(st.text(max_size=200))
def test_a_stranger_chooses_no_address_for_himself(said: str) -> None:
    assert client_of("203.0.113.9", said, PROXY) == "203.0.113.9"


@pytest.mark.parametrize(
    ("scheme", "peer", "proto", "encrypted"),
    [
        ("https", "203.0.113.9", "", True),
        ("http", "203.0.113.9", "https", False),  # said by a stranger
        ("http", "10.0.0.5", "https", True),
        ("http", "10.0.0.5", "https, http", False),  # the nearest proxy decides
        ("http", "10.0.0.5", "", False),
    ],
)
def test_https_is_our_own_or_that_of_a_proxy_of_ours(scheme: str, peer: str, proto: str, encrypted: bool) -> None:
    assert came_by_https(scheme, peer, proto, PROXY) is encrypted


def test_this_machine_is_known_by_both_families_of_addresses() -> None:
    assert is_one_of("127.3.2.1", LOCAL)
    assert is_one_of("::1", LOCAL)
    assert not is_one_of("128.0.0.1", LOCAL)
    assert not is_one_of("", LOCAL)
