"""The folder Asterisk records into. Plain audio stays here only until it is sealed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_core.kernel.ids import Uniqueid
from recordings.errors import StillRecordingError
from recordings.model import Kind
from telephony.names import SUFFIX_RX, SUFFIX_TX, SUFFIX_VOICEMAIL

SUFFIXES = {Kind.CALL: (SUFFIX_RX, SUFFIX_TX), Kind.VOICEMAIL: (SUFFIX_VOICEMAIL,)}
QUIET_S = 2.0  # a file nobody has written to for so long is closed
_FILE = re.compile(r"([A-Za-z0-9_.\-]{1,80})(" + "|".join((SUFFIX_RX, SUFFIX_TX, SUFFIX_VOICEMAIL)) + ")")


@dataclass(frozen=True, slots=True)
class Monitor:
    """`files` names what a kind of recording is made of, in the order of its channels."""

    folder: Path

    def files(self, uniqueid: Uniqueid, kind: Kind) -> tuple[Path, ...]:
        """Paths, whether they exist or not; none for a channel name that could not be a file's."""
        names = [uniqueid + suffix for suffix in SUFFIXES[kind]]
        return tuple(self.folder / name for name in names if _FILE.fullmatch(name))

    def uniqueids(self) -> list[Uniqueid]:
        """Every channel that has left audio."""
        if not self.folder.is_dir():
            return []
        found = (_FILE.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted({Uniqueid(match[1]) for match in found if match})

    def quiet_s(self, uniqueid: Uniqueid, *, now: datetime) -> float:
        """Seconds since the newest of a channel's files was written to; infinite when there is none."""
        times = [file.stat().st_mtime for file in self._existing(uniqueid)]
        return now.timestamp() - max(times) if times else float("inf")

    def require_quiet(self, uniqueid: Uniqueid, *, now: datetime) -> None:
        """Raises StillRecordingError while a file may still be open. A clock that went back does not wait for ever."""
        if 0 <= self.quiet_s(uniqueid, now=now) < QUIET_S:
            raise StillRecordingError("written to a moment ago")

    def _existing(self, uniqueid: Uniqueid) -> Iterator[Path]:
        for kind in Kind:
            yield from (file for file in self.files(uniqueid, kind) if file.exists())
