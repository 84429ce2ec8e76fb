"""When work is due, until when it may be put off, and what conversation settles it. Pure."""

import re
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

from crm_core.kernel.calendar import Hours, OpeningHours, next_opening
from crm_core.tasks.model import Priority, TaskKind

WITHIN: dict[TaskKind, timedelta] = {
    TaskKind.ANSWER_SMS: timedelta(hours=1),
    TaskKind.CALL_BACK: timedelta(minutes=30),
    TaskKind.HEAR_VOICEMAIL: timedelta(hours=1),
    TaskKind.CHECK_OUTCOME: timedelta(hours=2),
    TaskKind.FIND_PATIENT: timedelta(hours=8),
    TaskKind.CHECK_AUDIT: timedelta(hours=2),
    TaskKind.TODO: timedelta(hours=8),
}
PACE = {Priority.URGENT: 0.25, Priority.NORMAL: 1.0, Priority.LOW: 3.0}  # of that time
DESK_HOURS = (Hours(time(8), time(20)),)  # somebody is at the desks, every day
DESK_OPEN = OpeningHours(working_day=DESK_HOURS, day_off=DESK_HOURS)
TEAMS = ("", "agent", "nurse")  # whose work it is: anybody's, the desk's, the follow-up nurses'
MORNING = time(8, 30)
REF = re.compile(r"|(sms|consultations|patients|attempts)/[0-9]{1,18}|calls/[0-9a-z-]+|audit/[a-z]+(/[0-9]+)?")


class Snooze(StrEnum):
    """For how long a task may be put off with one press."""

    HOUR = "hour"
    AFTERNOON = "afternoon"
    TOMORROW = "tomorrow"
    WEEK = "week"


class Talk(StrEnum):
    """A conversation of staff with a person."""

    TEXT = "text"  # staff wrote to them
    CALLED_US = "called us"  # they rang and spoke with an agent
    CALLED_THEM = "called them"  # an agent rang them
    ANSWERED = "answered"  # what they asked was answered and closed


SETTLES: dict[Talk, frozenset[TaskKind]] = {
    Talk.TEXT: frozenset({TaskKind.ANSWER_SMS}),
    Talk.CALLED_US: frozenset({TaskKind.ANSWER_SMS, TaskKind.CALL_BACK}),
    Talk.CALLED_THEM: frozenset({TaskKind.ANSWER_SMS, TaskKind.CALL_BACK, TaskKind.HEAR_VOICEMAIL}),
    Talk.ANSWERED: frozenset({TaskKind.ANSWER_SMS}),
}


def due_at(kind: TaskKind, now: datetime, zone: tzinfo, priority: Priority = Priority.NORMAL) -> datetime:
    """A reasonable time after somebody could begin: what comes at night is due in the morning."""
    return (next_opening(DESK_OPEN, now, zone) or now) + WITHIN[kind] * PACE[priority]


def snoozed_until(snooze: Snooze, now: datetime, zone: tzinfo) -> datetime:
    """An hour from now, or a moment of the hospital's day; an afternoon that has begun is tomorrow's."""
    local = now.astimezone(zone)
    if snooze is Snooze.HOUR:
        return now + timedelta(hours=1)
    days, at = {
        Snooze.AFTERNOON: (0 if local.time() < time(14) else 1, time(14)),
        Snooze.TOMORROW: (1, MORNING),
        Snooze.WEEK: (7, MORNING),
    }[snooze]
    return datetime.combine(local.date() + timedelta(days=days), at, zone)


def leads_somewhere(ref: str) -> bool:
    """Whether a page can be opened for it; an empty one names nothing."""
    return REF.fullmatch(ref) is not None
