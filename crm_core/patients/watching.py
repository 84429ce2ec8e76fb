"""When a look at patients is a new one, so that the audit names each person seen and not each key pressed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from crm_core.kernel.ids import PatientId

SAME_LOOK = timedelta(minutes=5)  # what refreshes itself within it goes on with a look that is already audited


@dataclass(frozen=True, slots=True)
class Watched:
    """What the audit says somebody saw within `SAME_LOOK`: in such a list, and whose record they opened."""

    has_listed: bool
    listed: frozenset[PatientId]
    opened: frozenset[PatientId]


NOBODY = Watched(has_listed=False, listed=frozenset(), opened=frozenset())


def newly_listed(shown: Sequence[PatientId], watched: Watched) -> list[PatientId] | None:
    """Whom a list shows that the same person has not just seen; None when it is the same look: nothing to write.

    A list of nobody is written once: also who looked in vain has looked.
    """
    return newly_read([one for one in shown if one not in watched.opened], watched)


def newly_read(people: Sequence[PatientId], watched: Watched) -> list[PatientId] | None:
    """Of whom the same person has not just read this; None when it is the same look."""
    new = [one for one in dict.fromkeys(people) if one not in watched.listed]
    return new if new or not watched.has_listed else None


def is_newly_opened(patient_id: PatientId, watched: Watched) -> bool:
    """Whether a part of a record (its timeline, its cards) is more than the page they have open."""
    return patient_id not in watched.opened
