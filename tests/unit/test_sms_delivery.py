"""What refusals and delivery reports mean, and which modem is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from sms import delivery, routing
from sms.delivery import Refusal, Verdict
from sms.model import Purpose, SmsState
from sms.routing import GOOD, Route, Standing

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x00, Verdict.DELIVERED),
        (0x01, Verdict.DELIVERED),
        (0x20, Verdict.TRYING),
        (0x3F, Verdict.TRYING),
        (0x40, Verdict.FAILED),
        (0x46, Verdict.EXPIRED),
        (0x47, Verdict.FAILED),
        (0x60, Verdict.FAILED),
        (0xFF, Verdict.FAILED),
    ],
)
def test_the_network_says_delivered_still_trying_failed_or_expired(status: int, expected: Verdict) -> None:
    assert delivery.verdict(status) is expected


@pytest.mark.parametrize(
    ("segments", "whole"),
    [
        ("delivered delivered", SmsState.DELIVERED),
        ("delivered sent", SmsState.SENT),
        ("sent sent", SmsState.SENT),
        ("sent queued", SmsState.QUEUED),
        ("delivered failed", SmsState.FAILED),
        ("delivered expired", SmsState.EXPIRED),
        ("sent unknown", SmsState.UNKNOWN),
        ("sent sending queued", SmsState.SENDING),
    ],
)
def test_a_message_is_what_its_worst_segment_is(segments: str, whole: SmsState) -> None:
    assert delivery.state_of_whole([SmsState(word) for word in segments.split()]) is whole


@pytest.mark.parametrize(
    ("final", "kind"),
    [
        ("+CMS ERROR: 38", Refusal.TEMPORARY),
        ("+CMS ERROR: 500", Refusal.TEMPORARY),
        ("+CMS ERROR: 1", Refusal.PERMANENT),
        ("+CMS ERROR: 304", Refusal.PERMANENT),
        ("+CMS ERROR: 332", Refusal.UNKNOWN),
        ("+CMS ERROR: network timeout", Refusal.UNKNOWN),
        ("+CMS ERROR: SIM busy", Refusal.TEMPORARY),
        ("+CMS ERROR: Unknown subscriber", Refusal.PERMANENT),
        ("+CME ERROR: 14", Refusal.TEMPORARY),
        ("ERROR", Refusal.TEMPORARY),
        ("NO CARRIER", Refusal.TEMPORARY),
    ],
)
def test_a_refusal_says_whether_waiting_helps(final: str, kind: Refusal) -> None:
    assert delivery.refusal(final) is kind


def test_waits_grow_and_end() -> None:
    waits = [delivery.wait_before_retry(tries) for tries in range(1, delivery.MAX_TRIES + 1)]
    assert waits[0] == timedelta(seconds=15)
    assert waits[-1] is None
    known = [wait for wait in waits if wait]
    assert known == sorted(known)
    assert max(known) == timedelta(minutes=30)


def test_an_answer_is_not_tried_for_as_long_as_a_notice() -> None:
    assert delivery.validity(Purpose.CARE, is_reply=True) < delivery.validity(Purpose.NOTICE, is_reply=False)


def test_an_answer_leaves_by_the_sim_the_patient_wrote_to() -> None:
    routes = (Route("+86138", "sim1"), Route("+861380", "sim2"))
    assert routing.preferred_modem("+8613800138000", came_by="sim3", routes=routes) == "sim3"
    assert routing.preferred_modem("+8613800138000", came_by="", routes=routes) == "sim2"
    assert routing.preferred_modem("+8613900138000", came_by="", routes=routes) == ""


def test_a_modem_is_blocked_after_three_errors_and_probed_back() -> None:
    standing = GOOD
    for _ in range(3):
        assert not standing.is_blocked(NOON)
        standing = routing.after_error(standing, NOON)
    assert standing.is_blocked(NOON)
    later = NOON + timedelta(minutes=1)
    assert not standing.is_blocked(later)
    again = routing.after_error(standing, later)
    assert again.blocked_until == later + timedelta(minutes=2)
    assert routing.after_success(again) == Standing()


def test_a_success_in_between_forgives() -> None:
    standing = routing.after_error(routing.after_error(GOOD, NOON), NOON)
    standing = routing.after_error(routing.after_success(standing), NOON)
    assert not standing.is_blocked(NOON)
