"""Reminders of appointments by SMS: once, in time, and taken back with the appointment."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import AppointmentId, SmsId
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.errors import AppointmentNotOpenError
from sms import outbound, service
from sms.delivery import Refusal
from sms.errors import NoPhoneError
from sms.model import SmsState
from tests.db.sms_hospital import LETTERHEAD, NOON, Hospital
from tests.db.sms_queue import claim, claimed, opened, sms

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


async def booked(hospital: Hospital) -> AppointmentId:
    patient = await hospital.patient()
    found = await scheduling.book(
        hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots["gyn"][0], channel="web"
    )
    return found.id


async def remind(hospital: Hospital, appointment_id: AppointmentId) -> SmsId:
    return await service.remind_by_sms(hospital.db, SYSTEM, appointment_id, letterhead=LETTERHEAD)


async def test_a_reminder_says_when_and_with_whom_and_no_department(hospital: Hospital) -> None:
    text = (await sms(hospital, await remind(hospital, await booked(hospital)))).text
    assert text == (
        "【示例医院】张三丰您好，您预约了 11月24日(周二)09:00 王建国医生。"
        "能来请回复“确认”，不能来请回复“取消”，改时间请回复“改期”。"
    )


async def test_pressing_the_button_twice_sends_one_reminder(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    first = await remind(hospital, appointment)
    assert await remind(hospital, appointment) == first
    await outbound.record_refused(hospital.db, await claimed(hospital), Refusal.PERMANENT, "+CMS ERROR: 1")
    assert await remind(hospital, appointment) != first


async def test_a_cancelled_appointment_takes_its_reminder_back(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    reminder = await remind(hospital, appointment)
    await scheduling.cancel(hospital.db, SYSTEM, appointment, "web")
    found = await sms(hospital, reminder)
    assert (found.state, found.reason) == (SmsState.SUPPRESSED, "appointment cancelled")
    with pytest.raises(AppointmentNotOpenError):
        await remind(hospital, appointment)


async def test_a_reminder_that_would_come_too_late_is_not_sent(hospital: Hospital) -> None:
    reminder = await remind(hospital, await booked(hospital))
    hospital.clock.now = NOON + timedelta(hours=21, minutes=1)
    assert await claim(hospital) is None
    assert (await sms(hospital, reminder)).reason == "appointment over"


async def test_a_patient_without_a_number_is_said_to_have_none(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await hospital.rows("DELETE FROM patient_phone RETURNING 1")
    with pytest.raises(NoPhoneError):
        await remind(hospital, appointment)
