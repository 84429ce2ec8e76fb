"""argon2id behind two functions, in two threads of its own: whoever tries passwords takes no other work's time."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.users.errors import BusyError

THREADS = 2
LONGEST_QUEUE = 20  # a second or two of work
BUSY_WAIT_S = 2.0
HASHER = PasswordHasher()  # argon2id with the library's current parameters
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper
T = TypeVar("T")


class Hashing:
    """So many threads, and so many people in front of them; one more is told to come again."""

    def __init__(self, threads: int = THREADS, longest_queue: int = LONGEST_QUEUE) -> None:
        self._threads = ThreadPoolExecutor(threads, "argon2")
        self._places = BoundedSemaphore(longest_queue)

    async def run(self, work: Callable[[], T]) -> T:
        """Raises BusyError."""
        if not self._places.acquire(blocking=False):
            raise BusyError("too many passwords wait to be checked", wait_s=BUSY_WAIT_S)
        done = self._threads.submit(work)
        done.add_done_callback(lambda _: self._places.release())  # also of one whom nobody waits for any more
        return await asyncio.wrap_future(done)


_hashing = Hashing()


async def hashed(password: str) -> str:
    """What is stored. Raises BusyError."""
    return await _hashing.run(lambda: HASHER.hash(password))


async def matches(password_hash: str | None, password: str) -> bool:
    """None stands for an account that does not exist: as slow as a real one, and False. Raises BusyError."""
    return await _hashing.run(lambda: _verify(password_hash, password))


def _verify(password_hash: str | None, password: str) -> bool:
    nobody = _nobody()
    try:
        HASHER.verify(password_hash or nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobody() -> str:
    return HASHER.hash(secrets.token_hex(16))


def generated_password() -> str:
    """77 bits, easy to read from a screen: four groups of four."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def new_token() -> str:
    """256 random bits for a cookie or a program."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> bytes:
    """What is stored of a token. Unsalted on purpose: a random token cannot be guessed from its hash."""
    return hashlib.sha256(token.encode()).digest()
