"""Ports for what a test starts: a row that nobody has, kept from every other test run until it is given back.

A port that was only looked at is somebody else's a moment later. Rows therefore lie below the ports that the system
hands out by itself, and each is locked by a file while it is used.
"""

import fcntl
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LENGTH = 500
FIRST = 10_000
SYSTEMS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")


@contextmanager
def row(count: int = LENGTH) -> Iterator[int]:
    """The first of `count` ports in a row, free for UDP and TCP, until the block ends."""
    assert count <= LENGTH
    rows = list(range(FIRST, int(SYSTEMS_OWN.read_text().split()[0]) - LENGTH + 1, LENGTH))
    random.SystemRandom().shuffle(rows)  # never the seeded one: all workers would begin at the same row
    for first in rows:
        with (Path(tempfile.gettempdir()) / f"hcrm-test-ports-{first}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if are_free(first, count):
                yield first
                return
    raise AssertionError("no free ports")


def are_free(first: int, count: int) -> bool:
    """Nobody uses any of them now."""
    return all(_is_free(port) for port in range(first, first + count))


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as sock:
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
