"""The inbox: what the patient said, who answered, whose it is, what is found, and what stands beside it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, Role
from crm_core.kernel.errors import ForbiddenError, InvalidInputError, StaleError
from crm_core.kernel.ids import Msisdn, ThreadId
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from crm_core.users import service as users
from crm_core.users.errors import UserNotFoundError
from overview import inbox
from sms import canned, thread_store, threads, writing
from sms.canned_model import NewCanned
from sms.errors import TitleTakenError, UnfilledError
from sms.model import Purpose, Thread
from sms.threads import Filter, Wanted
from sms.writing import Draft
from tests.databases import run_as_owner
from tests.db.sms_hospital import LETTERHEAD, NOON, STRANGER, ZHANG, Hospital
from tests.db.sms_queue import opened
from tests.db.test_sms_threads import AT_ONCE, Asked, plan_of

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


async def staff(hospital: Hospital, login: str, role: str = "nurse") -> Actor:
    made = await users.create(
        hospital.db, SYSTEM, login=login, name=login.title(), role=role, password="a-long-password-9"
    )
    return made.actor


async def listed(hospital: Hospital, who: Actor, text: str = "", filter: Filter = Filter.ALL) -> list[Thread]:
    return list((await threads.page(hospital.db, who, Wanted(text=text, filter=filter))).threads)


async def thread_of(hospital: Hospital, peer: str = ZHANG) -> ThreadId:
    async with hospital.db.connection() as conn:
        return await thread_store.id_with(conn, peer)


async def writes(hospital: Hospital, who: Actor, text: str, to: Msisdn = ZHANG) -> None:
    hospital.clock.now += timedelta(minutes=1)
    await writing.write(hospital.db, who, Draft(to, text, Purpose.CARE), letterhead=LETTERHEAD)


async def test_a_row_shows_what_the_patient_said_and_who_wrote_after_that(hospital: Hospital) -> None:
    await hospital.patient()
    nurse = await staff(hospital, "nurse")
    await hospital.says("我上周做的胃镜，报告出了吗")
    (row,) = await listed(hospital, nurse)
    assert (row.last_text, row.is_ours, row.writer, row.is_waiting) == ("我上周做的胃镜，报告出了吗", True, "", True)
    await writes(hospital, nurse, "报告已出")
    (row,) = await listed(hospital, nurse)
    assert (row.last_text, row.is_ours, row.writer, row.is_waiting) == (
        "我上周做的胃镜，报告出了吗",
        True,
        "Nurse",
        False,
    )


async def test_whom_only_we_wrote_to_shows_our_words(hospital: Hospital) -> None:
    nurse = await staff(hospital, "nurse")
    await writes(hospital, nurse, "请来取报告")
    (row,) = await listed(hospital, nurse)
    assert (row.last_text, row.last_direction.value) == ("【示例医院】请来取报告", "out")


async def test_filters_show_who_waits_and_what_is_mine(hospital: Hospital) -> None:
    await hospital.patient()
    nurse, other = await staff(hospital, "nurse"), await staff(hospital, "li")
    await hospital.says("报告出了吗")
    hospital.clock.now += timedelta(minutes=1)
    await hospital.says("预约")  # the machine answers this one: the first still waits
    await hospital.says("你好", STRANGER)
    await writes(hospital, nurse, "请问您是哪位", STRANGER)
    assert [row.peer for row in await listed(hospital, nurse, filter=Filter.UNANSWERED)] == [ZHANG]
    now = await threads.give(hospital.db, nurse, await thread_of(hospital), other.user_id)
    assert (now.owner_id, now.is_waiting) == (other.user_id, True)
    assert [row.peer for row in await listed(hospital, other, filter=Filter.MINE)] == [ZHANG]
    assert await listed(hospital, nurse, filter=Filter.MINE) == []
    assert await hospital.rows("SELECT assigned_to FROM task WHERE status = 'open'") == [(other.user_id,)]


async def test_what_needs_no_answer_is_taken_out_by_a_press_and_by_done(hospital: Hospital) -> None:
    await hospital.patient()
    nurse = await staff(hospital, "nurse")
    await hospital.says("报告收到了，没别的事")
    assert not (await threads.need_no_answer(hospital.db, nurse, await thread_of(hospital))).is_waiting
    await hospital.says("还有一件事")
    await tasks.done(hospital.db, nurse, await hospital.open_task())
    assert await listed(hospital, nurse, filter=Filter.UNANSWERED) == []


async def test_a_conversation_is_given_only_to_who_may_read_it_and_only_by_them(hospital: Hospital) -> None:
    await hospital.receive("你好")
    nurse, marketer = await staff(hospital, "nurse"), await staff(hospital, "ma", "marketer")
    thread_id = await thread_of(hospital)
    with pytest.raises(UserNotFoundError):
        await threads.give(hospital.db, nurse, thread_id, marketer.user_id)
    auditor = Actor(nurse.kind, "auditor", Role.AUDITOR)
    with pytest.raises(ForbiddenError):
        await threads.give(hospital.db, auditor, thread_id, nurse.user_id)


@pytest.mark.parametrize("words", ["胃镜", "做的胃镜", "100%", "三楼"])
async def test_a_conversation_is_found_by_words_of_theirs_or_of_staff(hospital: Hospital, words: str) -> None:
    await hospital.patient()
    nurse = await staff(hospital, "nurse")
    await hospital.says("我上周做的胃镜 100% 正常吗")
    await hospital.says("你好，100块够吗", STRANGER)
    await writes(hospital, nurse, "请到三楼")
    assert [row.peer for row in await listed(hospital, nurse, words)] == [ZHANG]


async def test_words_of_the_machine_are_not_looked_through(hospital: Hospital) -> None:
    await hospital.patient()
    nurse = await staff(hospital, "nurse")
    await hospital.says("预约")
    assert await listed(hospital, nurse, "请选择科室") == []


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_words_are_looked_for_in_the_newest_texts_only_and_by_an_index(
    hospital: Hospital, owner_url: str, mode: str
) -> None:
    async with hospital.db.connection() as conn:
        for first in range(1, 2 * threads.TEXTS_SEARCHED, AT_ONCE):
            await conn.execute(
                "INSERT INTO sms (direction, peer, text, state, created_by, created_at, not_before) "
                "SELECT 'in', '+86139' || lpad((n % 3000)::text, 8, '0'), 'text ' || n, 'received', 'modem', $1, $1 "
                "FROM generate_series($2::int, $3::int) AS n",
                NOON,
                first,
                first + AT_ONCE - 1,
            )
    await run_as_owner(owner_url, "ANALYZE")
    async with hospital.db.connection() as conn:
        with conn.query_logger(asked := Asked()):
            old = await thread_store.peers_saying(conn, "text 7", lately=threads.TEXTS_SEARCHED, limit=50)
            new = await thread_store.peers_saying(conn, "text 3999", lately=threads.TEXTS_SEARCHED, limit=50)
        await conn.execute(f"SET plan_cache_mode = {mode}")
        plans = [await plan_of(conn, query) for query in asked.queries]
        await conn.execute("RESET plan_cache_mode")
    assert (old, len(new), len(plans)) == ([], 10, 2)
    assert [plan for plan in plans if "Seq Scan" in plan] == []


async def test_beside_a_conversation_stands_who_it_is_and_what_may_be_answered(hospital: Hospital) -> None:
    patient = await hospital.patient()
    nurse, boss = await staff(hospital, "nurse"), await staff(hospital, "boss", "supervisor")
    await scheduling.book(hospital.db, SYSTEM, patient_id=patient, slot_id=hospital.slots["int"][0], channel="web")
    await canned.create(hospital.db, boss, NewCanned("复诊提醒", "{name}您好，请于{appointment}到院，咨询{hotline}。"))
    await hospital.says("退订")
    conversation = await threads.read(hospital.db, nurse, await thread_of(hospital))
    shown = await inbox.beside(hospital.db, nurse, conversation, letterhead=LETTERHEAD, hotline="4000")
    (person,) = shown.people
    assert (person.patient.id, person.next is not None, shown.never) == (patient, True, False)
    assert set(shown.refused) == {"notice", "marketing"}
    assert [one.text for one in shown.canned] == ["张三丰您好，请于11月24日(周二)09:00到院，咨询4000。"]


async def test_a_family_is_not_called_by_one_of_its_names_and_a_gap_is_never_sent(hospital: Hospital) -> None:
    await hospital.patient("张三丰")
    await hospital.patient("张无忌")
    nurse, boss = await staff(hospital, "nurse"), await staff(hospital, "boss", "supervisor")
    await canned.create(hospital.db, boss, NewCanned("问候", "{name}您好", "Dear {name}"))
    await hospital.receive("你好")
    conversation = await threads.read(hospital.db, nurse, await thread_of(hospital))
    shown = await inbox.beside(hospital.db, nurse, conversation, letterhead=LETTERHEAD, hotline="4000")
    assert ([one.text for one in shown.canned], len(shown.people)) == (["{name}您好"], 2)
    with pytest.raises(UnfilledError):
        await writes(hospital, nurse, shown.canned[0].text)


async def test_supervisors_keep_canned_answers_and_see_what_others_changed(hospital: Hospital) -> None:
    nurse, boss = await staff(hospital, "nurse"), await staff(hospital, "boss", "supervisor")
    new = NewCanned("报告", "报告已出", "Your report is ready")
    canned_id = await canned.create(hospital.db, boss, new)
    with pytest.raises(TitleTakenError):
        await canned.create(hospital.db, boss, new)
    for wrong, field in (
        (NewCanned("", "x"), "title"),
        (NewCanned("x", "{x}"), "text"),
        (NewCanned("x", "y", "{"), "text_en"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            await canned.create(hospital.db, boss, wrong)
        assert refused.value.field == field
    with pytest.raises(ForbiddenError):
        await canned.create(hospital.db, nurse, NewCanned("x", "y"))
    await canned.change(hospital.db, boss, canned_id, 1, NewCanned("报告", "报告已出，请到三楼领取"))
    with pytest.raises(StaleError):
        await canned.change(hospital.db, boss, canned_id, 1, new)
    with pytest.raises(StaleError):
        await canned.remove(hospital.db, boss, canned_id, 1)
    await canned.remove(hospital.db, boss, canned_id, 2)
    assert await canned.listed(hospital.db, nurse) == []
    await canned.create(hospital.db, boss, new)  # the title is free again
