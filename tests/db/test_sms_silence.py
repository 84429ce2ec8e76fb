"""A person is in the conversation: the machine keeps out of it, and what a person says settles what waited."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.calls import handlers as call_handlers
from crm_core.kernel.actor import SYSTEM, Actor
from crm_core.kernel.db import open_database
from crm_core.kernel.errors import InvalidInputError
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from crm_core.users import service as users
from sms import answering, service, thread_store, writing
from sms.handlers import SUBSCRIPTIONS
from sms.model import Purpose
from sms.writing import Draft
from tests.db.sms_hospital import LETTERHEAD, STRANGER, ZHANG, Clock, Hospital

pytestmark = pytest.mark.db
HINT = "请立即拨打120"


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    clock = Clock()
    subscriptions = (*SUBSCRIPTIONS, *call_handlers.SUBSCRIPTIONS)
    async with open_database(database_url, subscriptions=subscriptions, clock=clock) as db:
        hospital = Hospital(db, clock)
        await hospital.open()
        yield hospital


async def staff(hospital: Hospital, login: str = "nurse", role: str = "nurse") -> Actor:
    made = await users.create(
        hospital.db, SYSTEM, login=login, name=login.title(), role=role, password="a-long-password-9"
    )
    return made.actor


async def writes(hospital: Hospital, who: Actor, text: str, purpose: Purpose = Purpose.CARE) -> None:
    hospital.clock.now += timedelta(minutes=1)
    await writing.write(hospital.db, who, Draft(ZHANG, text, purpose), letterhead=LETTERHEAD)


async def test_after_a_nurse_has_answered_the_machine_says_nothing_and_thanks_are_no_task(hospital: Hospital) -> None:
    await hospital.patient()
    nurse = await staff(hospital)
    assert "您的短信已收到，工作人员将尽快回复" in await hospital.says("我上周三做的胃镜，报告什么时候出")
    await writes(hospital, nurse, "您好，报告已出，请到三楼领取。")
    assert await hospital.tasks() == []
    assert await hospital.says("好的，谢谢护士") == ""
    assert await hospital.tasks() == []
    assert await hospital.says("1") == ""  # no machine's menu either
    ((whose,),) = await hospital.rows("SELECT assigned_to FROM task WHERE status = 'open'")
    assert whose == nurse.user_id


async def test_half_a_day_later_the_machine_answers_again(hospital: Hospital) -> None:
    await hospital.patient()
    await writes(hospital, await staff(hospital), "您好")
    hospital.clock.now += answering.SILENT_FOR - timedelta(minutes=1)
    assert await hospital.says("预约") == ""
    hospital.clock.now += timedelta(minutes=2)
    assert "请选择科室" in await hospital.says("预约")


async def test_how_long_the_machine_is_silent_is_a_setting(hospital: Hospital) -> None:
    await hospital.patient()
    await writes(hospital, await staff(hospital), "您好")
    (sms_id,) = await hospital.receive("预约")
    await answering.answer(hospital.db, sms_id, LETTERHEAD, silent_for=timedelta(0))
    assert "请选择科室" in await hospital.reply_to(sms_id)


async def test_a_reminder_after_a_nurses_text_is_answered_by_its_words(hospital: Hospital) -> None:
    patient = await hospital.patient()
    booked = await scheduling.book(
        hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots["int"][0], channel="web"
    )
    nurse = await staff(hospital)
    await writes(hospital, nurse, "您好")
    assert await hospital.says("确认") == ""
    hospital.clock.now += timedelta(minutes=1)
    await service.remind_by_sms(hospital.db, nurse, booked.id, letterhead=LETTERHEAD)
    assert "已确认" in await hospital.says("确认")


async def test_refusing_our_texts_works_while_a_nurse_is_in_the_conversation(hospital: Hospital) -> None:
    await hospital.patient()
    await writes(hospital, await staff(hospital), "您好")
    assert "已为您退订" in await hospital.says("退订")


async def test_who_may_need_an_ambulance_is_always_told_the_number(hospital: Hospital) -> None:
    await hospital.patient()
    assert HINT in await hospital.says("孩子发烧39度怎么办")
    assert HINT in await hospital.says("孩子昏迷了", STRANGER)
    assert HINT in await hospital.says("他还在抽搐", STRANGER)
    assert (await hospital.says("咨询 胸痛")).count("120") == 1
    await writes(hospital, await staff(hospital), "请量体温")
    assert HINT in await hospital.says("39.8度")
    due = "SELECT due_at - $1 FROM task WHERE status = 'open' AND msisdn = $2"
    assert await hospital.rows(due, hospital.clock.now, ZHANG) == [(answering.URGENT_WITHIN,)]


async def test_an_emergency_makes_what_waits_already_urgent(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.says("我想问一下报告")
    await hospital.says("突然胸痛")
    due = "SELECT due_at - $1 FROM task WHERE status = 'open'"
    assert await hospital.rows(due, hospital.clock.now) == [(answering.URGENT_WITHIN,)]


async def test_staff_write_under_the_hospitals_name_once(hospital: Hospital) -> None:
    await hospital.patient()
    nurse = await staff(hospital)
    for text in ("请来取报告", "【示例医院】请来取报告", "Please fetch your report"):
        await writes(hospital, nurse, text)
    assert [sms.text for sms in await hospital.messages()] == [
        "【示例医院】请来取报告",
        "【示例医院】请来取报告",
        "[Example Hospital] Please fetch your report",
    ]
    assert {sms.writer for sms in await hospital.messages()} == {"Nurse"}
    with pytest.raises(InvalidInputError):
        await writes(hospital, nurse, "   ")


async def test_what_the_machine_wrote_has_no_writer(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.says("预约")
    assert [sms.writer for sms in await hospital.messages()] == [""]


async def test_an_advertisement_answers_nobody(hospital: Hospital) -> None:
    await hospital.patient()
    await hospital.says("我想问一下报告")
    await hospital.says("恢复")
    supervisor = await staff(hospital, "boss", "supervisor")
    async with hospital.db.connection() as conn:
        await conn.execute(
            "INSERT INTO consent (msisdn, purpose, channel, decision, source, evidence, at) "
            "VALUES ($1, 'marketing', 'sms', 'opt_in', 'staff', '', $2)",
            ZHANG,
            hospital.clock.now,
        )
    await writes(hospital, supervisor, "体检优惠，拒收请回复R", Purpose.MARKETING)
    assert await hospital.tasks() == ["answer_sms"]


async def test_whoever_takes_the_task_looks_after_the_conversation(hospital: Hospital) -> None:
    await hospital.patient()
    nurse, other = await staff(hospital), await staff(hospital, "li", "agent")
    await hospital.says("我想问一下报告")
    await tasks.assign(hospital.db, other, await hospital.open_task(), other.user_id)
    async with hospital.db.connection() as conn:
        assert await thread_store.owner_of(conn, ZHANG) == other.user_id
    await writes(hospital, nurse, "报告已出")
    await hospital.says("在几楼取？")
    ((whose,),) = await hospital.rows("SELECT assigned_to FROM task WHERE status = 'open'")
    assert whose == other.user_id
