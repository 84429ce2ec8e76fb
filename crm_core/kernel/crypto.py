"""Encryption at rest: a sealed file is AES-256-GCM in chunks, so that any byte range opens without the rest.

Layout: a 17-byte header (magic, chunk size, plain size), then the chunks, each followed by its 16-byte tag. Every file
has a key of its own, used for this one file only; that is why the chunk's number is a safe nonce. Header and number are
authenticated with each chunk: a changed, swapped, missing or foreign chunk does not open.
"""

import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_core.kernel.errors import HcrmError

FileKey = NewType("FileKey", bytes)  # 32 bytes, opens one file
KEY_BYTES = 32
CHUNK_BYTES = 64 * 1024
MAGIC = b"HCRM1"
_HEADER = struct.Struct(">5sIQ")
_NUMBER = struct.Struct(">IQ")  # 12 bytes: four zeros and the chunk's number
_TAG_BYTES = 16
_NONCE_BYTES = 12


class TamperedError(HcrmError):
    """The file, the wrapped key or the key it is opened with is not the one it was sealed with."""

    code = "tampered"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The hospital's own key, kept in the secrets file. It wraps file keys and encrypts nothing else."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError("a master key has 32 bytes")


def new_file_key() -> FileKey:
    """A fresh random one: one file, one key."""
    return FileKey(secrets.token_bytes(KEY_BYTES))


def wrap_key(master: MasterKey, key: FileKey, *, owner: bytes) -> bytes:
    """The file key as it may lie in the database. `owner` (a row's id) must be given again to unwrap."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(master.secret).encrypt(nonce, key, owner)


def unwrap_key(master: MasterKey, wrapped: bytes, *, owner: bytes) -> FileKey:
    """Raises TamperedError for another master key, another owner or a changed byte."""
    nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return FileKey(AESGCM(master.secret).decrypt(nonce, sealed, owner))
    except (InvalidTag, ValueError):
        raise TamperedError("the file key does not unwrap") from None


class SealWriter:
    """Seals a stream whose plain size is known beforehand. Not usable before `finish`."""

    def __init__(self, target: BinaryIO, key: FileKey, *, plain_bytes: int) -> None:
        self._target = target
        self._gcm = AESGCM(key)
        self._header = _HEADER.pack(MAGIC, CHUNK_BYTES, plain_bytes)
        self._missing = plain_bytes
        self._number = 0
        self._waiting = bytearray()
        target.write(self._header)

    def write(self, data: bytes) -> None:
        """Raises ValueError when more arrives than was announced."""
        if len(data) > self._missing:
            raise ValueError("more plain bytes than announced")
        self._missing -= len(data)
        self._waiting += data
        while len(self._waiting) >= CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]))
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        """Raises ValueError when less arrived than was announced."""
        if self._missing:
            raise ValueError("fewer plain bytes than announced")
        if self._waiting or not self._number:  # an empty stream has one empty chunk: emptiness is authenticated too
            self._seal(bytes(self._waiting))
            self._waiting.clear()

    def _seal(self, chunk: bytes) -> None:
        nonce = _NUMBER.pack(0, self._number)
        self._target.write(self._gcm.encrypt(nonce, chunk, self._header + nonce))
        self._number += 1


class SealReader:
    """Opens any range of a sealed file. Raises TamperedError for what was not sealed with this key."""

    def __init__(self, source: BinaryIO, key: FileKey) -> None:
        self._source = source
        self._gcm = AESGCM(key)
        self._header = source.read(_HEADER.size)
        try:
            magic, self._chunk_bytes, self.plain_bytes = _HEADER.unpack(self._header)
        except struct.error:
            raise TamperedError("not a sealed file") from None
        if magic != MAGIC or not self._chunk_bytes:
            raise TamperedError("not a sealed file")
        if not self.plain_bytes:
            self._open(0)

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Plain bytes `start` up to, not including, `end`; beyond the end there are none."""
        return b"".join(self.pieces(start, end))

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The same in pieces of at most one chunk; a piece is given only after it was verified."""
        stop = self.plain_bytes if end is None else min(end, self.plain_bytes)
        if start < 0:
            raise ValueError("a range starts at 0 or later")
        while start < stop:
            number, skip = divmod(start, self._chunk_bytes)
            chunk = self._open(number)
            piece = chunk[skip : skip + stop - start]
            start += len(piece)
            yield piece

    def _open(self, number: int) -> bytes:
        length = min(self._chunk_bytes, self.plain_bytes - number * self._chunk_bytes) + _TAG_BYTES
        self._source.seek(_HEADER.size + number * (self._chunk_bytes + _TAG_BYTES))
        nonce = _NUMBER.pack(0, number)
        try:
            return self._gcm.decrypt(nonce, self._source.read(length), self._header + nonce)
        except (InvalidTag, ValueError):
            raise TamperedError("a chunk does not open") from None
