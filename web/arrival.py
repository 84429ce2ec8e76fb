"""How a request reached us: from whose address, and whether by https. Only proxies of ours are believed."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from aiohttp import web

from web.deps import DEPS

LOCAL = ("127.0.0.0/8", "::1")


def is_one_of(address: str, networks: Sequence[str]) -> bool:
    """Whether this address lies in one of the networks; what is no address lies in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(network) for network in networks)


def client_of(peer: str, forwarded_for: str, trusted: Sequence[str]) -> str:
    """The nearest address that is no proxy of ours. X-Forwarded-For is read from its end: the beginning is hearsay."""
    found = peer
    for hop in reversed([hop.strip() for hop in forwarded_for.split(",")]):
        if not is_one_of(found, trusted) or not is_one_of(hop, ("0.0.0.0/0", "::/0")):
            break
        found = hop
    return found


def came_by_https(scheme: str, peer: str, forwarded_proto: str, trusted: Sequence[str]) -> bool:
    """By our own TLS, or by that of a proxy of ours, which says so."""
    if scheme == "https":
        return True
    return is_one_of(peer, trusted) and forwarded_proto.rpartition(",")[2].strip().lower() == "https"


def is_clear_text(request: web.Request) -> bool:
    """Whether it crossed a network readable, though this hospital has https. A program on this machine did not."""
    settings = request.app[DEPS].settings
    if not settings.is_secure:
        return False
    peer, proto = request.remote or "", request.headers.get("X-Forwarded-Proto", "")
    stayed_here = is_one_of(peer, LOCAL) and not proto
    return not stayed_here and not came_by_https(request.scheme, peer, proto, settings.trusted_proxies)


def client_address(request: web.Request) -> str:
    """Who asks, for throttles and the audit."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return client_of(request.remote or "", forwarded, request.app[DEPS].settings.trusted_proxies)
