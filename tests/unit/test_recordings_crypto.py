"""What lies on the disk of the hospital can be opened only whole, unchanged and with its key."""

import io
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.kernel.crypto import (
    CHUNK_BYTES,
    FileKey,
    MasterKey,
    SealReader,
    SealWriter,
    TamperedError,
    new_file_key,
    unwrap_key,
    wrap_key,
)

pytestmark = pytest.mark.unit

KEY = FileKey(bytes(range(32)))
HEADER_BYTES = 17
AUDIO = bytes(i * 7 % 251 for i in range(CHUNK_BYTES * 2 + 1000))


def sealed(plain: bytes, key: FileKey = KEY, *, piece: int = 30_000) -> bytes:
    target = io.BytesIO()
    writer = SealWriter(target, key, plain_bytes=len(plain))
    for start in range(0, len(plain), piece):
        writer.write(plain[start : start + piece])
    writer.finish()
    return target.getvalue()


SEALED = sealed(AUDIO)


@given(st.binary(max_size=500), st.integers(1, 200))
def test_what_was_sealed_opens_again(plain: bytes, piece: int) -> None:
    assert SealReader(io.BytesIO(sealed(plain, piece=piece)), KEY).read() == plain


@given(st.integers(0, len(AUDIO) + 10), st.integers(0, len(AUDIO) + 10))
def test_any_range_opens_without_the_rest(start: int, end: int) -> None:
    assert SealReader(io.BytesIO(SEALED), KEY).read(start, end) == AUDIO[start:end]


@settings(max_examples=60)
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(position: int, change: int) -> None:
    changed = bytearray(SEALED)
    changed[position] ^= change
    with pytest.raises(TamperedError):
        SealReader(io.BytesIO(bytes(changed)), KEY).read()


@given(st.integers(0, len(SEALED) - 1))
def test_a_shortened_file_is_noticed(length: int) -> None:
    with pytest.raises(TamperedError):
        SealReader(io.BytesIO(SEALED[:length]), KEY).read()


def test_whole_chunks_cannot_be_cut_off_though_the_header_is_made_to_agree() -> None:
    shorter = SEALED[:9] + CHUNK_BYTES.to_bytes(8, "big") + SEALED[HEADER_BYTES : HEADER_BYTES + CHUNK_BYTES + 16]
    reader = SealReader(io.BytesIO(shorter), KEY)
    assert reader.plain_bytes == CHUNK_BYTES
    with pytest.raises(TamperedError):
        reader.read()


def test_two_chunks_cannot_change_places() -> None:
    step = CHUNK_BYTES + 16
    first, second = SEALED[HEADER_BYTES : HEADER_BYTES + step], SEALED[HEADER_BYTES + step : HEADER_BYTES + 2 * step]
    swapped = SEALED[:HEADER_BYTES] + second + first + SEALED[HEADER_BYTES + 2 * step :]
    with pytest.raises(TamperedError):
        SealReader(io.BytesIO(swapped), KEY).read(0, 10)


def test_a_file_of_another_recording_does_not_open() -> None:
    with pytest.raises(TamperedError):
        SealReader(io.BytesIO(SEALED), new_file_key()).read(0, 1)


def test_nothing_of_the_audio_can_be_read_from_the_disk() -> None:
    speech = b"RIFF" + b"the patient says" * 1000
    assert b"the patient" not in sealed(speech)


@pytest.mark.parametrize("announced", [9, 11])
def test_a_stream_of_another_length_than_announced_is_refused(announced: int) -> None:
    writer = SealWriter(io.BytesIO(), KEY, plain_bytes=announced)

    def seal() -> None:
        writer.write(b"0123456789")
        writer.finish()

    with pytest.raises(ValueError, match="plain bytes than announced"):
        seal()


def test_a_file_cannot_be_made_to_look_empty() -> None:
    emptied = SEALED[:9] + bytes(8) + SEALED[HEADER_BYTES:]
    with pytest.raises(TamperedError):
        SealReader(io.BytesIO(emptied), KEY).read()


def test_a_file_key_unwraps_only_for_its_own_recording_and_hospital() -> None:
    master = MasterKey(secrets.token_bytes(32))
    wrapped = wrap_key(master, KEY, owner=b"recording 1")
    assert unwrap_key(master, wrapped, owner=b"recording 1") == KEY
    assert bytes(KEY) not in bytes(wrapped)
    for master_key, bytes_, owner in (
        (MasterKey(secrets.token_bytes(32)), wrapped, b"recording 1"),
        (master, wrapped, b"recording 2"),
        (master, wrapped[:-1], b"recording 1"),
        (master, b"", b"recording 1"),
    ):
        with pytest.raises(TamperedError):
            unwrap_key(master_key, bytes_, owner=owner)


def test_a_master_key_shows_itself_to_nobody() -> None:
    assert "k" * 8 not in repr(MasterKey(b"k" * 32))
    with pytest.raises(ValueError, match="master key"):
        MasterKey(b"k" * 31)
