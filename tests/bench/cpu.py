"""Processor time of a process and all below it, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.bench.hospital import Hospital

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PARTS = ("asterisk", "serve", "postgres")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds used so far, by part."""

    seconds: dict[str, float]

    def since(self, before: "Times") -> dict[str, float]:
        """What was used in between."""
        return {part: self.seconds[part] - before.seconds[part] for part in self.seconds}


def used(hospital: Hospital) -> Times:
    """Now. Children that have ended count for whoever waited for them."""
    stats = _all()
    return Times({part: _tree_s(hospital.pid(part), stats) for part in PARTS})


def _all() -> dict[int, tuple[int, float]]:
    """Process id -> parent, seconds with those of ended children."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        found[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICKS_PER_S)
    return found


def _tree_s(root: int, stats: dict[int, tuple[int, float]]) -> float:
    children = [pid for pid, (parent, _) in stats.items() if parent == root]
    own = stats[root][1] if root in stats else 0.0
    return own + sum(_tree_s(pid, stats) for pid in children)
