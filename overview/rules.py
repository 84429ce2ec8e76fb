"""When a look leaves an audit row. Pure."""

from datetime import timedelta

SAME_LOOK = timedelta(minutes=5)  # what refreshes itself within it goes on with a look that is already audited


def is_new_look(age_s: float | None) -> bool:
    """Whether a refresh leaves a row, `age_s` after the same person's last row about the same thing. None: no row."""
    return age_s is None or abs(age_s) >= SAME_LOOK.total_seconds()
