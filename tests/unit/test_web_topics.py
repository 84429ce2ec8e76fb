"""What notices are about, and that pages and notices speak of the same things."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core import events
from crm_core.kernel.actor import Role
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.kernel.event import Event, notice
from crm_core.kernel.ids import AppointmentId, CallId, Msisdn, PatientId, SlotId, TaskId, UserId
from web.pages.stream import HEARS
from web.topics import KINDS, concerns, parse_topics, topics_of

pytestmark = pytest.mark.unit

HEARS_OF = r'data-hears="([^"]*)"'
ZONE = ZoneInfo("Asia/Shanghai")
CALL = CallId(UUID("0" * 32))
TEMPLATES = {path: path.read_text("utf-8") for path in (Path(__file__).parents[2] / "web/templates").rglob("*.html")}
PAGES = [path.read_text("utf-8") for path in (Path(__file__).parents[2] / "web/pages").glob("*.py")]


def about(event: Event) -> set[str]:
    return set(topics_of(json.loads(notice(event)), ZONE))


def test_an_event_is_about_whom_it_names_and_the_lists_it_changes() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # the next day in the hospital
    confirmed = events.AppointmentConfirmed(
        appointment_id=AppointmentId(1), patient_id=PatientId(7), slot_id=SlotId(3), starts_at=late
    )
    assert about(confirmed) == {"patient:7", "day:2026-11-25"}
    assert about(events.TaskDone(task_id=TaskId(1), patient_id=PatientId(7))) == {"tasks", "patient:7"}
    changed = events.ConsentChanged(
        address="+8613800138000",
        purpose="care",
        channel="sms",
        decision="opt_out",
        patient_ids=(PatientId(7), PatientId(8)),
    )
    listed = events.NeverDialChanged(msisdn=Msisdn(changed.address), is_listed=True, patient_ids=changed.patient_ids)
    assert about(changed) == about(listed) == {"patient:7", "patient:8"}
    assert "138" not in notice(changed) + notice(listed)


def test_only_a_call_that_waited_concerns_the_queue() -> None:
    def over(queue: str) -> set[str]:
        ended = events.CallEnded(call_id=CALL, reason="normal", patient_id=None, agent_id=UserId(4), queue=queue)
        return about(ended)

    assert over("operators") - over("") == {"queue"}
    assert {f"call:{CALL}", "agent:4", "board"} <= over("")


def test_a_star_is_all_of_a_kind() -> None:
    assert concerns(frozenset({"patient:*"}), frozenset({"patient:7", "board"}))
    assert not concerns(frozenset({"patient:*"}), frozenset({"board", "call:7"}))
    assert not concerns(frozenset(), frozenset({"board"}))


@given(st.text(max_size=40) | st.lists(st.sampled_from([*KINDS, ":1", ":*", ",", ":2026-01-01"])).map("".join))
def test_topics_are_understood_or_refused(text: str) -> None:
    try:
        topics = parse_topics(text, Role.ADMIN, UserId(9))
    except (InvalidInputError, ForbiddenError):
        return
    assert all(re.fullmatch(r"[a-z]+(:[0-9a-f*-]+)?", topic) for topic in topics)


def test_pages_subscribe_to_what_there_is_and_hear_what_is_told() -> None:
    """A part that asked for less than a topic, or for an event nobody is told, would be still for ever."""
    shown = {kind for text in TEMPLATES.values() for kind in re.findall(r'data-(?:shows|about)="(\w+)[:"]', text)}
    assert shown <= set(KINDS)
    assert len(shown) >= 7
    told = {name for some in HEARS.values() for name in some}
    heard = {
        name
        for text in (*TEMPLATES.values(), *PAGES)
        for names in re.findall(r'(?:data-hears=|"hears": )"([^"{]*)"', text)
        for name in names.split()
    }
    assert heard <= told
    assert all(getattr(events, name).is_told for name in told)
    for path, text in TEMPLATES.items():
        assert not re.findall(r"live:[A-Z]\w+", text), f"{path}: a part says data-shows, not a live: event"
        assert text.count("live:refresh") == text.count("data-shows="), path
