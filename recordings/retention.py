"""How long audio is kept. Pure; docs/decisions/0033-recordings.md says why these many days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from recordings.model import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days by class of recording."""

    call_days: int = 1095
    voicemail_days: int = 365

    def days(self, kind: Kind) -> int:
        """How many days this kind is kept."""
        match kind:
            case Kind.CALL:
                return self.call_days
            case Kind.VOICEMAIL:
                return self.voicemail_days

    def over_before(self, kind: Kind, now: datetime) -> datetime:
        """What was recorded before this moment goes."""
        return now - timedelta(days=self.days(kind))
