"""What lies in a backup, so that its restore can tell a whole one from a damaged one."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from telephony.provision.errors import ProvisionError

FORMAT = 1
NAME = "manifest.json"
DATABASE = "database.dump"
SECRETS = "secrets.json"
RECORDINGS = "recordings"
INSIDE = re.compile(r"\d{4}/\d\d/\d\d/[\w-]+\.sealed")
ANOTHER = "Take another backup; this one cannot be trusted."
NO_BACKUP = "Name a folder hcrm-... that `hcrm backup` made."
NEWER = "Update hcrm first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`sums` are sha256 of the small files. `recordings` are sizes in bytes: each file proves itself by its own seal.

    `missing` were named by the database and not there when the copy was made.
    """

    format: int
    made_at: str
    schema: str
    sums: Mapping[str, str]
    recordings: Mapping[str, int]
    missing: tuple[str, ...] = ()

    @property
    def has_secrets(self) -> bool:
        """Whether the key of the recordings is in it."""
        return SECRETS in self.sums


def folder_name(at: datetime) -> str:
    """Sorts by time, and is a name on every file system."""
    return f"hcrm-{at:%Y%m%dT%H%M%SZ}"


def write(folder: Path, manifest: Manifest) -> None:
    """The last file of a backup."""
    (folder / NAME).touch(mode=0o600)
    (folder / NAME).write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(folder: Path) -> Manifest:
    """Raises ProvisionError for what is no backup, or one of a later release."""
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text("utf-8"))
        version = int(found["format"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ProvisionError(f"{folder} is no backup of hcrm", mend=NO_BACKUP) from None
    if version > FORMAT:
        raise ProvisionError(f"{folder} was made by a later release", mend=NEWER)
    return Manifest(**{**found, "missing": tuple(found.get("missing", ()))})


def require_whole(folder: Path, manifest: Manifest) -> None:
    """Raises ProvisionError naming the first file that is not what was written."""
    for name, wanted in manifest.sums.items():
        if not (folder / name).is_file() or sum_of(folder / name) != wanted:
            raise ProvisionError(f"{folder / name} is not what was written", mend=ANOTHER)
    for name, size in manifest.recordings.items():
        if not INSIDE.fullmatch(name):
            raise ProvisionError(f"{folder} names a file outside of itself", mend=ANOTHER)
        path = folder / RECORDINGS / name
        if not path.is_file() or path.stat().st_size != size:
            raise ProvisionError(f"{path} is not what was written", mend=ANOTHER)


def sum_of(path: Path) -> str:
    """sha256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
