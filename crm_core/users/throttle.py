"""How fast somebody may try: a bucket of tries that fills up again, at the door and for requests. Pure.

A bucket's whole state is the moment at which it will be full; one that is full need not be remembered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

IPV6_HOME = 64  # bits: whoever has one address of such a net has all


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, then one more `every`."""

    burst: int
    every: timedelta


GUESSES = Limit(5, timedelta(minutes=1))  # of one login's password from one address
DOOR = Limit(60, timedelta(seconds=10))  # of any password from one address: a ward behind one proxy begins its shift
PROOFS = Limit(5, timedelta(minutes=2))  # of one person's code, or of their password once they are inside
STRANGER = Limit(500, timedelta(seconds=1) / 50)  # requests of one address without a session or a token
KNOCKS = Limit(60, timedelta(seconds=1))  # logins of one address, before anything is asked of the database
KNOWN = Limit(1000, timedelta(seconds=1) / 200)  # requests of one session or token


def taken(full_at: datetime | None, now: datetime, limit: Limit) -> tuple[datetime, float]:
    """One try out of the bucket: its new state, and 0; or as it was, and the seconds until the next try."""
    start = max(full_at, now) if full_at else now
    wait = start - now - limit.every * (limit.burst - 1)
    if wait > timedelta(0):
        return start, wait.total_seconds()
    return start + limit.every, 0.0


def given_back(full_at: datetime, limit: Limit) -> datetime:
    """After a right password: it was no guess."""
    return full_at - limit.every


def neighbourhood(address: str) -> str:
    """What is counted as one address. What is no address at all is one place too."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, IPV6_HOME), strict=False))
