"""Secrets that must be read again, sealed with a key that does not lie in the database beside them."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_core.kernel.crypto import MasterKey, TamperedError

_NONCE_BYTES = 12


def seal(key: MasterKey, plain: bytes, *, owner: bytes) -> bytes:
    """`owner` (a row's id) must be given again to open it."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key.secret).encrypt(nonce, plain, owner)


def unseal(key: MasterKey, sealed: bytes, *, owner: bytes) -> bytes:
    """Raises TamperedError for another key, another owner or a changed byte."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key.secret).decrypt(nonce, rest, owner)
    except (InvalidTag, ValueError):
        raise TamperedError("a secret does not open") from None
