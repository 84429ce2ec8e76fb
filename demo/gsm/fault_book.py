"""Faults that were ordered and have not happened yet."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Armed:
    """One fault with its parameters."""

    params: dict[str, str]

    def number(self, name: str, default: float) -> float:
        """A parameter as a number; `0x41` too. Raises ValueError."""
        text = self.params.get(name, "")
        if not text:
            return default
        return float(int(text, 16)) if text.lower().startswith("0x") else float(text)


@dataclass(slots=True)
class FaultBook:
    """`arm` puts faults in, the network takes them out where they happen."""

    _waiting: dict[str, list[Armed]] = field(default_factory=dict)
    _on: set[str] = field(default_factory=set)

    def arm(self, name: str, params: dict[str, str], *, times: int = 1) -> None:
        """For the next `times` occasions."""
        self._waiting.setdefault(name, []).extend([Armed(params)] * times)

    def take(self, name: str) -> Armed | None:
        """The next one of this name, used up; None when none was ordered."""
        waiting = self._waiting.get(name)
        return waiting.pop(0) if waiting else None

    def switch(self, name: str, *, on: bool) -> None:
        """A state that stays."""
        (self._on.add if on else self._on.discard)(name)

    def is_on(self, name: str) -> bool:
        """Whether such a state is switched on."""
        return name in self._on

    def waiting(self) -> dict[str, int]:
        """How many of each are still to happen."""
        return {name: len(armed) for name, armed in sorted(self._waiting.items()) if armed}

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self._waiting.clear()
        self._on.clear()
