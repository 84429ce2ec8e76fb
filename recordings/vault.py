"""Where sealed audio lies: one file per recording in a folder per day, readable by the server's own user only."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crm_core.kernel.crypto import MasterKey, SealReader, TamperedError, new_file_key, unwrap_key, wrap_key
from crm_core.kernel.ids import RecordingId
from recordings.files import Sealed, Track, seal
from recordings.model import Recording

SUFFIX = ".sealed"
UNFINISHED = ".part"
RECENT_DAYS = 3  # where a crash can have left a file that no row knows


@dataclass(frozen=True, slots=True)
class Kept:
    """A sealed file that is on the disk for good; its key is wrapped for this recording."""

    path: str
    key: bytes = field(repr=False)
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class Vault:
    """The recordings folder and the hospital's key."""

    folder: Path
    master: MasterKey

    def keep(self, recording_id: RecordingId, tracks: Sequence[Track | None], at: datetime) -> Kept:
        """Seal to disk and sync; a crash leaves at most a file that `strays` names. Blocking."""
        path = f"{at:%Y/%m/%d}/{recording_id}{SUFFIX}"
        final = self.folder / path
        make_private(final.parent, below=self.folder)
        partial = final.with_suffix(UNFINISHED)
        key = new_file_key()
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            sealed = seal(tracks, file, key)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
        _sync_folder(final.parent)
        return Kept(path, wrap_key(self.master, key, owner=recording_id.bytes), sealed)

    def pieces(self, recording: Recording, start: int, end: int) -> Iterator[bytes]:
        """Verified plain bytes of the wav. Raises TamperedError, FileNotFoundError. Blocking."""
        key = unwrap_key(self.master, recording.key, owner=recording.id.bytes)
        with (self.folder / recording.path).open("rb") as file:
            reader = SealReader(file, key)
            if reader.plain_bytes != recording.size_bytes:
                raise TamperedError("not the file that was stored")
            yield from reader.pieces(start, end)

    def discard(self, path: str) -> None:
        """Remove a file that no row knows any more."""
        (self.folder / path).unlink(missing_ok=True)

    def recent_paths(self) -> list[str]:
        """Finished and unfinished files of the newest day folders: all that a crash can have left unknown."""
        days = sorted(self.folder.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"))[-RECENT_DAYS:]
        found = [file for day in days for file in day.iterdir() if file.suffix in (SUFFIX, UNFINISHED)]
        return sorted(str(file.relative_to(self.folder)) for file in found)

    def age_s(self, path: str, *, now: datetime) -> float:
        """Seconds since the file was last written; infinite when it is gone."""
        try:
            return now.timestamp() - (self.folder / path).stat().st_mtime
        except FileNotFoundError:
            return float("inf")


def make_private(folder: Path, *, below: Path) -> None:
    """The folder and all above it, up to `below`, for their owner only."""
    missing = [path for path in (folder, *folder.parents) if path == below or below in path.parents]
    for path in reversed(missing):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    below.chmod(0o700)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
