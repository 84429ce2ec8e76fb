"""What can be printed on: envelopes and sheets of labels, in millimetres."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Its front. `code`: from the left and the upper edge to the first of the addressee's six postcode boxes."""

    name: str
    width: float
    height: float
    code: tuple[float, float] = (12, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """A sheet of A4: from its edges to the first label, the size of one, from one to the next."""

    name: str
    columns: int
    rows: int
    left: float
    top: float
    width: float
    height: float
    pitch: tuple[float, float]

    @property
    def per_sheet(self) -> int:
        """How many labels a sheet has."""
        return self.columns * self.rows


Paper = Envelope | Labels
A4 = (210, 297)
_ALL: tuple[Paper, ...] = (
    Envelope(name="dl", width=220, height=110),
    Envelope(name="zl", width=230, height=120),
    Envelope(name="c5", width=229, height=162, code=(12, 10)),
    Labels(name="a4_3x8", columns=3, rows=8, left=0, top=0.5, width=70, height=37, pitch=(70, 37)),
    Labels(name="a4_3x8_gaps", columns=3, rows=8, left=7.2, top=12.9, width=63.5, height=33.9, pitch=(66.0, 33.9)),
    Labels(name="a4_2x7", columns=2, rows=7, left=4.7, top=15.1, width=99.1, height=38.1, pitch=(101.6, 38.1)),
)
PAPERS: Mapping[str, Paper] = {paper.name: paper for paper in _ALL}
