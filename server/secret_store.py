"""Secrets of this hospital: generated at first start, kept in one file that only its owner can read."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_core.kernel.errors import HcrmError
from telephony.names import DESKS, HANDSET_PREFIX

HANDSETS = tuple(f"{HANDSET_PREFIX}{number:02d}" for number in range(1, 9))
KEY_BYTES = 32
KEYS = ("recordings_key", "factor_key")
OWNER_ONLY = 0o600


class SecretsError(HcrmError):
    """The file of secrets is damaged or open to others; nothing is replaced by itself, recordings would be lost."""

    code = "secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """All of them; none has a default."""

    ami: str = field(repr=False)
    postgres: str = field(repr=False)  # of the owner, who migrates
    postgres_app: str = field(repr=False)  # of the role that serves
    recordings_key: bytes = field(repr=False)
    factor_key: bytes = field(repr=False)  # seals the secrets of second factors in the database
    desks: Mapping[str, str] = field(repr=False)  # SIP endpoint -> password
    handsets: Mapping[str, str] = field(repr=False)


def _word() -> str:
    return secrets.token_urlsafe(24)


MAKE: Mapping[str, Callable[[], Any]] = {
    "ami": _word,
    "postgres": _word,
    "postgres_app": _word,
    **{name: lambda: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in KEYS},
    "desks": lambda: {desk: _word() for desk in DESKS},
    "handsets": lambda: {handset: _word() for handset in HANDSETS},
}


def load_or_make(path: Path) -> Secrets:
    """Read the file, adding secrets that a newer release needs. Raises SecretsError when it cannot be trusted."""
    found = _read(path)
    made = {name: make() for name, make in MAKE.items() if name not in found}
    if made:
        found |= made
        _write(path, found)
    values: dict[str, Any] = {name: _key(name, found[name]) if name in KEYS else found[name] for name in MAKE}
    return Secrets(**values)


def _key(name: str, text: str) -> bytes:
    key = base64.b64decode(text)
    if len(key) != KEY_BYTES:
        raise SecretsError(f"{name} is damaged; restore secrets.json from the backup")
    return key


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_mode & 0o077:
            raise SecretsError(f"{path} can be read by others; chmod 600 it")
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise SecretsError(f"{path} is damaged; restore it from the backup, recordings need it") from None
    if not isinstance(found, dict):
        raise SecretsError(f"{path} is damaged; restore it from the backup, recordings need it")
    return found


def _write(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
        json.dump(values, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
