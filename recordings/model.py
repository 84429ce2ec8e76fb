"""Recordings, what a search asks for and what it finds."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import CallId, Msisdn, PatientId, RecordingId, UserId


class Kind(StrEnum):
    """What was recorded. A call has the patient left and the hospital right; a voicemail is the patient alone."""

    CALL = "call"
    VOICEMAIL = "voicemail"


class Absence(StrEnum):
    """Why an answered call has no audio."""

    NO_FILE = "no_file"  # Asterisk wrote none, or it was gone before it could be stored
    EMPTY = "empty"  # nobody sent any sound
    CORRUPT = "corrupt"
    RETENTION = "retention"  # its time was over


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Stored audio: a wav of 16-bit samples at 8 kHz. `size_bytes` and `sha256` are those of the whole plain wav."""

    id: RecordingId
    call_id: CallId
    kind: Kind
    path: str  # inside the recordings folder
    key: bytes = field(repr=False)  # wrapped with the hospital's
    sha256: bytes = field(repr=False)
    duration_ms: int
    size_bytes: int
    channels: int
    peaks: tuple[float, ...] = field(repr=False)  # the waveform, 0..1, channels interleaved
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a supervisor wrote beside a place of a recording; without text it is a mark."""

    id: int
    recording_id: RecordingId
    at_ms: int  # from the recording's beginning
    text: str = field(repr=False)
    user_id: UserId
    user_name: str
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a search asks for; None means any. `text` is part of a patient's name, pinyin or number."""

    caller: Msisdn | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    agent_id: UserId | None = None
    patient_id: PatientId | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: Kind | None = None
    direction: str | None = None
    disposition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One line of a list of recordings."""

    id: RecordingId
    call_id: CallId
    kind: Kind
    direction: str
    caller: str = field(repr=False)
    patient_id: PatientId | None
    patient_name: str | None = field(repr=False)
    agent_id: UserId | None
    agent_name: str | None
    disposition: str
    started_at: datetime
    duration_ms: int
    created_at: datetime
