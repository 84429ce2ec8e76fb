"""Many people for one paper: who gets a piece of it, and who is left out for what. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crm_core.kernel.ids import PatientId
from letters import addresses, layout
from letters.model import Addressee, LeftOut, Sender, Sheet, Why
from letters.papers import Paper


class Face(Protocol):
    """What is asked of a font."""

    def has(self, text: str) -> bool:
        """Whether it has every character."""
        ...

    def measure(self, text: str) -> float:
        """How wide it is, in ems."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """People in the order asked for, each once: `pieces` of paper for those whom the post can find."""

    pieces: Mapping[PatientId, Sheet] = field(repr=False)
    people: Mapping[PatientId, Addressee] = field(repr=False)
    left_out: Sequence[LeftOut]

    @property
    def fit(self) -> list[Addressee]:
        """Those for whom there is a piece."""
        return [self.people[one] for one in self.pieces]


def batch(
    paper: Paper,
    wanted: Sequence[PatientId],
    people: Mapping[PatientId, Addressee],
    sender: Sender,
    face: Face,
    *,
    frames: bool,
) -> Batch:
    """`people` are those of the wanted that there are."""
    pieces: dict[PatientId, Sheet] = {}
    left_out: list[LeftOut] = []
    for patient_id in dict.fromkeys(wanted):
        one = people.get(patient_id)
        made = _piece(paper, one, sender, face, frames=frames) if one else Why.GONE
        if isinstance(made, Sheet):
            pieces[patient_id] = made
        else:
            left_out.append(LeftOut(patient_id=patient_id, name=one.name if one else "", why=made))
    return Batch(pieces=pieces, people=people, left_out=left_out)


def _piece(paper: Paper, one: Addressee, sender: Sender, face: Face, *, frames: bool) -> Sheet | Why:
    wrong = addresses.fault(one)
    if wrong is not None:
        return wrong
    if not face.has(addresses.place(one) + addresses.whom(one)):
        return Why.NO_GLYPH
    return layout.laid_out(paper, one, sender, face.measure, frames=frames)
