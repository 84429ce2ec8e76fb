"""Texts come in, the hospital answers: on a real database, one transaction per message."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.consent import service as consent
from crm_core.kernel.actor import SMS_SENDER, SYSTEM
from crm_core.kernel.db import open_database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn
from crm_core.scheduling import service as scheduling
from sms import answering, service, store
from sms.errors import ContactForbiddenError
from sms.handlers import SUBSCRIPTIONS
from tests.databases import run_as_owner
from tests.db.sms_hospital import LETTERHEAD, NOON, STRANGER, ZHANG, Clock, Hospital

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    clock = Clock()
    async with open_database(database_url, subscriptions=SUBSCRIPTIONS, clock=clock) as db:
        hospital = Hospital(db, clock)
        await hospital.open()
        yield hospital


async def test_four_texts_book_an_appointment(hospital: Hospital) -> None:
    patient = await hospital.patient()
    answers = [await hospital.says(text) for text in ("预约", "1", "1", "1")]
    assert await hospital.appointments() == [(patient, hospital.slots["int"][0], "booked")]
    assert answers[0].startswith("【示例医院】请选择科室，回复数字：\n1. 内科\n2. 妇科")
    assert "1. 11月24日(周二)09:00 王建国医生" in answers[1]
    assert "预约成功：11月24日(周二)09:00 王建国医生" in answers[3]
    assert await hospital.tasks() == []


async def test_an_english_patient_reads_english(hospital: Hospital) -> None:
    await hospital.patient("John Smith", ZHANG, language="en")
    answers = [await hospital.says(text) for text in ("Book", "1", "1", "yes")]
    assert answers[0].startswith("[Example Hospital] Choose a department")
    assert "Booked: Tue 24 Nov 09:00 Wang Jianguo" in answers[3]


async def test_a_place_gone_meanwhile_is_said_and_others_are_offered(hospital: Hospital) -> None:
    await hospital.patient()
    other = await hospital.patient("李小龙", "13900000001")
    for text in ("预约", "1", "1"):
        await hospital.says(text)
    await scheduling.book(hospital.db, SYSTEM, patient_id=other, slot_id=hospital.slots["int"][0], channel="ivr")
    answer = await hospital.says("1")
    assert "抱歉，这个时间刚被约满" in answer
    assert "09:30" in answer
    assert "09:00" not in answer
    await hospital.says("1")
    assert "预约成功" in await hospital.says("1")


async def test_forty_people_text_for_the_last_place_and_one_gets_it(hospital: Hospital) -> None:
    numbers = [f"+86138{n:08d}" for n in range(40)]
    for n, number in enumerate(numbers):
        await hospital.patient(f"病人{n}", number)
    for number in numbers:
        for text in ("预约 妇科", "1"):
            await hospital.says(text, number)
    answers = await asyncio.gather(*(hospital.says("1", number) for number in numbers))
    assert sum("预约成功" in answer for answer in answers) == 1
    assert sum("约满" in answer or "没有可预约" in answer for answer in answers) == 39
    assert len(await hospital.appointments()) == 1


async def test_a_family_phone_is_asked_who(hospital: Hospital) -> None:
    await hospital.patient("张三丰")
    child = await hospital.patient("张无忌")
    answers = [await hospital.says(text) for text in ("预约 内科", "2", "1")]
    assert "1. 张三丰\n2. 张无忌" in answers[0]
    assert "张无忌，预约成功" in answers[2]
    assert [row[0] for row in await hospital.appointments()] == [child]
    texts = """
        SELECT s.text FROM timeline_entry e JOIN sms s ON e.ref = 'sms/' || s.id
        WHERE e.patient_id = $1 AND e.kind = 'sms' ORDER BY e.id
    """
    assert await hospital.rows(texts, child) == [("2",), ("1",)]


async def test_cancelling_by_text_frees_the_place(hospital: Hospital) -> None:
    patient = await hospital.patient()
    await scheduling.book(hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots["gyn"][0], channel="web")
    assert "要取消 11月24日(周二)09:00" in await hospital.says("取消")
    assert "已取消" in await hospital.says("1")
    assert [row[2] for row in await hospital.appointments()] == ["cancelled"]


async def test_a_reminder_is_confirmed_moved_and_asked_about(hospital: Hospital) -> None:
    patient = await hospital.patient()
    booked = await scheduling.book(
        hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots["int"][0], channel="web"
    )
    await service.remind_by_sms(hospital.db, SYSTEM, booked.id, letterhead=LETTERHEAD)
    assert "已确认" in await hospital.says("确认")
    assert "1. 11月24日(周二)09:00" in await hospital.says("查询")
    assert "09:30" in await hospital.says("改期")
    await hospital.says("1")
    assert "改期成功：11月24日(周二)09:30" in await hospital.says("1")
    assert [row[1:] for row in await hospital.appointments()] == [
        (hospital.slots["int"][0], "cancelled"),
        (hospital.slots["int"][1], "booked"),
    ]


async def test_refusing_is_confirmed_once_and_works_at_once(hospital: Hospital) -> None:
    await hospital.patient()
    waiting = await service.queue(
        hospital.db, SYSTEM, to=ZHANG, text="【示例医院】通知", purpose="notice", zone=LETTERHEAD.timezone
    )
    assert "已为您退订" in await hospital.says("退订")
    assert await hospital.says("Ｔ") == ""
    with pytest.raises(ContactForbiddenError, match="opted_out"):
        await service.queue(hospital.db, SYSTEM, to=ZHANG, text="通知", purpose="notice", zone=LETTERHEAD.timezone)
    await service.queue(hospital.db, SYSTEM, to=ZHANG, text="就诊提醒", purpose="care", zone=LETTERHEAD.timezone)
    assert "恢复" in await hospital.says("恢复")
    hospital.clock.now += timedelta(days=2)
    await service.queue(hospital.db, SYSTEM, to=ZHANG, text="通知", purpose="notice", zone=LETTERHEAD.timezone)
    async with hospital.db.connection() as conn:
        assert (await store.get(conn, waiting)) is not None


async def test_refusing_everything_stops_reminders_but_not_booking(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.says("全部退订")
    with pytest.raises(ContactForbiddenError, match="opted_out"):
        await service.queue(hospital.db, SYSTEM, to=ZHANG, text="就诊提醒", purpose="care", zone=LETTERHEAD.timezone)
    assert [await hospital.says(text) for text in ("预约", "1", "1", "1")][-1].startswith("【示例医院】预约成功")


async def test_a_stranger_becomes_a_consultation_and_gets_one_polite_answer(hospital: Hospital) -> None:
    assert "还没有登记" in await hospital.says("预约 内科", STRANGER)
    assert await hospital.says("喂？", STRANGER) == ""
    ((text, source),) = await hospital.rows("SELECT text, source FROM consultation")
    assert ("预约 内科" in str(text), source) == (True, "sms")
    assert set(await hospital.tasks()) == {"answer_sms"}


async def test_a_stranger_who_writes_english_reads_english(hospital: Hospital) -> None:
    assert (await hospital.says("I want to see a doctor", STRANGER)).startswith("[Example Hospital] Hello")


async def test_a_stranger_may_refuse_too(hospital: Hospital) -> None:
    assert "退订" in await hospital.says("T", STRANGER)
    permission = None
    async with hospital.db.connection() as conn:
        permission = await consent.may_contact(
            conn, purpose="notice", channel="sms", msisdn=STRANGER, now=NOON, zone=LETTERHEAD.timezone
        )
    assert permission.rule == "opted_out"


async def test_what_is_not_understood_is_helped_and_given_to_a_person(hospital: Hospital) -> None:
    await hospital.patient()
    assert "您的短信已收到" in await hospital.says("我昨天吃的药好像不对")
    assert await hospital.tasks() == ["answer_sms"]
    ((read_at,),) = await hospital.rows("SELECT read_at FROM sms WHERE direction = 'in'")
    assert read_at is None


async def test_a_question_goes_to_a_person(hospital: Hospital) -> None:
    await hospital.patient()
    assert "转给工作人员" in await hospital.says("咨询 孩子发烧39度怎么办")
    assert await hospital.tasks() == ["answer_sms"]


@pytest.mark.parametrize("sender", ["10086", "106912345678", "Hospital", "BankCard"])
async def test_short_codes_and_names_are_never_answered(hospital: Hospital, sender: str) -> None:
    assert await hospital.says("预约", sender) == ""
    assert [(sms.peer, sms.text) for sms in await hospital.messages("in")] == [(sender, "预约")]


async def test_a_machine_on_the_other_side_does_not_talk_for_ever(hospital: Hospital) -> None:
    await hospital.patient()
    answers = [await hospital.says(f"自动回复{n}") for n in range(30)]
    assert sum(bool(answer) for answer in answers) == answering.MAX_REPLIES_PER_HOUR
    assert "answer_sms" in await hospital.tasks()
    assert "已为您退订" in await hospital.says("T")
    hospital.clock.now += timedelta(hours=2)
    assert await hospital.says("帮助") != ""


async def test_our_own_words_sent_back_are_not_answered(hospital: Hospital) -> None:
    await hospital.patient()
    answer = await hospital.says("帮助")
    assert await hospital.says(answer) == ""


async def test_a_conversation_is_forgotten_after_half_an_hour(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.says("预约")
    hospital.clock.now += timedelta(minutes=31)
    assert "您的短信已收到" in await hospital.says("1")


async def test_a_message_handled_twice_has_one_effect(hospital: Hospital) -> None:
    await hospital.patient()
    for text in ("预约 内科", "1"):
        await hospital.says(text)
    (sms_id,) = await hospital.receive("1")
    await asyncio.gather(*(answering.answer(hospital.db, sms_id, LETTERHEAD) for _ in range(5)))
    assert len(await hospital.appointments()) == 1
    assert len(await hospital.rows("SELECT id FROM sms WHERE reply_to_id = $1", sms_id)) == 1


async def test_texts_of_one_person_are_handled_in_order_whatever_the_order_of_the_jobs(hospital: Hospital) -> None:
    await hospital.patient()
    ids = [sms_id for text in ("预约", "1", "1", "1") for sms_id in await hospital.receive(text)]
    await asyncio.gather(*(answering.answer(hospital.db, sms_id, LETTERHEAD) for sms_id in reversed(ids)))
    assert [row[2] for row in await hospital.appointments()] == ["booked"]


async def test_a_stumble_over_one_message_gives_it_to_a_person(hospital: Hospital, owner_url: str) -> None:
    await hospital.patient()
    (sms_id,) = await hospital.receive("预约")
    await run_as_owner(owner_url, "ALTER TABLE sms_conversation RENAME TO elsewhere")
    await answering.answer(hospital.db, sms_id, LETTERHEAD)
    assert await hospital.tasks() == ["answer_sms"]
    assert await hospital.reply_to(sms_id) == ""


async def test_a_text_from_a_patient_enqueues_the_answer(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.receive("预约")
    ((name, payload),) = await hospital.rows("SELECT entrypoint, convert_from(payload, 'UTF8') FROM pgqueuer")
    assert name == "answer_sms"
    assert json.loads(str(payload)) == {"sms_id": 1}


async def test_the_sender_is_on_the_timeline(hospital: Hospital) -> None:
    patient = await hospital.patient()
    await hospital.receive("帮助")
    ((code, args, text),) = await hospital.rows(
        "SELECT e.code, e.args, s.text FROM timeline_entry e JOIN sms s ON e.ref = 'sms/' || s.id "
        "WHERE e.patient_id = $1",
        patient,
    )
    assert (code, args, text) == ("sms.received", {}, "帮助")  # its words are not copied


async def test_nobody_may_be_texted_by_a_made_up_number(hospital: Hospital) -> None:
    with pytest.raises(InvalidInputError):
        await service.queue(
            hospital.db, SMS_SENDER, to=Msisdn("10086"), text="x", purpose="care", zone=LETTERHEAD.timezone
        )


async def test_who_is_expected_elsewhere_then_is_offered_other_times_by_text(hospital: Hospital) -> None:
    patient = await hospital.patient()
    for text in ("预约", "1", "1"):
        await hospital.says(text)
    await scheduling.book(hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots["gyn"][0], channel="web")
    answer = await hospital.says("1")
    assert "您在这个时间已有其他预约" in answer
    assert "09:00" not in answer
    assert "09:30" in answer
    assert "预约成功" in [await hospital.says(text) for text in ("1", "1")][-1]
