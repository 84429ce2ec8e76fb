"""What can be wrong with a recording."""

from typing import ClassVar

from crm_core.kernel.errors import ConflictError, HcrmError, NotFoundError


class RecordingNotFoundError(NotFoundError):
    """There is no such recording."""

    code = "recording_not_found"


class NoteNotFoundError(NotFoundError):
    """There is no such note, or somebody else wrote it."""

    code = "recording_note_not_found"


class RangeNotSatisfiableError(ConflictError):
    """The range begins behind the end of the audio."""

    code = "range_not_satisfiable"


class CorruptAudioError(HcrmError):
    """A file that is not a wav of 16-bit mono samples at 8 kHz. `reason` is `empty` or `corrupt`."""

    code = "corrupt_audio"

    def __init__(self, reason: str) -> None:
        super().__init__(f"not readable as audio: {reason}")
        self.reason = reason


class StillRecordingError(HcrmError):
    """Asterisk may still be writing this file; look again soon."""

    code = "still_recording"
    retryable: ClassVar[bool] = True
