"""What a handful of measurements says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True)
class Summary:
    """Of `n` measurements; `p95` and `p99` by nearest rank, so each is one of them."""

    n: int
    median: float
    min: float
    max: float
    p95: float
    p99: float


def summary(values: Sequence[float]) -> Summary:
    """Raises ValueError when nothing was measured: a figure from nothing is worse than none."""
    if not values:
        raise ValueError("nothing was measured")
    return Summary(
        len(values), median(values), min(values), max(values), percentile(values, 95), percentile(values, 99)
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank: the smallest value that at least `percent` of all do not exceed."""
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values and 0 < percent <= 100")
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `ours` and `baselines` are measured in the same run, the same number of rounds.

    `is_more_better` tells how to read a ratio of ours to a baseline. `note` is a sentence about both.
    """

    group: str
    name: str
    unit: str
    ours: Summary
    baselines: Mapping[str, Summary]
    is_more_better: bool
    note: str = ""

    def ratios(self) -> dict[str, float]:
        """Median of ours by median of each baseline; baselines of zero have none."""
        return {name: self.ours.median / one.median for name, one in self.baselines.items() if one.median}


@dataclass(frozen=True, slots=True)
class Done:
    """A call that went as it should, times in seconds since the load began."""

    began_s: float
    lasted_s: float

    @property
    def ended_s(self) -> float:
        """When."""
        return self.began_s + self.lasted_s
