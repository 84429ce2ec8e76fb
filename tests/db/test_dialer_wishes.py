"""Reminder calls somebody or nobody asked for: planned once, and judged again at the last moment."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crm_core import events
from crm_core.consent import service as consent
from crm_core.consent.model import QuietHours, every_day
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import AppointmentId, Msisdn
from crm_core.patients import service as patients
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.errors import AppointmentNotFoundError
from dialer import service
from dialer.attempt import Attempt, State
from dialer.errors import CallForbiddenError
from dialer.placing import claim
from tests.db.dialer_ward import ALWAYS, MORNING, NIGHT, NOON, PHONE, SETTINGS, STARTS, Ward, open_ward

pytestmark = pytest.mark.db

HALF_A_DAY = timedelta(hours=12)


@pytest.fixture
async def ward(database_url: str) -> AsyncIterator[Ward]:
    """A fresh one for every test."""
    async with open_ward(database_url) as ward:
        yield ward


async def test_the_button_plans_a_call_for_now(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.remind(appointment)
    assert (attempt.state, attempt.number, attempt.not_before) == (State.PLANNED, 1, NOON)
    assert (attempt.requested_by, attempt.msisdn, attempt.purpose) == ("wang", PHONE, "care")
    planned = events.AttemptPlanned(
        attempt_id=attempt.id, appointment_id=appointment, patient_id=attempt.patient_id, starts_at=STARTS
    )
    assert ward.happened == [planned]


async def test_at_night_the_button_plans_for_the_morning(ward: Ward) -> None:
    appointment = await ward.book()
    ward.now = NIGHT
    assert (await ward.remind(appointment)).not_before == MORNING
    await consent.set_hours(ward.db, SYSTEM, ALWAYS)
    assert (await ward.remind(appointment)).not_before == NIGHT  # brought forward: one try, not two
    assert len(await ward.attempts(appointment)) == 1


async def test_a_second_press_is_told_that_a_call_is_on_its_way(ward: Ward) -> None:
    appointment = await ward.book()
    await ward.remind(appointment)
    assert await ward.refused_rule(appointment) == "attempt_open"
    assert await claim(ward.db, ward.settings)
    assert await ward.refused_rule(appointment) == "attempt_open"


async def test_twenty_presses_at_once_plan_one_call(ward: Ward) -> None:
    appointment = await ward.book()
    results = await asyncio.gather(*(ward.remind(appointment) for _ in range(20)), return_exceptions=True)
    assert len([result for result in results if isinstance(result, Attempt)]) == 1
    assert {result.rule for result in results if isinstance(result, CallForbiddenError)} == {"attempt_open"}


async def test_who_must_not_be_called_is_not_and_the_rule_says_why(ward: Ward) -> None:
    with pytest.raises(AppointmentNotFoundError):
        await ward.remind(AppointmentId(10**9))
    assert await ward.refused_rule(await ward.book(phone=None)) == "no_phone"
    opted_out = await ward.book(name="李四", phone="+8613800138001")
    await consent.opt_out(ward.db, SYSTEM, Msisdn("+8613800138001"), channel="call", everything=True, source="staff")
    assert await ward.refused_rule(opted_out) == "opted_out"
    appointment = await ward.book(slot=1)
    await scheduling.cancel(ward.db, SYSTEM, appointment, "agent")
    assert await ward.refused_rule(appointment) == "appointment_not_open"
    late = await ward.book(slot=2, name="王五")
    ward.now = STARTS + timedelta(hours=2)
    assert await ward.refused_rule(late) == "appointment_over"
    assert ward.happened == []


async def test_a_call_that_could_only_come_too_late_is_refused(ward: Ward) -> None:
    late = every_day("11:00-20:00")
    await consent.set_hours(ward.db, SYSTEM, QuietHours(care=late, marketing=late))
    appointment = await ward.book()
    ward.now = NIGHT
    assert await ward.refused_rule(appointment) == "too_late"


async def test_the_attempt_is_marked_before_asterisk_is_asked(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.remind(appointment)
    order = await claim(ward.db, ward.settings)
    assert order
    marked = await ward.attempt(attempt.id)
    assert (marked.state, str(marked.linkedid), marked.dialed_at) == (State.DIALING, order.originate.uniqueid, NOON)
    headers = order.originate.headers()
    assert headers["Channel"] == "PJSIP/13800138000@carrier"
    assert (headers["Context"], headers["CallerID"], headers["Timeout"]) == ("reminder", "02088886666", "30000")
    assert headers["Variable"] == [f"HCRM_ATTEMPT_ID={attempt.id}", "HCRM_ON_MACHINE=hangup", "HCRM_LANGUAGE=zh_CN"]
    assert await claim(ward.db, ward.settings) is None


async def test_nothing_is_dialled_before_its_time(ward: Ward) -> None:
    appointment = await ward.book()
    ward.now = NIGHT
    await ward.remind(appointment)
    assert await claim(ward.db, ward.settings) is None
    ward.now = MORNING
    assert await claim(ward.db, ward.settings)


async def test_quiet_hours_are_asked_again_at_the_moment_of_dialling(ward: Ward) -> None:
    appointment = await ward.book()
    await ward.remind(appointment)
    ward.now = NIGHT  # the trunk was down all afternoon
    assert await claim(ward.db, ward.settings) is None
    (attempt,) = await ward.attempts(appointment)
    assert (attempt.state, attempt.not_before) == (State.PLANNED, MORNING)


async def test_who_refused_meanwhile_is_not_called(ward: Ward) -> None:
    appointment = await ward.book()
    await ward.remind(appointment)
    await consent.opt_out(ward.db, SYSTEM, Msisdn(PHONE), channel="call", everything=True, source="sms")
    assert await claim(ward.db, ward.settings) is None
    assert await ward.tries(appointment) == [(State.SUPPRESSED, "opted_out")]


async def test_a_number_that_is_no_longer_the_patients_is_not_called(ward: Ward) -> None:
    appointment = await ward.book()
    attempt = await ward.remind(appointment)
    await patients.change(ward.db, SYSTEM, attempt.patient_id, {"phones": ["+8613811112222"]})
    assert await claim(ward.db, ward.settings) is None
    assert await ward.tries(appointment) == [(State.SUPPRESSED, "number_changed")]


async def test_other_countries_are_not_dialled(ward: Ward) -> None:
    appointment = await ward.book(phone="+442079460000")
    await ward.remind(appointment)
    assert await claim(ward.db, ward.settings) is None
    assert await ward.tries(appointment) == [(State.SUPPRESSED, "number_not_allowed")]


async def test_the_appointment_is_looked_at_again(ward: Ward) -> None:
    appointment = await ward.book()
    await ward.remind(appointment)
    ward.now = STARTS + timedelta(minutes=1)
    assert await claim(ward.db, ward.settings) is None
    assert await ward.tries(appointment) == [(State.SUPPRESSED, "appointment_over")]


async def test_never_more_calls_than_lines_and_one_per_telephone(ward: Ward) -> None:
    ward.settings = replace(SETTINGS, max_calls=2)
    for number, phone in enumerate((PHONE, PHONE, "+8613800138001", "+8613800138002")):
        await ward.remind(await ward.book(slot=number, name=f"张{number}", phone=phone))
    orders = await asyncio.gather(*(claim(ward.db, ward.settings) for _ in range(8)))
    placed = [order.originate.interface for order in orders if order]
    assert sorted(placed) == ["PJSIP/13800138000@carrier", "PJSIP/13800138001@carrier"]


async def test_tomorrows_appointments_are_planned_once_and_nobody_stops_the_run(ward: Ward) -> None:
    ward.now = day_before = NOON - timedelta(days=1)
    nobody = await ward.book(phone=None, name="无名")
    refuses = await ward.book(slot=1, name="李四", phone="+8613800138001")
    await consent.opt_out(ward.db, SYSTEM, Msisdn("+8613800138001"), channel="call", everything=True, source="staff")
    wanted = await ward.book(slot=2)
    confirmed = await ward.book(slot=3, name="王五", phone="+8613800138003")
    await scheduling.confirm(ward.db, SYSTEM, confirmed, "agent")
    for now, expected in ((day_before, 0), (NOON, 1), (NOON, 0)):
        ward.now = now
        planned = await service.plan_reminders(ward.db, now, timezone=SETTINGS.timezone, after_booking=HALF_A_DAY)
        assert planned == expected
    assert await ward.tries(wanted) == [(State.PLANNED, "")]
    assert (await ward.attempts(wanted))[0].requested_by == "dialer"
    assert await ward.tries(refuses) == [(State.SUPPRESSED, "opted_out")]
    assert await ward.tries(nobody) == await ward.tries(confirmed) == []


async def test_who_has_just_booked_is_not_reminded_of_it(ward: Ward) -> None:
    await ward.book()
    two_hours = timedelta(hours=2)
    for later, expected in ((timedelta(0), 0), (timedelta(hours=1), 0), (timedelta(hours=3), 1)):
        ward.now = NOON + later
        planned = await service.plan_reminders(ward.db, ward.now, timezone=SETTINGS.timezone, after_booking=two_hours)
        assert planned == expected


def test_tomorrow_is_the_hospitals_tomorrow() -> None:
    start, end = service.tomorrow(datetime(2026, 3, 2, 17, tzinfo=UTC), SETTINGS.timezone)  # 1:00 on the 3rd there
    assert start == datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert end - start == timedelta(days=1)
