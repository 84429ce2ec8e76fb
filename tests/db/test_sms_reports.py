"""Delivery reports: what each says about a message, whose they are, and what their absence means."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.events import SmsStateChanged
from crm_core.kernel.db import Tx, handler_table
from crm_core.kernel.event import Event
from sms import outbound
from sms.model import SmsState
from tests.db.sms_hospital import Hospital
from tests.db.sms_queue import claimed, heard, opened, queue, send, sms

pytestmark = pytest.mark.db
LONG = "请按时复诊。" * 40  # four segments


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


async def test_a_message_goes_from_queued_to_delivered(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    claim = await claimed(hospital)
    assert (await sms(hospital, sms_id)).state is SmsState.SENDING
    await outbound.record_sent(hospital.db, claim, 1, 10)
    assert (await sms(hospital, sms_id)).state is SmsState.SENT
    assert await heard(hospital, 10, 0)
    assert (await sms(hospital, sms_id)).state is SmsState.DELIVERED


async def test_a_long_message_is_delivered_when_its_last_segment_is(hospital: Hospital) -> None:
    sms_id = await send(hospital, LONG)
    for reference in (13, 11, 10):
        await heard(hospital, reference, 0)
        assert (await sms(hospital, sms_id)).state is SmsState.SENT
    await heard(hospital, 12, 0)
    assert (await sms(hospital, sms_id)).state is SmsState.DELIVERED


async def test_all_segments_share_one_reference_and_ask_for_a_report(hospital: Hospital) -> None:
    await queue(hospital, LONG)
    claim = await claimed(hospital)
    assert len(claim.submits) == 4
    assert len({submit.concat_reference for submit in claim.submits}) == 1
    assert all(submit.wants_report and submit.validity for submit in claim.submits)


@pytest.mark.parametrize(
    ("status", "state"),
    [(0x20, SmsState.SENT), (0x30, SmsState.SENT), (0x41, SmsState.FAILED), (0x46, SmsState.EXPIRED)],
)
async def test_a_report_of_trouble_is_told_apart(hospital: Hospital, status: int, state: SmsState) -> None:
    sms_id = await send(hospital)
    await heard(hospital, 10, status)
    assert (await sms(hospital, sms_id)).state is state


async def test_still_trying_and_then_delivered_is_delivered(hospital: Hospital) -> None:
    sms_id = await send(hospital)
    await heard(hospital, 10, 0x20)
    await heard(hospital, 10, 0x00)
    await heard(hospital, 10, 0x41)  # a report that comes after the end changes nothing
    assert (await sms(hospital, sms_id)).state is SmsState.DELIVERED


async def test_a_reference_used_again_belongs_to_the_newest(hospital: Hospital) -> None:
    old = await send(hospital)
    hospital.clock.now += timedelta(minutes=10)
    new = await send(hospital)
    await heard(hospital, 10, 0)
    assert [(await sms(hospital, one)).state for one in (old, new)] == [SmsState.SENT, SmsState.DELIVERED]


async def test_a_report_that_comes_twice_is_one(hospital: Hospital) -> None:
    """It is told once, and the copy is not taken for the report of an older text that had the same reference."""
    told: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        told.append(event)

    old = await send(hospital)
    hospital.clock.now += timedelta(minutes=10)
    new = await send(hospital)
    hospital.db.handlers = handler_table([(SmsStateChanged, note)])
    for _ in range(2):
        assert await heard(hospital, 10, 0)
    assert [(event.sms_id, event.state) for event in told if isinstance(event, SmsStateChanged)] == [(new, "delivered")]
    assert [(await sms(hospital, one)).state for one in (old, new)] == [SmsState.SENT, SmsState.DELIVERED]


async def test_a_report_about_somebody_else_is_nobodys(hospital: Hospital) -> None:
    sms_id = await send(hospital)
    assert not await heard(hospital, 10, 0, recipient="+8613999999999")
    assert not await heard(hospital, 11, 0)
    assert (await sms(hospital, sms_id)).state is SmsState.SENT


async def test_a_report_with_a_national_number_is_understood(hospital: Hospital) -> None:
    sms_id = await send(hospital)
    assert await heard(hospital, 10, 0, recipient="13800138000")
    assert (await sms(hospital, sms_id)).state is SmsState.DELIVERED


@pytest.mark.parametrize(("later", "state"), [(timedelta(hours=20), "sent"), (timedelta(hours=26), "expired")])
async def test_without_a_report_a_message_expires_after_its_validity(
    hospital: Hospital, later: timedelta, state: str
) -> None:
    sms_id = await send(hospital)
    hospital.clock.now += later
    await outbound.expire(hospital.db)
    assert (await sms(hospital, sms_id)).state == state


async def test_a_report_after_all_is_believed(hospital: Hospital) -> None:
    sms_id = await send(hospital)
    hospital.clock.now += timedelta(hours=26)
    await outbound.expire(hospital.db)
    await heard(hospital, 10, 0)
    assert (await sms(hospital, sms_id)).state is SmsState.DELIVERED
