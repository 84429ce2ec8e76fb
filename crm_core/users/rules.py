"""Logins, passwords, desks, who may be closed: what is allowed. Pure."""

import re
from collections.abc import Collection, Iterable

from zxcvbn import zxcvbn

from crm_core.kernel.actor import Role
from crm_core.kernel.errors import InvalidInputError
from crm_core.users.errors import NoDeskLeftError, WeakPasswordError
from crm_core.users.rights import Right, allows

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200  # hashing must not become a way to keep us busy
LONGEST_NAME = 100
LOCALES = ("zh_CN", "en")
DESKS = tuple(f"desk-{number:02}" for number in range(1, 41))
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_LOOKED_AT = 72  # characters; what is longer was not typed from a list
_UNGUESSABLE = 3  # of zxcvbn's 0 to 4: more than a hundred million guesses
_SHORTEST_WORD = 3  # of a name: two letters are in every other password


def checked_login(text: str) -> str:
    """Lower case. Raises InvalidInputError."""
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise InvalidInputError("a login has 2 to 40 letters a-z, digits, dots, dashes", field="login")
    return login


def checked_name(text: str, login: str) -> str:
    """What others see; without one, the login. Raises InvalidInputError."""
    name = text.strip() or login
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInputError("a name has at most 100 characters", field="name")
    return name


def checked_locale(text: str) -> str:
    """A language of the pages. Raises InvalidInputError."""
    if text not in LOCALES:
        raise InvalidInputError("no such language", field="locale")
    return text


def checked_role(text: Role | str) -> Role:
    """Raises InvalidInputError."""
    try:
        return Role(text)
    except ValueError:
        raise InvalidInputError("no such role", field="role") from None


def checked_scopes(role: Role, scopes: Collection[str] | None) -> frozenset[str] | None:
    """Some of the role's rights; None stays all of them. Raises InvalidInputError."""
    if scopes is None:
        return None
    known = {right for right in Right if allows(role, right)}
    if not scopes or not set(scopes) <= known:
        raise InvalidInputError("scopes are rights of the role, at least one", field="scopes")
    return frozenset(Right(scope) for scope in scopes)


def ensure_strong(password: str, *, login: str, about: Iterable[str] = ()) -> None:
    """Long enough, not what guessers begin with, not about the person or place. Raises WeakPasswordError."""
    words = [word.lower() for word in (login, *about) if len(word) >= _SHORTEST_WORD]
    is_right_length = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    if not is_right_length or any(word in password.lower() for word in words):
        raise WeakPasswordError("too short or about the person or the hospital", field="password")
    if len(password) <= _LOOKED_AT and zxcvbn(password, user_inputs=words)["score"] < _UNGUESSABLE:
        raise WeakPasswordError("easily guessed", field="password")


def needs_factor(role: Role, required: Collection[str]) -> bool:
    """Whether this role may not go without a second factor."""
    return role.value in required


def next_desk(taken: Iterable[str], former: str | None = None) -> str:
    """The one that was theirs, else the first nobody has. Raises NoDeskLeftError."""
    used = set(taken)
    for desk in (former, *DESKS) if former else DESKS:
        if desk not in used:
            return desk
    raise NoDeskLeftError("all desks are taken")
