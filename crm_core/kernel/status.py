"""Is every part up? Each long-lived service reports here; `/api/v1/status` and the wallboard read it."""

from dataclasses import dataclass, field

OK = "ok"


@dataclass(slots=True)
class StatusBoard:
    """Parts of this process by name: `ok` or a short reason without personal data."""

    _parts: dict[str, str] = field(default_factory=dict)

    def report(self, part: str, state: str = OK) -> None:
        """`state` is `ok` or why not, e.g. "link lost"."""
        self._parts[part] = state

    def forget(self, part: str) -> None:
        """The part is no longer configured."""
        self._parts.pop(part, None)

    def parts(self) -> dict[str, str]:
        """A copy, sorted by name."""
        return dict(sorted(self._parts.items()))

    def is_ok(self) -> bool:
        """Whether every part reports `ok`."""
        return all(state == OK for state in self._parts.values())
