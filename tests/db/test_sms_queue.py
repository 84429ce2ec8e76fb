"""What leaves, when, and never twice: the queue around a modem, on a real database without one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn
from sms import outbound, service
from sms.delivery import MAX_TRIES, Refusal
from sms.errors import ContactForbiddenError
from sms.model import SmsState
from tests.db.sms_hospital import LETTERHEAD, NOON, ZHANG, Hospital
from tests.db.sms_queue import claim, claimed, heard, opened, queue, segment_states, send, sms

pytestmark = pytest.mark.db
LONG = "请按时复诊。" * 40  # four segments


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


async def test_what_was_being_sent_when_the_server_died_is_never_sent_again(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    await claimed(hospital)
    assert await outbound.park_found_sending(hospital.db, "sim1") == 1
    assert await claim(hospital) is None
    found = await sms(hospital, sms_id)
    assert (found.state, await hospital.tasks()) == (SmsState.UNKNOWN, ["check_outcome"])
    assert await segment_states(hospital, sms_id) == ["unknown"]


async def test_what_another_modem_is_sending_is_left_alone(hospital: Hospital) -> None:
    await queue(hospital)
    await claimed(hospital, "sim2")
    assert await outbound.park_found_sending(hospital.db, "sim1") == 0


async def test_a_modem_that_was_taken_away_leaves_no_message_in_the_air(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    await claimed(hospital, "gone")
    hospital.clock.now += timedelta(hours=2)
    assert await outbound.park_stuck(hospital.db) == 1
    assert (await sms(hospital, sms_id)).state is SmsState.UNKNOWN


async def test_a_refusal_for_now_waits_and_tries_the_whole_again_with_a_new_reference(hospital: Hospital) -> None:
    sms_id = await queue(hospital, LONG)
    first = await claimed(hospital)
    await outbound.record_sent(hospital.db, first, 1, 10)
    await outbound.record_refused(hospital.db, first, Refusal.TEMPORARY, "+CMS ERROR: 42")
    assert await claim(hospital) is None
    hospital.clock.now += timedelta(seconds=20)
    again = await claimed(hospital)
    assert (again.sms_id, len(again.submits)) == (sms_id, 4)
    assert again.submits[0].concat_reference != first.submits[0].concat_reference
    assert await segment_states(hospital, sms_id) == ["sending", "queued", "queued", "queued"]


async def test_refusals_for_now_end_one_day(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    for _ in range(MAX_TRIES):
        await outbound.record_refused(hospital.db, await claimed(hospital), Refusal.TEMPORARY, "+CMS ERROR: 42")
        hospital.clock.now += timedelta(minutes=31)
    found = await sms(hospital, sms_id)
    assert (found.state, found.reason) == (SmsState.FAILED, "+CMS ERROR: 42")


async def test_a_refusal_for_ever_fails_with_its_reason(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    await outbound.record_refused(hospital.db, await claimed(hospital), Refusal.PERMANENT, "+CMS ERROR: 1")
    found = await sms(hospital, sms_id)
    assert (found.state, found.reason) == (SmsState.FAILED, "+CMS ERROR: 1")
    assert await segment_states(hospital, sms_id) == ["failed"]


async def test_recording_twice_changes_nothing(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    taken = await claimed(hospital)
    for _ in range(2):
        await outbound.record_sent(hospital.db, taken, 1, 10)
    await heard(hospital, 10, 0)
    await outbound.record_sent(hospital.db, taken, 1, 99)
    await outbound.record_refused(hospital.db, taken, Refusal.UNKNOWN, "late")
    assert (await sms(hospital, sms_id)).state is SmsState.DELIVERED


async def test_two_hundred_who_refused_do_not_hold_up_who_did_not(hospital: Hospital) -> None:
    refused = [Msisdn(f"+861391111{n:04d}") for n in range(200)]
    for number in refused:
        await queue(hospital, "通知", purpose="notice", to=number)
    allowed = await queue(hospital, "通知", purpose="notice")
    async with hospital.db.transaction(SYSTEM) as tx:
        for number in refused:
            await consent.opt_out_in(tx, number, channel="sms", source="staff")
    assert (await claimed(hospital)).sms_id == allowed


async def test_an_answer_goes_before_reminders_and_reminders_before_offers(hospital: Hospital) -> None:
    await allow_offers(hospital)
    offer = await queue(hospital, "【示例医院】体检优惠，拒收请回复R", purpose="marketing")
    reminder = await queue(hospital, "复诊提醒")
    answer = await service.queue(
        hospital.db, SYSTEM, to=ZHANG, text="好的", purpose="care", is_reply=True, zone=LETTERHEAD.timezone
    )
    order = [(await claimed(hospital)).sms_id for _ in range(3)]
    assert order == [answer, reminder, offer]


async def test_ten_workers_never_take_the_same_message(hospital: Hospital) -> None:
    for n in range(20):
        await queue(hospital, f"第{n}条")
    claims = await asyncio.gather(*(claim(hospital, f"sim{n % 10}") for n in range(30)))
    taken = [taken.sms_id for taken in claims if taken]
    assert len(taken) == len(set(taken)) == 20


async def test_an_answer_leaves_by_the_sim_it_came_to_and_by_another_when_that_is_away(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.receive("帮助", modem="sim2")
    await hospital.says("查询")
    ((reply_modem,),) = await hospital.rows("SELECT modem FROM sms WHERE direction = 'out' AND modem <> 'sim1' LIMIT 1")
    assert reply_modem == "sim2"
    await claimed(hospital, "sim1")
    assert await claim(hospital) is None
    hospital.clock.now += timedelta(minutes=2)
    assert (await claimed(hospital, "sim1")).sms_id


async def test_at_night_a_reminder_waits_for_the_morning_and_an_answer_does_not(hospital: Hospital) -> None:
    hospital.clock.now = NOON + timedelta(hours=10)  # 22:00 in Shanghai
    await hospital.receive("还有号吗")
    reminder = await queue(hospital, "复诊提醒")
    answer = await service.queue(
        hospital.db, SYSTEM, to=ZHANG, text="好的", purpose="care", is_reply=True, zone=LETTERHEAD.timezone
    )
    assert (await claimed(hospital)).sms_id == answer
    assert await claim(hospital) is None
    found = await sms(hospital, reminder)
    assert found.not_before == NOON + timedelta(hours=20)  # 08:00
    hospital.clock.now = found.not_before
    assert (await claimed(hospital)).sms_id == reminder


async def test_who_wrote_nothing_is_not_answered_at_night(hospital: Hospital) -> None:
    hospital.clock.now = NOON + timedelta(hours=10)
    await service.queue(
        hospital.db, SYSTEM, to=ZHANG, text="好的", purpose="care", is_reply=True, zone=LETTERHEAD.timezone
    )
    assert await claim(hospital) is None


async def test_quiet_hours_are_asked_again_where_it_leaves(hospital: Hospital) -> None:
    sms_id = await queue(hospital)
    hospital.clock.now = NOON + timedelta(hours=10)
    assert await claim(hospital) is None
    found = await sms(hospital, sms_id)
    assert (found.state, found.reason) == (SmsState.QUEUED, "quiet_hours")


async def test_who_refuses_after_it_was_queued_gets_nothing(hospital: Hospital) -> None:
    sms_id = await queue(hospital, "通知", purpose="notice")
    async with hospital.db.transaction(SYSTEM) as tx:
        await consent.opt_out_in(tx, ZHANG, channel="sms", source="staff")
    assert await claim(hospital) is None
    found = await sms(hospital, sms_id)
    assert (found.state, found.reason) == (SmsState.SUPPRESSED, "opted_out")


async def test_marketing_needs_consent(hospital: Hospital) -> None:
    with pytest.raises(ContactForbiddenError) as forbidden:
        await queue(hospital, "【示例医院】体检优惠，拒收请回复R", purpose="marketing")
    assert forbidden.value.rule == "no_consent"


@pytest.mark.parametrize("text", ["体检优惠，拒收请回复R", "【示例医院】体检优惠"])
async def test_marketing_names_the_sender_and_the_way_out(hospital: Hospital, text: str) -> None:
    with pytest.raises(InvalidInputError):
        await queue(hospital, text, purpose="marketing")


async def allow_offers(hospital: Hospital) -> None:
    await consent.record(
        hospital.db, SYSTEM, ZHANG, purpose="marketing", channel="sms", choice="opt_in", source="staff"
    )


async def test_nobody_gets_two_offers_in_a_week(hospital: Hospital) -> None:
    await allow_offers(hospital)
    offer = "【示例医院】体检优惠，拒收请回复R"
    tries = await asyncio.gather(
        *(queue(hospital, offer, purpose="marketing") for _ in range(5)), return_exceptions=True
    )
    refused = [one for one in tries if isinstance(one, ContactForbiddenError)]
    assert [one.rule for one in refused] == ["frequency_cap"] * 4
    hospital.clock.now += timedelta(days=7, minutes=1)
    await queue(hospital, offer, purpose="marketing")


async def test_a_machine_sends_one_notice_a_day_and_people_as_many_as_they_see_fit(hospital: Hospital) -> None:
    await queue(hospital, "通知一", purpose="notice")
    with pytest.raises(ContactForbiddenError, match="frequency_cap"):
        await queue(hospital, "通知二", purpose="notice")
    nurse = Actor(ActorKind.USER, "nurse", Role.NURSE)
    await service.queue(hospital.db, nurse, to=ZHANG, text="通知三", purpose="notice", zone=LETTERHEAD.timezone)


async def test_care_is_never_capped(hospital: Hospital) -> None:
    """Neither when it is planned nor when it leaves; a fifth of any other kind would wait or be refused."""
    ids = [await send(hospital, f"第{n}次复诊提醒", first_reference=10 + n) for n in range(5)]
    assert [(await sms(hospital, one)).state for one in ids] == [SmsState.SENT] * 5
    await queue(hospital, "通知", purpose="notice")
    with pytest.raises(ContactForbiddenError, match="frequency_cap"):
        await queue(hospital, "通知", purpose="notice")


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "半个\ud83d", "长" * 2000])
async def test_what_cannot_be_sent_is_refused_at_once(hospital: Hospital, text: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        await queue(hospital, text)
    assert error.value.field == "text"


async def test_one_key_is_one_message(hospital: Hospital) -> None:
    ids = await asyncio.gather(
        *(
            service.queue(
                hospital.db, SYSTEM, to=ZHANG, text="一次", purpose="care", dedupe_key="once", zone=LETTERHEAD.timezone
            )
            for _ in range(5)
        )
    )
    assert len(set(ids)) == 1
    assert len(await hospital.messages()) == 1


async def test_the_next_message_is_found_by_an_index(hospital: Hospital) -> None:
    async with hospital.db.connection() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch(
            "EXPLAIN SELECT id FROM sms WHERE state = 'queued' AND not_before <= $1 AND modem IN ('', 'sim1') "
            "ORDER BY priority DESC, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
            datetime.now(NOON.tzinfo),
        )
    assert any("sms_waiting" in row[0] for row in plan)
