"""`hcrm backup`: database, recordings, secrets, while the hospital works on."""

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from recordings.vault import make_private
from server.backup import database, manifest
from server.backup.manifest import Manifest
from server.config import Config
from server.secret_store import load_or_make
from telephony.provision.errors import ProvisionError

Say = Callable[[str], None]
Progress = Callable[[int, int], None]

UNFINISHED = ".partial"


def make(config: Config, target: Path, *, now: datetime, with_secrets: bool, say: Say, on_file: Progress) -> Path:
    """A new folder in `target`; one that broke off is named .partial and no backup. Raises ProvisionError.

    The database is copied first: whatever it names is then older than the copy of the recordings. Sealed recordings
    never change, so those of the backup before are linked, not copied, where the file system can.
    """
    target.mkdir(parents=True, exist_ok=True)
    folder = target / (manifest.folder_name(now) + UNFINISHED)
    folder.mkdir(mode=0o700)
    before = newest(target)
    with database.reachable(config, load_or_make(config.places.secrets)) as url:
        say("database ...")
        database.dump(config, url, folder / manifest.DATABASE)
        revision, named = database.revision(url), database.recordings(url)
    say(f"{len(named)} recordings ...")
    sizes = _recordings(config.places.recordings, folder / manifest.RECORDINGS, named, before, on_file)
    kept = [manifest.DATABASE, *([manifest.SECRETS] if with_secrets else [])]
    if with_secrets:
        _copy(config.places.secrets, folder / manifest.SECRETS)
    made = Manifest(
        format=manifest.FORMAT,
        made_at=now.isoformat(),
        schema=revision,
        sums={name: manifest.sum_of(folder / name) for name in kept},
        recordings=sizes,
        missing=tuple(path for path in named if path not in sizes),
    )
    manifest.write(folder, made)
    return _finish(folder)


def newest(target: Path) -> Path | None:
    """The last whole backup there."""
    whole = [path.parent for path in target.glob(f"hcrm-*/{manifest.NAME}") if path.parent.suffix != UNFINISHED]
    return max(whole, default=None)


def _recordings(
    source: Path, target: Path, named: Iterable[str], before: Path | None, on_file: Progress
) -> dict[str, int]:
    """Sizes by path, of those that are there: retention may have taken one away in this minute."""
    paths, sizes = list(named), dict[str, int]()
    for done, path in enumerate(paths, 1):
        if (source / path).is_file():
            make_private((target / path).parent, below=target)
            sizes[path] = _keep(source / path, target / path, before / manifest.RECORDINGS / path if before else None)
        on_file(done, len(paths))
    return sizes


def _keep(source: Path, target: Path, older: Path | None) -> int:
    size = source.stat().st_size
    if older is not None and older.is_file() and older.stat().st_size == size and _linked(older, target):
        return size
    _copy(source, target)
    return size


def _linked(older: Path, target: Path) -> bool:
    try:
        os.link(older, target)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    """Readable by its owner only, and on the disk for good."""
    try:
        with source.open("rb") as read, open(target, "xb", opener=_private) as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            os.fsync(write.fileno())
    except OSError as error:
        raise ProvisionError(f"{target} cannot be written: {error.strerror}", mend="Free some disk space.") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _finish(folder: Path) -> Path:
    final = folder.with_name(folder.name.removesuffix(UNFINISHED))
    folder.rename(final)
    return final
