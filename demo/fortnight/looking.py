"""Who looked at whom: what the audit would have of the last two weeks, had people worked here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Tx
from crm_core.patients.watch_store import OPENED
from demo.fortnight.calls import PastCall
from demo.fortnight.cast import Staff
from demo.fortnight.story import Story

MORNING, EVENING = time(8, 1), time(17, 40)
AT_THE_DESK = "127.0.0.1"
SAVING_TAKES = timedelta(seconds=20)
REFUSED = (3, time(11, 5))  # days ago


@dataclass(frozen=True, slots=True)
class Look:
    """One row of the audit."""

    at: datetime
    actor: Actor
    action: str
    subject: str
    subject_id: str = ""
    outcome: str = "done"
    detail: str = "{}"


async def write(tx: Tx, story: Story) -> None:
    """In the order of time. The audit itself knows only what happens now, so of the past it is told the time."""
    rows = sorted((one for one in _looks(story) if one.at < story.diary.now), key=lambda one: one.at)
    await tx.conn.executemany(
        "INSERT INTO audit (at, actor_kind, actor, actor_user_id, action, subject, subject_id, outcome, detail, "
        "address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            (
                *(one.at, one.actor.kind.value, one.actor.name, one.actor.user_id, one.action, one.subject),
                *(one.subject_id, one.outcome, json.loads(one.detail), AT_THE_DESK),
            )
            for one in rows
        ],
    )


def _looks(story: Story) -> Iterator[Look]:
    for call in story.calls:
        yield from _of_call(call)
    for day in story.diary.days:
        yield from _of_day(story, datetime.combine(day, MORNING, story.diary.zone))
    days, clock = REFUSED
    at = datetime.combine(story.diary.today - timedelta(days=days), clock, story.diary.zone)
    yield Look(at, story.cast.marketer.actor, "search recordings", "recording", outcome="refused")


def _of_call(call: PastCall) -> Iterator[Look]:
    """The pop shows the patient; afterwards the agent writes down how it ended."""
    for staff in call.agents:
        seen_at = call.moment(call.course.connected_s if call.course else None) or call.at
        if call.who.id is not None:
            detail = json.dumps({"call_id": str(call.id)})
            yield Look(seen_at, staff.actor, OPENED, "patient", str(call.who.id), detail=detail)
    if call.agents:
        yield Look(call.ended_at + SAVING_TAKES, call.agents[-1].actor, "set disposition", "call", str(call.id))


def _of_day(story: Story, morning: datetime) -> Iterator[Look]:
    everybody = (*story.cast.agents, story.cast.nurse, story.cast.supervisor)
    for minutes, staff in enumerate(everybody):
        yield _door(staff, "log in", morning - timedelta(minutes=4 - minutes))
        yield _door(
            staff, "log out", datetime.combine(morning.date(), EVENING, morning.tzinfo) + timedelta(minutes=minutes)
        )
    listening = morning + timedelta(hours=2)
    yield Look(
        listening, story.cast.supervisor.actor, "search recordings", "recording", detail='{"by": [], "shown": 50}'
    )


def _door(staff: Staff, action: str, at: datetime) -> Look:
    return Look(at, staff.actor, action, "app_user", str(staff.user_id))
