"""The first page: one list of what waits for this person, in one call, and nothing a role may not see."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.calls import service as calls
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import Linkedid, Msisdn
from crm_core.tasks import service as tasks
from crm_core.tasks.model import NewTask
from overview import today
from tests.db.hotline import CALLER, Hotline, opened, register
from tests.statements import logged

pytestmark = pytest.mark.db
MARKETER = Actor(ActorKind.USER, "ma", Role.MARKETER)
STRANGER = Msisdn("+8613911112222")


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url, connections=1) as hotline:
        yield hotline


async def asked(hotline: Hotline, number: Msisdn, text: str) -> int:
    async with hotline.db.transaction(SYSTEM) as tx:
        consultation_id = await consultations.open_in(tx, number, "sms", text)
        await tasks.open_in(tx, "answer_sms", number, f"consultations/{consultation_id}")
    return consultation_id


async def test_callers_my_work_and_what_nobody_has_taken_are_one_page_of_few_statements(hotline: Hotline) -> None:
    await register(hotline, "张三丰", CALLER)
    chen = hotline.agents["chen"]
    await tasks.create(hotline.db, chen, NewTask(text="寄病历", assigned_to=chen.user_id))
    await asked(hotline, STRANGER, "多少钱")
    call = await hotline.start()
    await calls.queued(hotline.db, call.id, "operators")
    async with logged(hotline.db) as statements:
        shown = await today.show(hotline.db, chen)
    assert len(statements) <= 13, [one.query for one in statements]
    assert shown.queue is not None
    assert ([one.name for one in shown.queue.first], [task.text for task in shown.mine]) == (["张三丰"], ["寄病历"])
    assert [shown.asked[task.id] for task in shown.unowned] == ["多少钱"]
    assert shown.team == today.Team(unanswered=1, overdue=0, unowned=1)


async def test_what_is_mine_is_not_my_colleagues(hotline: Hotline) -> None:
    chen, li = hotline.agents["chen"], hotline.agents["li"]
    await tasks.create(hotline.db, chen, NewTask(text="寄病历", assigned_to=li.user_id))
    assert (await today.show(hotline.db, chen)).mine == []
    assert [task.text for task in (await today.show(hotline.db, li)).mine] == ["寄病历"]


async def test_a_person_sees_what_they_have_done_since_midnight(hotline: Hotline) -> None:
    chen = hotline.agents["chen"]
    for linkedid in ("1.1", "2.1"):
        call = await hotline.start(Linkedid(linkedid))
        await calls.agent_rang(hotline.db, call.linkedid, "desk-01")
        await calls.connected(hotline.db, call.linkedid, "desk-01")
        await calls.ended(hotline.db, call.linkedid, "normal")
        await calls.set_disposition(hotline.db, chen, call.id, "question_answered")
        await tasks.done(
            hotline.db, chen, await tasks.create(hotline.db, chen, NewTask(text="x", assigned_to=chen.user_id))
        )
    figures = (await today.show(hotline.db, chen)).figures
    assert (figures.calls, figures.tasks, figures.texts, figures.bookings) == (2, 2, 0, 0)
    assert (await today.show(hotline.db, hotline.agents["li"])).figures.calls == 0
    hotline.now += timedelta(hours=12)  # after midnight in the hospital
    assert (await today.show(hotline.db, chen)).figures.calls == 0


async def test_a_marketer_sees_who_asks_and_no_patients_texts_calls_or_tasks(hotline: Hotline) -> None:
    await asked(hotline, STRANGER, "白内障手术多少钱")
    call = await hotline.start()
    await calls.queued(hotline.db, call.id, "operators")
    shown = await today.show(hotline.db, MARKETER)
    assert (shown.queue, shown.team, shown.mine, shown.unowned, shown.asked) == (None, None, [], [], {})
    assert [one.text for one in shown.questions] == ["白内障手术多少钱"]


async def test_an_auditor_has_no_such_page(hotline: Hotline) -> None:
    with pytest.raises(ForbiddenError):
        await today.show(hotline.db, Actor(ActorKind.USER, "auditor", Role.AUDITOR))


async def test_who_is_shown_is_written_down_once_however_often_the_page_asks(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", CALLER)
    chen = hotline.agents["chen"]
    await tasks.create(hotline.db, chen, NewTask(text="寄病历", patient_id=patient.id, assigned_to=chen.user_id))
    for again in (False, True, True):
        await today.show(hotline.db, chen, again=again)
    async with hotline.db.connection() as conn:
        rows = await conn.fetch("SELECT detail FROM audit WHERE action = 'list tasks'")
    assert [row["detail"]["patient_ids"] for row in rows] == [[patient.id]]
