"""Logins, passwords, lockout, desks: what is allowed. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from crm_core.kernel.errors import InvalidInputError
from crm_core.users.errors import NoDeskLeftError, WeakPasswordError

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200  # hashing must not become a way to keep us busy
FAILURES_BEFORE_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)
DESKS = tuple(f"desk-{number:02}" for number in range(1, 41))
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


def checked_login(text: str) -> str:
    """Lower case. Raises InvalidInputError."""
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise InvalidInputError("a login has 2 to 40 letters a-z, digits, dots, dashes", field="login")
    return login


def ensure_strong(password: str, *, login: str) -> None:
    """Raises WeakPasswordError."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or login in password.lower():
        raise WeakPasswordError(f"at least {SHORTEST_PASSWORD} characters, without the login", field="password")


def locked_until(failures: int, now: datetime) -> datetime | None:
    """After this many wrong passwords in a row; every further one locks again."""
    return now + LOCKED_FOR if failures >= FAILURES_BEFORE_LOCK else None


def next_desk(taken: Iterable[str]) -> str:
    """The first nobody has. Raises NoDeskLeftError."""
    used = set(taken)
    for desk in DESKS:
        if desk not in used:
            return desk
    raise NoDeskLeftError("all desks are taken")
