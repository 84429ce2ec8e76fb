"""When work is due, how long it may be put off, what names a page, what settles what."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.tasks import rules
from crm_core.tasks.model import Priority, TaskKind
from crm_core.tasks.rules import Snooze, Talk

pytestmark = pytest.mark.unit
ZONE = ZoneInfo("Asia/Shanghai")


def at(hour: int, minute: int = 0, *, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize("kind", TaskKind)
def test_nothing_is_late_the_minute_it_arrives(kind: TaskKind) -> None:
    assert rules.due_at(kind, at(10), ZONE) >= at(10) + timedelta(minutes=30)


def test_what_comes_at_night_or_on_a_sunday_is_due_when_somebody_is_there() -> None:
    assert rules.due_at(TaskKind.CALL_BACK, at(10), ZONE) == at(10, 30)
    assert rules.due_at(TaskKind.CALL_BACK, at(23), ZONE) == at(8, 30, day=3)
    assert rules.due_at(TaskKind.CALL_BACK, at(5), ZONE) == at(8, 30)
    assert rules.due_at(TaskKind.ANSWER_SMS, at(9, day=1), ZONE) == at(10, day=1)  # a Sunday: the desks are manned


def test_what_is_urgent_is_due_sooner_and_what_has_time_later() -> None:
    due = [rules.due_at(TaskKind.TODO, at(10), ZONE, priority) for priority in Priority]
    assert due == [at(12), at(18), at(10, day=3)]


@pytest.mark.parametrize(
    ("snooze", "now", "until"),
    [
        (Snooze.HOUR, at(10), at(11)),
        (Snooze.AFTERNOON, at(10), at(14)),
        (Snooze.AFTERNOON, at(15), at(14, day=3)),
        (Snooze.TOMORROW, at(23, 30), at(8, 30, day=3)),
        (Snooze.WEEK, at(0, 30), at(8, 30, day=9)),
    ],
)
def test_work_is_put_off_to_a_moment_of_the_hospitals_day(snooze: Snooze, now: datetime, until: datetime) -> None:
    assert rules.snoozed_until(snooze, now, ZONE) == until


def test_a_text_does_not_call_back_and_who_rang_us_is_still_heard() -> None:
    assert TaskKind.CALL_BACK not in rules.SETTLES[Talk.TEXT]
    assert TaskKind.HEAR_VOICEMAIL not in rules.SETTLES[Talk.CALLED_US]
    assert TaskKind.HEAR_VOICEMAIL in rules.SETTLES[Talk.CALLED_THEM]
    assert all(TaskKind.CHECK_OUTCOME not in kinds for kinds in rules.SETTLES.values())


@pytest.mark.parametrize("ref", ["sms/too-many", "demo/1", "sms/", "sms", "elsewhere/1", "sms/1/2", "patients/x"])
def test_a_reference_that_no_page_shows_is_refused(ref: str) -> None:
    assert not rules.leads_somewhere(ref)


@pytest.mark.parametrize(
    "ref", ["", "sms/12", "calls/0b9f2c1e-0000-4000-8000-000000000001", "attempts/3", "audit/strange", "audit/seal/7"]
)
def test_the_references_of_all_parts_lead_somewhere(ref: str) -> None:
    assert rules.leads_somewhere(ref)
