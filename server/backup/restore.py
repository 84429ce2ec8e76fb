"""`hcrm restore`: a backup into a home that is empty."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from crm_core.kernel.crypto import MasterKey, SealReader, TamperedError, unwrap_key
from recordings.vault import make_private
from server import postgres
from server.backup import database, manifest
from server.backup.manifest import Manifest
from server.config import Config
from server.secret_store import load_or_make
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import locked_now

Say = Callable[[str], None]
Progress = Callable[[int, int], None]

ELSEWHERE = "Point HCRM_HOME to a new folder; what is there is never overwritten."
NO_KEY = "Put the secrets.json that was kept apart into HCRM_HOME first; without it nobody can hear the recordings."
KEYS = "SELECT id, path, key FROM recording ORDER BY created_at DESC"


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now. `unreadable`: recordings whose file does not open with the hospital's key."""

    recordings: int
    missing: int
    unreadable: int


def restore(config: Config, source: Path, *, say: Say, on_file: Progress) -> Restored:
    """Everything, or the home is as empty as before. Raises ProvisionError."""
    found = manifest.read(source)
    say(f"backup of {found.made_at}, schema {found.schema}: checking ...")
    manifest.require_whole(source, found)
    places = config.places
    places.home.mkdir(parents=True, exist_ok=True)
    with locked_now(places.home / "lock", f"hcrm is running in {places.home}"), _undone(config, found):
        _secrets(places.secrets, source, found)
        secrets = load_or_make(places.secrets)
        with database.reachable(config, secrets) as url:
            if not database.is_empty(url):
                raise ProvisionError("the database is not empty", mend="Name an empty one in HCRM_DATABASE_URL.")
            say("database ...")
            database.restore(config, url, source / manifest.DATABASE)
            say(f"{len(found.recordings)} recordings ...")
            _copy_recordings(source / manifest.RECORDINGS, places.recordings, found, on_file)
            unreadable = _unreadable(url, places.recordings, MasterKey(secrets.recordings_key))
            postgres.migrate(config, secrets)
            database.begin_anew(url)
    return Restored(len(found.recordings), len(found.missing), unreadable)


@contextmanager
def _undone(config: Config, found: Manifest) -> Iterator[None]:
    """Refuses a home with data; takes away what was made when the restore breaks off."""
    places = config.places
    new = [places.recordings] if config.database.url else [places.recordings, places.postgres]
    if any(path.exists() and any(path.iterdir()) for path in new):
        raise ProvisionError(f"{places.home} has data", mend=ELSEWHERE)
    had_secrets = places.secrets.exists()
    if found.has_secrets and had_secrets:
        raise ProvisionError(f"{places.secrets} is there already", mend=ELSEWHERE)
    if not found.has_secrets and not had_secrets:
        raise ProvisionError("this backup has no secrets", mend=NO_KEY)
    try:
        yield
    except BaseException:
        for path in new:
            shutil.rmtree(path, ignore_errors=True)
        if not had_secrets:
            places.secrets.unlink(missing_ok=True)
        raise


def _secrets(target: Path, source: Path, found: Manifest) -> None:
    if found.has_secrets:
        target.touch(mode=0o600)
        target.write_bytes((source / manifest.SECRETS).read_bytes())


def _copy_recordings(source: Path, target: Path, found: Manifest, on_file: Progress) -> None:
    for done, path in enumerate(found.recordings, 1):
        place = target / path
        make_private(place.parent, below=target)
        shutil.copyfile(source / path, place)
        os.chmod(place, 0o600)
        on_file(done, len(found.recordings))


def _unreadable(url: str, folder: Path, master: MasterKey) -> int:
    """How many that are there do not open: the proof that key, database and audio belong together."""
    with psycopg.connect(url, connect_timeout=10) as conn:
        rows = conn.execute(KEYS).fetchall()
    return sum(not _opens(folder / path, key, owner.bytes, master) for owner, path, key in rows)


def _opens(path: Path, key: bytes, owner: bytes, master: MasterKey) -> bool:
    """Its first bytes; a file that is not there says nothing about the key."""
    if not path.is_file():
        return True
    try:
        with path.open("rb") as file:
            SealReader(file, unwrap_key(master, key, owner=owner)).read(0, 1)
    except TamperedError:
        return False
    return True
