"""Moments of the hospital's hours, each given away once: no agent is in two calls at a time. Pure."""

from datetime import date, datetime, time, timedelta, tzinfo
from random import Random

from crm_core.kernel.calendar import is_working_day

DAYS = 14
CELL = timedelta(minutes=7)  # no call of the seed is longer
SPREAD_S = 100  # within a cell, so that not everything happens on the minute
MORNING = (time(8, 4), time(11, 48))
AFTERNOON = (time(13, 34), time(17, 18))


class Diary:
    """Of some days until `now`. The same day gives the same moments, however much of it has passed."""

    def __init__(self, seed: int, now: datetime, zone: tzinfo) -> None:
        self.now, self.zone = now, zone
        self.today = now.astimezone(zone).date()
        self.seed = seed
        self._free: dict[date, list[datetime]] = {}

    @property
    def days(self) -> list[date]:
        """The two weeks, the oldest first, today the last."""
        return [self.today - timedelta(days=back) for back in range(DAYS, -1, -1)]

    def rng(self, day: date) -> Random:
        """What is drawn about a day does not depend on other days."""
        return Random(self.seed * 1_000_000 + day.toordinal())

    def take(self, day: date, *, after: datetime | None = None) -> datetime | None:
        """A free moment of that day that is over by now and later than `after`; None when there is none."""
        free = self._free.setdefault(day, self._moments(day))
        fitting = [one for one in free if one + CELL <= self.now and (after is None or one > after)]
        if not fitting:
            return None
        taken = fitting[0] if after is None else min(fitting)
        free.remove(taken)
        return taken

    def _moments(self, day: date) -> list[datetime]:
        rng = self.rng(day)
        cells = [
            cell + timedelta(seconds=rng.randrange(SPREAD_S))
            for begin, end in ((MORNING, AFTERNOON) if is_working_day(day) else (MORNING,))
            for cell in _cells(datetime.combine(day, begin, self.zone), datetime.combine(day, end, self.zone))
        ]
        rng.shuffle(cells)
        return cells


def _cells(begin: datetime, end: datetime) -> list[datetime]:
    return [begin + CELL * number for number in range((end - begin) // CELL)]
