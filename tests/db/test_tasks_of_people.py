"""Work that belongs to people: one per person and cause, given, put off, settled by the conversation, undone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from crm_core import migrations
from crm_core.calls import handlers as call_handlers
from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.errors import ConflictError, ForbiddenError, InvalidInputError
from crm_core.kernel.ids import Linkedid, Msisdn, TaskId, Uniqueid, UserId
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.tasks import handlers, service, store
from crm_core.tasks.errors import TaskOpenAlreadyError
from crm_core.tasks.model import NewTask, Order, Task, TaskKind, View
from crm_core.tasks.rules import Snooze, Talk
from crm_core.users import service as users
from crm_core.users.errors import UserNotFoundError
from overview import tasks as work

pytestmark = pytest.mark.db
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # 12:00 in Shanghai
CALLER = Msisdn("+8613800138000")
SUBSCRIPTIONS = (*handlers.SUBSCRIPTIONS, *call_handlers.SUBSCRIPTIONS)


class Ward:
    """A database, a clock that is set, and two people who work."""

    def __init__(self) -> None:
        self.now = NOON
        self.db: Database
        self.chen: Actor
        self.li: Actor

    async def person(self, login: str, role: str = "agent") -> Actor:
        user = await users.create(self.db, SYSTEM, login=login, name=login.title(), role=role, password="a-long-one-9")
        await users.assign_desk(self.db, user.id)
        return user.actor

    async def open(self, kind: str, ref: str, msisdn: Msisdn | None = CALLER) -> TaskId | None:
        async with self.db.transaction(SYSTEM) as tx:
            return await service.open_in(tx, kind, msisdn, ref)

    async def get(self, task_id: TaskId) -> Task:
        async with self.db.connection() as conn:
            found = await store.get(conn, task_id)
        assert found is not None
        return found

    async def listed(self, view: View, actor: Actor | None = None) -> list[TaskId]:
        found = await work.listed(self.db, actor or self.chen, view=view)
        return [task.id for task in found.tasks]

    async def speaks(self, linkedid: str, actor: Actor, direction: str = "out") -> Call:
        """An agent and the caller speak."""
        call = await calls.start(
            self.db,
            linkedid=Linkedid(linkedid),
            uniqueid=Uniqueid(linkedid),
            direction=direction,
            caller=CALLER,
            did="",
        )
        desk = (await users.get(self.db, SYSTEM, UserId(actor.user_id or 0))).desk
        await calls.agent_rang(self.db, call.linkedid, desk or "")
        await calls.connected(self.db, call.linkedid, desk or "")
        return call


@pytest.fixture
async def ward(database_url: str) -> AsyncIterator[Ward]:
    ward = Ward()
    async with open_database(database_url, subscriptions=SUBSCRIPTIONS, clock=lambda: ward.now) as db:
        ward.db = db
        ward.chen, ward.li = await ward.person("chen"), await ward.person("li")
        yield ward


def known(task_id: TaskId | None) -> TaskId:
    assert task_id is not None
    return task_id


async def test_two_texts_of_one_person_are_one_task_and_of_two_are_two(ward: Ward) -> None:
    first = await ward.open("answer_sms", "sms/1")
    assert await ward.open("answer_sms", "sms/2") is None
    assert await ward.open("answer_sms", "sms/3", Msisdn("+8613911112222")) is not None
    assert await ward.open("call_back", "calls/1") is not None
    assert (await ward.get(known(first))).due_at == NOON + timedelta(hours=1)


async def test_the_database_itself_holds_one_open_task_per_person_and_cause(ward: Ward) -> None:
    await ward.open("answer_sms", "sms/1")
    double = "INSERT INTO task (kind, msisdn, ref, due_at, created_at) VALUES ('answer_sms', $1, 'sms/2', now(), now())"
    async with ward.db.connection() as conn:
        with pytest.raises(asyncpg.UniqueViolationError):
            await conn.execute(double, CALLER)


async def test_ten_texts_at_once_open_one_task(ward: Ward) -> None:
    opened = await asyncio.gather(*(ward.open("answer_sms", f"sms/{n}") for n in range(1, 11)))
    assert len([one for one in opened if one is not None]) == 1


async def test_an_agent_who_rings_the_patient_settles_what_waited_for_them(ward: Ward) -> None:
    answer, back = await ward.open("answer_sms", "sms/1"), await ward.open("call_back", "calls/1")
    doubt = await ward.open("check_outcome", "sms/9")
    call = await ward.speaks("1.1", ward.chen)
    for task_id in (answer, back):
        task = await ward.get(known(task_id))
        assert (task.status, task.done_by, task.settled_by) == ("done", "Chen", call.ref)
    assert (await ward.get(known(doubt))).status == "open"


async def test_a_call_in_which_nobody_spoke_settles_nothing(ward: Ward) -> None:
    back = known(await ward.open("call_back", "calls/1"))
    call = await ward.speaks("1.1", ward.chen)
    await calls.ended(ward.db, call.linkedid, "normal")
    await calls.set_disposition(ward.db, ward.chen, call.id, "nobody_there")
    assert (await ward.get(back)).status == "open"
    await calls.set_disposition(ward.db, ward.chen, call.id, "question_answered")
    assert (await ward.get(back)).status == "done"


async def test_call_back_later_is_a_task_of_who_said_so(ward: Ward) -> None:
    call = await ward.speaks("1.1", ward.li, "in")
    await calls.ended(ward.db, call.linkedid, "normal")
    await calls.set_disposition(ward.db, ward.li, call.id, "call_back")
    (mine,) = await ward.listed(View.MINE, ward.li)
    task = await ward.get(mine)
    assert (task.kind, task.msisdn, task.assignee) == (TaskKind.CALL_BACK, CALLER, "Li")
    assert await ward.listed(View.MINE, ward.chen) == []


async def test_a_patient_who_rings_is_not_called_back_but_their_voice_message_is_still_heard(ward: Ward) -> None:
    back, voice = await ward.open("call_back", "calls/1"), await ward.open("hear_voicemail", "calls/2")
    await ward.speaks("1.1", ward.chen, "in")
    assert [(await ward.get(known(one))).status for one in (back, voice)] == ["done", "open"]


async def test_an_answered_consultation_settles_the_text_that_asked(ward: Ward) -> None:
    async with ward.db.transaction(SYSTEM) as tx:
        consultation_id = await consultations.open_in(tx, CALLER, "sms", "多少钱？")
    answer = known(await ward.open("answer_sms", f"consultations/{consultation_id}"))
    shown = await work.listed(ward.db, ward.chen)
    assert shown.asked == {answer: "多少钱？"}
    await consultations.close(ward.db, ward.chen, consultation_id, result="300元")
    task = await ward.get(answer)
    assert (task.status, task.settled_by) == ("done", f"consultations/{consultation_id}")


async def test_done_is_undone_unless_the_same_waits_anew(ward: Ward) -> None:
    first = known(await ward.open("answer_sms", "sms/1"))
    await service.done(ward.db, ward.chen, first)
    assert (await service.reopen(ward.db, ward.chen, first)).status == "open"
    await service.done(ward.db, ward.chen, first)
    second = known(await ward.open("answer_sms", "sms/2"))
    assert (await service.reopen(ward.db, ward.chen, first)).status == "done"
    assert await ward.listed(View.OPEN) == [second]


async def test_views_show_mine_what_is_late_what_is_put_off_and_what_was_done(ward: Ward) -> None:
    one, two, three = [known(await ward.open("call_back", "", Msisdn(f"+86139111122{n:02d}"))) for n in range(3)]
    await service.assign(ward.db, ward.li, one, ward.chen.user_id)
    await service.snooze(ward.db, ward.li, two, Snooze.TOMORROW)
    assert (await ward.listed(View.MINE), await ward.listed(View.LATER)) == ([one], [two])
    assert (await ward.listed(View.OPEN), await ward.listed(View.OVERDUE)) == ([one, three], [])
    ward.now += timedelta(hours=1)
    await service.done(ward.db, ward.chen, three)
    assert (await ward.listed(View.OVERDUE), await ward.listed(View.DONE)) == ([one], [three])
    ward.now += timedelta(days=1)
    assert await ward.listed(View.OPEN) == [one, two]
    assert (await work.listed(ward.db, ward.chen, Order.NEWEST)).total == 2


async def test_a_page_of_each_view_goes_on_where_the_last_one_ended(ward: Ward) -> None:
    for n in range(work.LISTED + 3):
        ward.now += timedelta(minutes=1)
        done = known(await ward.open("call_back", "", Msisdn(f"+861391111{n:04d}")))
        await service.done(ward.db, ward.chen, done)
    first = await work.listed(ward.db, ward.chen, view=View.DONE)
    rest = await work.listed(ward.db, ward.chen, view=View.DONE, after=first.after)
    assert (len(first.tasks), len(rest.tasks), rest.after) == (work.LISTED, 3, None)
    assert len({task.id for task in (*first.tasks, *rest.tasks)}) == work.LISTED + 3


async def test_a_person_writes_down_work_for_a_colleague_who_may_do_it(ward: Ward) -> None:
    patient = await patients.register(ward.db, SYSTEM, NewPatient(name="张三丰", phones=(CALLER,)))
    new = NewTask(text="寄病历复印件", patient_id=patient.id, assigned_to=ward.li.user_id)
    task = await ward.get(await service.create(ward.db, ward.chen, new))
    assert (task.text, task.assignee, task.created_by, task.ref) == (
        "寄病历复印件",
        "Li",
        "Chen",
        f"patients/{patient.id}",
    )
    with pytest.raises(TaskOpenAlreadyError):
        await service.create(ward.db, ward.chen, new)
    for _ in range(2):  # what is about nobody may be there twice
        await service.create(ward.db, ward.chen, NewTask(text="打印机没纸"))
    with pytest.raises(InvalidInputError):
        await service.create(ward.db, ward.chen, NewTask(text="  "))
    marketer = await ward.person("ma", "marketer")
    with pytest.raises(UserNotFoundError):
        await service.create(ward.db, ward.chen, NewTask(text="x", assigned_to=marketer.user_id))
    with pytest.raises(ForbiddenError):
        await service.create(ward.db, marketer, NewTask(text="x"))


async def test_what_is_done_is_neither_given_away_nor_put_off(ward: Ward) -> None:
    task_id = known(await ward.open("call_back", "calls/1"))
    await service.done(ward.db, ward.chen, task_id)
    with pytest.raises(ConflictError):
        await service.assign(ward.db, ward.chen, task_id, ward.li.user_id)
    with pytest.raises(ConflictError):
        await service.snooze(ward.db, ward.chen, task_id, Snooze.HOUR)


async def test_a_task_that_names_no_page_cannot_be_opened(ward: Ward) -> None:
    with pytest.raises(ValueError, match="leads nowhere"):
        await ward.open("answer_sms", "sms/too-many")


async def test_who_may_not_read_texts_or_questions_sees_none_in_the_list(ward: Ward) -> None:
    async with ward.db.transaction(SYSTEM) as tx:
        asked = await consultations.open_in(tx, CALLER, "sms", "多少钱？")
    await ward.open("answer_sms", f"consultations/{asked}")
    program = Actor(ActorKind.TOKEN, "token:1", Role.API, scopes=frozenset({"do tasks"}))
    assert (await work.listed(ward.db, program)).asked == {}


async def test_settling_somebody_unknown_settles_nothing(ward: Ward) -> None:
    task_id = known(await ward.open("answer_sms", "sms/1", None))
    async with ward.db.transaction(ward.chen) as tx:
        await service.settle_in(tx, Talk.TEXT, None, "sms/5")
    assert (await ward.get(task_id)).status == "open"


async def test_doubles_of_an_older_release_are_closed_and_no_new_ones_come(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0014")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO sms (direction, peer, text, state, created_by, created_at, not_before)
            VALUES ('in', '+8613800138000', 'x', 'received', 'modem', now(), now());
            INSERT INTO task (kind, msisdn, ref, due_at, created_at)
            SELECT 'answer_sms', '+8613800138000', ref, now() + n * interval '1 hour', now()
            FROM (VALUES ('sms/too-many', 2), ('sms/1', 1), ('sms/2', 3)) AS old (ref, n);
            INSERT INTO task (kind, msisdn, ref, due_at, created_at) VALUES
                ('call_back', '+8613800138000', 'demo/1', now(), now()),
                ('hear_voicemail', '+8613800138000', 'calls/1', now(), now()),
                ('hear_voicemail', '+8613800138000', 'calls/2', now(), now());
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        rows = await conn.fetch("SELECT id, ref, status, settled_by, due_at - created_at AS late FROM task ORDER BY id")
        assert [(row["status"], row["ref"], row["settled_by"]) for row in rows] == [
            ("open", "sms/1", ""),
            ("done", "sms/1", "tasks/1"),
            ("done", "sms/2", "tasks/1"),
            ("open", "", ""),
            ("open", "calls/1", ""),
            ("open", "calls/2", ""),
        ]
        assert rows[0]["late"] == timedelta(hours=1)
    finally:
        await conn.close()
