"""When a practitioner sits in the consulting room. Pure: the calendar is asked, the clock is not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from crm_core.directory.model import Practitioner
from crm_core.kernel.calendar import is_working_day
from crm_core.kernel.ids import DepartmentId, PractitionerId
from demo.seed_data.hospital import RANKS, Rank

Half = tuple[time, time]

MORNING: Half = (time(8), time(12))
AFTERNOON: Half = (time(13, 30), time(17, 30))
_BY_TITLE = {rank.title: rank for rank in RANKS.values()}


@dataclass(frozen=True, slots=True)
class Session:
    """One schedule, cut into slots of the practitioner's rank."""

    practitioner_id: PractitionerId
    starts_at: datetime
    ends_at: datetime
    rank: Rank


def sessions(practitioners: Iterable[Practitioner], days: Iterable[date], zone: tzinfo) -> list[Session]:
    """Of all, by day; `practitioners` by department. On a day off one person of each department is there, and one more
    of the first department in the afternoon."""
    staff = list(practitioners)
    on_duty = _on_duty(staff)
    return [
        Session(one.id, datetime.combine(day, begin, zone), datetime.combine(day, end, zone), _rank(one))
        for day in days
        for position, one in enumerate(staff)
        for begin, end in (_turn(position, day) if is_working_day(day) else on_duty.get(one.id, ()))
    ]


def _on_duty(staff: list[Practitioner]) -> dict[PractitionerId, tuple[Half, ...]]:
    firsts: dict[DepartmentId, Practitioner] = {}
    for one in staff:
        firsts.setdefault(one.department_id, one)
    duty: dict[PractitionerId, tuple[Half, ...]] = {one.id: (MORNING,) for one in firsts.values()}
    if len(staff) > 1:
        duty.setdefault(staff[1].id, (AFTERNOON,))
    return duty


def _rank(practitioner: Practitioner) -> Rank:
    return _BY_TITLE.get(practitioner.title, RANKS["attending"])


def _turn(position: int, day: date) -> tuple[Half, ...]:
    turn = (day.weekday() + position) % 5
    mornings, afternoons = (MORNING,) if turn in (0, 1, 2) else (), (AFTERNOON,) if turn in (2, 3, 4) else ()
    return (*mornings, *afternoons)
