"""What a person decides about a text in doubt: once, by who may, written down, and the question goes."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ConflictError, ForbiddenError
from crm_core.kernel.ids import SmsId
from sms import decisions, outbound
from sms.delivery import Refusal
from sms.errors import SmsNotFoundError
from sms.model import SmsState
from tests.db.sms_hospital import LETTERHEAD, ZHANG, Hospital
from tests.db.sms_queue import claim, claimed, opened, queue, send, sms

pytestmark = pytest.mark.db
NURSE = Actor(ActorKind.USER, "nurse", Role.NURSE)
COLLEAGUE = Actor(ActorKind.USER, "colleague", Role.AGENT)
AUDITOR = Actor(ActorKind.USER, "auditor", Role.AUDITOR)
MARKETER = Actor(ActorKind.USER, "marketer", Role.MARKETER)

RESEND = partial(decisions.resend, zone=LETTERHEAD.timezone)


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


async def in_doubt(hospital: Hospital) -> SmsId:
    sms_id = await queue(hospital)
    await claimed(hospital)
    await outbound.park_found_sending(hospital.db, "sim1")
    return sms_id


async def resend(hospital: Hospital, who: Actor, sms_id: SmsId) -> SmsId:
    return await decisions.resend(hospital.db, who, sms_id, zone=LETTERHEAD.timezone)


async def audited(hospital: Hospital, action: str) -> list[tuple[object, ...]]:
    return await hospital.rows("SELECT actor, subject_id FROM audit WHERE action = $1", action)


async def test_two_people_who_send_again_at_once_send_one_text(hospital: Hospital) -> None:
    sms_id = await in_doubt(hospital)
    both = await asyncio.gather(*(resend(hospital, who, sms_id) for who in (NURSE, COLLEAGUE)))
    assert len(set(both)) == 1
    assert len(await hospital.messages()) == 2
    assert (await sms(hospital, both[0])).text == (await sms(hospital, sms_id)).text
    assert await hospital.tasks() == []
    assert len(await audited(hospital, "resend sms")) == 1


async def test_what_may_still_arrive_is_not_sent_again(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    await claimed(hospital)
    with pytest.raises(ConflictError):
        await resend(hospital, NURSE, sms_id)


async def test_what_failed_can_be_sent_again_too(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    await outbound.record_refused(hospital.db, await claimed(hospital), Refusal.PERMANENT, "+CMS ERROR: 1")
    again = await resend(hospital, NURSE, sms_id)
    assert (await claimed(hospital)).sms_id == again


async def test_who_asked_the_patient_closes_the_question(hospital: Hospital) -> None:
    sms_id = await in_doubt(hospital)
    for _ in range(2):
        await decisions.arrived(hospital.db, NURSE, sms_id)
    found = await sms(hospital, sms_id)
    assert (found.state, found.reason) == (SmsState.DELIVERED, decisions.SAID_TO_HAVE_ARRIVED)
    assert await hospital.tasks() == []
    assert await audited(hospital, "sms arrived") == [("nurse", str(sms_id))]
    assert await audited(hospital, "finish task") == [("nurse", "1")]
    with pytest.raises(ConflictError):
        await resend(hospital, COLLEAGUE, sms_id)


async def test_what_was_sent_again_cannot_be_said_to_have_arrived(hospital: Hospital) -> None:
    sms_id = await in_doubt(hospital)
    await resend(hospital, NURSE, sms_id)
    with pytest.raises(ConflictError):
        await decisions.arrived(hospital.db, NURSE, sms_id)


async def test_nobody_says_of_a_text_on_its_way_that_it_arrived(hospital: Hospital) -> None:
    with pytest.raises(ConflictError):
        await decisions.arrived(hospital.db, NURSE, await send(hospital))


async def test_what_has_not_left_can_be_taken_back(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    assert await decisions.withdraw(hospital.db, NURSE, sms_id)
    assert await claim(hospital) is None
    assert await audited(hospital, "withdraw sms") == [("nurse", str(sms_id))]
    assert not await decisions.withdraw(hospital.db, SYSTEM, await send(hospital))


@pytest.mark.parametrize("decide", [RESEND, decisions.arrived, decisions.withdraw])
async def test_only_who_writes_decides(hospital: Hospital, decide: decisions.Decide) -> None:
    sms_id = await in_doubt(hospital)
    with pytest.raises(ForbiddenError):
        await decide(hospital.db, AUDITOR, sms_id)
    with pytest.raises(SmsNotFoundError):
        await decide(hospital.db, NURSE, SmsId(999))


async def test_a_marketer_does_not_send_care_again(hospital: Hospital) -> None:
    with pytest.raises(ForbiddenError):
        await resend(hospital, MARKETER, await in_doubt(hospital))


async def test_what_a_patient_wrote_is_nothing_to_send_again(hospital: Hospital) -> None:
    (received,) = await hospital.receive("你好", ZHANG)
    with pytest.raises(SmsNotFoundError):
        await resend(hospital, NURSE, received)
