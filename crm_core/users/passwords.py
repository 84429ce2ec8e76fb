"""argon2id behind two functions. Hashing takes tens of milliseconds, so it runs in a thread."""

import asyncio
import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()  # argon2id with the library's current parameters
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper


async def hashed(password: str) -> str:
    """What is stored."""
    return await asyncio.to_thread(HASHER.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """None stands for an account that does not exist: as slow as a real one, and False."""
    return await asyncio.to_thread(_verify, password_hash, password)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        HASHER.verify(password_hash or _nobody(), password)
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
