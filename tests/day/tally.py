"""How many keys and seconds each step of a day took, and which took more than they should. Pure."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

MOST = {
    "log in": 3,
    "take calls": 1,
    "answer": 1,
    "result": 3,
    "book": 10,
    "book from the record": 10,
    "say who calls": 4,
    "register the caller": 5,
    "hold and go on": 2,
    "mute and speak": 2,
    "transfer": 6,
    "dial": 2,
    "hang up": 1,
    "text": 5,
    "text from a canned answer": 10,
    "task written down": 4,
    "task done": 3,
    "task given to everybody": 8,
    "task put off": 8,
}


@dataclass(slots=True)
class Step:
    """One piece of work. `letters` are what was written, `keys` everything else that was pressed."""

    name: str
    began: float
    keys: list[str] = field(default_factory=list)
    letters: int = 0
    seconds: float = 0.0

    @property
    def is_too_long(self) -> bool:
        """More keys than a clerk should need all day."""
        return len(self.keys) > MOST.get(self.name, len(self.keys))


@dataclass(slots=True)
class Tally:
    """What was done; steps lie within each other."""

    steps: list[Step] = field(default_factory=list)
    under_way: list[Step] = field(default_factory=list)

    def pressed(self, key: str) -> None:
        """Counts for every step under way."""
        for step in self.under_way:
            step.keys.append(key)

    def wrote(self, text: str) -> None:
        """Letters of what was written."""
        for step in self.under_way:
            step.letters += len(text)

    def too_long(self) -> list[Step]:
        """Steps that needed more keys than they should."""
        return [step for step in self.steps if step.is_too_long]


@contextmanager
def step(tally: Tally, name: str, clock: Iterator[float]) -> Iterator[Step]:
    """For as long as the block runs; `clock` gives the seconds of now."""
    begun = Step(name, next(clock))
    tally.under_way.append(begun)
    try:
        yield begun
    finally:
        tally.under_way.remove(begun)
        begun.seconds = next(clock) - begun.began
    tally.steps.append(begun)


def table(steps: Iterable[Step]) -> str:
    """A line for each kind of step, in the order in which they came first."""
    kinds: dict[str, list[Step]] = {}
    for one in steps:
        kinds.setdefault(one.name, []).append(one)
    head = f"{'':42} times  keys (most)  letters  seconds (longest)"
    return "\n".join([head, *(_line(name, some) for name, some in kinds.items())])


def _line(name: str, some: list[Step]) -> str:
    keys, seconds = [len(one.keys) for one in some], [one.seconds for one in some]
    mark = "  more than it should" if any(one.is_too_long for one in some) else ""
    return (
        f"{name:42} {len(some):5}  {median(keys):4.0f} ({max(keys):4})  {median(one.letters for one in some):7.0f}"
        f"  {median(seconds):7.1f} ({max(seconds):7.1f}){mark}"
    )


def trails(steps: Iterable[Step]) -> str:
    """What was pressed in them."""
    return "\n".join(f"{one.name}: {' '.join(one.keys)}" for one in steps)
