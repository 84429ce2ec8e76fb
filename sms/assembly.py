"""Long messages from their parts: in any order, with duplicates, with references that are used again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.kernel.ids import SmsId
from sms.segments import Alphabet, text_of

WINDOW = timedelta(hours=2)  # parts of one message arrive within it; the same reference later is another message
MISSING = "[…]"


@dataclass(frozen=True, slots=True)
class Part:
    """One stored part of messages with the same modem, peer, reference and total. `sms_id` when already assembled."""

    id: int
    number: int
    total: int
    alphabet: Alphabet
    payload: bytes = field(repr=False)
    received_at: datetime
    sms_id: SmsId | None = None


@dataclass(slots=True)
class _Group:
    """Parts that belong together as far as anybody can tell."""

    total: int
    parts: dict[int, Part] = field(default_factory=dict)
    duplicates: list[Part] = field(default_factory=list)
    sms_id: SmsId | None = None

    def takes(self, part: Part) -> bool:
        """A part it lacks, or the same part again, not too long after the others."""
        newest = max(known.received_at for known in self.parts.values())
        if part.received_at - newest > WINDOW:
            return False
        known = self.parts.get(part.number)
        if known is None:
            return part.sms_id == self.sms_id
        is_same = (known.payload, known.alphabet) == (part.payload, part.alphabet)
        return is_same and part.sms_id in (None, self.sms_id)

    def add(self, part: Part) -> None:
        if part.number in self.parts:
            self.duplicates.append(part)
        else:
            self.parts[part.number] = part
        if self.sms_id is None:
            self.sms_id = part.sms_id


@dataclass(frozen=True, slots=True)
class Assembled:
    """A message to store, or, with `sms_id`, late duplicates of one that is stored already."""

    text: str = field(repr=False)
    part_ids: tuple[int, ...]
    sms_id: SmsId | None = None


def assemble(parts: Iterable[Part]) -> list[Assembled]:
    """What can be stored now. Parts must share modem, peer, reference and total; those still waiting are left out."""
    done = []
    for group in _groups(parts):
        waiting = tuple(part.id for part in (*group.parts.values(), *group.duplicates) if part.sms_id is None)
        if waiting and (group.sms_id is not None or len(group.parts) == group.total):
            done.append(Assembled(_joined(group), waiting, group.sms_id))
    return done


def give_up(parts: Iterable[Part], *, before: datetime) -> list[Assembled]:
    """Messages whose missing parts will not come: nothing came since `before`. What is missing shows as […]."""
    return [
        Assembled(_joined(group), tuple(part.id for part in (*group.parts.values(), *group.duplicates)))
        for group in _groups(parts)
        if group.sms_id is None
        and len(group.parts) < group.total
        and max(part.received_at for part in group.parts.values()) < before
    ]


def _groups(parts: Iterable[Part]) -> list[_Group]:
    groups: list[_Group] = []
    for part in sorted(parts, key=lambda part: (part.received_at, part.id)):
        group = next((group for group in groups if group.takes(part)), None)
        if group is None:
            group = _Group(part.total)
            groups.append(group)
        group.add(part)
    return groups


def _joined(group: _Group) -> str:
    """Payloads are joined before they are decoded: careless phones cut an emoji in two."""
    texts: list[str] = []
    run: list[Part] = []
    for number in range(1, group.total + 1):
        part = group.parts.get(number)
        if run and (part is None or part.alphabet is not run[0].alphabet):
            texts.append(_text(run))
            run = []
        if part is None:
            texts.append(MISSING)
        else:
            run.append(part)
    return "".join(texts) + _text(run)


def _text(run: Sequence[Part]) -> str:
    return text_of(run[0].alphabet, b"".join(part.payload for part in run)) if run else ""
