"""What a screen shows of several packages: in few statements, to whom it concerns, and with one audit row a look."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.calls import agents
from crm_core.calls import service as calls
from crm_core.calls.errors import NotYourCallError
from crm_core.calls.model import Call
from crm_core.consultations import service as consultations
from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import Linkedid, Msisdn, PatientId
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import Channel
from crm_core.tasks import service as tasks
from overview import board, cards, desk, pop, pop_why, trail
from overview import calls as call_log
from overview.calls import Wanted
from overview.rehearsal import rehearse
from tests.db.hotline import CALLER, LINK, NOON, Hotline, opened, register
from tests.statements import logged

pytestmark = pytest.mark.db

ZONE = ZoneInfo("Asia/Shanghai")
STRANGER = Msisdn("+8613900000009")


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url, connections=1) as found:
        yield found


async def known_patient(hotline: Hotline) -> PatientId:
    """Somebody with an appointment, texts and a task."""
    patient = await register(hotline, "张三丰", CALLER)
    async with hotline.db.transaction(SYSTEM) as tx:
        department = await directory.put_department(tx.conn, code="im", name="内科", name_en="Internal medicine")
        doctor = await directory.put_practitioner(tx.conn, department, name="王医生", name_en="Dr Wang")
        start = NOON + timedelta(days=1)
        slots = await scheduling.open_schedule(tx, doctor, start, start + timedelta(hours=1), 30, 1)
        await tasks.open_in(tx, "call_back", CALLER, "calls/x", patient.id)
        await tx.conn.execute(
            "INSERT INTO sms (direction, peer, text, state, patient_id, created_by, created_at, not_before) "
            "VALUES ('in', $1, '你好', 'received', $2, 'modem', $3, $3)",
            CALLER,
            patient.id,
            NOON,
        )
    await scheduling.book(hotline.db, SYSTEM, patient_id=patient.id, slot_id=slots[0], channel=Channel.WEB)
    return patient.id


async def rung(hotline: Hotline, linkedid: Linkedid = LINK, caller: Msisdn = CALLER) -> Call:
    """Chen's desk rings."""
    await hotline.available("chen")
    call = await hotline.start(linkedid, caller)
    await calls.queued(hotline.db, linkedid, "operators")
    await calls.agent_rang(hotline.db, linkedid, "desk-01")
    return call


async def seen(hotline: Hotline) -> list[tuple[str, str, str]]:
    async with hotline.db.connection() as conn:
        rows = await conn.fetch("SELECT actor, action, subject_id FROM audit WHERE actor_kind = 'user' ORDER BY id")
    return [tuple(row) for row in rows if row["action"] not in ("link call to patient", "set disposition")]


async def test_the_pop_of_a_known_patient_is_seven_statements_and_one_audit_row(hotline: Hotline) -> None:
    patient_id = await known_patient(hotline)
    await calls.ended(hotline.db, (await hotline.start(Linkedid("0.1"))).id, "normal")
    call = await rung(hotline)
    async with logged(hotline.db) as statements:
        shown = await pop.pop(hotline.db, hotline.agents["chen"], call.id)
    assert len(statements) <= 8, statements
    assert shown.cards is not None
    assert (len(shown.cards.appointments), len(shown.cards.texts), len(shown.cards.tasks)) == (1, 1, 1)
    assert (len(shown.last_calls), shown.is_mine, shown.now.stays) == (1, True, False)
    assert await seen(hotline) == [("chen", "view patient", str(patient_id))]


async def test_what_a_pop_reads_is_rehearsed_before_anybody_rings(hotline: Hotline) -> None:
    await known_patient(hotline)
    call = await rung(hotline)
    async with logged(hotline.db) as rehearsed:
        await rehearse(hotline.db)
    async with logged(hotline.db) as asked:
        await pop.pop(hotline.db, hotline.agents["chen"], call.id)
    missing = {one.query for one in asked} - {one.query for one in rehearsed}
    assert sorted("INSERT INTO audit" in one or "AS about (id)" in one for one in missing) == [True, True]


async def test_the_pop_of_a_stranger_asks_for_the_call_and_the_number_only(hotline: Hotline) -> None:
    call = await rung(hotline, caller=STRANGER)
    async with logged(hotline.db) as statements:
        shown = await pop.pop(hotline.db, hotline.agents["chen"], call.id)
    assert len(statements) <= 3, statements
    assert (shown.cards, shown.caller.patient, shown.caller.family) == (None, None, [])
    assert await seen(hotline) == []


async def test_why_they_call_has_their_way_what_they_asked_last_and_not_what_they_ask_now(hotline: Hotline) -> None:
    patient_id = await known_patient(hotline)
    chen = hotline.agents["chen"]
    async with hotline.db.transaction(SYSTEM) as tx:
        asked = await consultations.open_in(tx, CALLER, "web", "术后多久复查?", patient_id)
        await consultations.open_in(tx, STRANGER, "sms", "周六开门吗?")
    await consultations.close(hotline.db, chen, asked, result="医生建议一个月后复查")
    call = await rung(hotline)
    await calls.visit(hotline.db, call.id, ["greet", "main"], "")
    async with hotline.db.transaction(SYSTEM) as tx:
        await consultations.open_in(tx, CALLER, "phone", "这次问的", patient_id, call.id)
    found = await pop_why.why(hotline.db, chen, call.id)
    assert (found.path[-1], found.asked and found.asked.result) == ("main", "医生建议一个月后复查")
    await calls.ended(hotline.db, LINK, "normal")
    await hotline.available("chen")
    stranger = await rung(hotline, Linkedid("9.9"), STRANGER)
    found = await pop_why.why(hotline.db, chen, stranger.id)
    assert (found.visits, found.asked and found.asked.text) == ((), "周六开门吗?")


async def test_a_family_at_one_number_is_shown_by_name_and_leaves_a_row(hotline: Hotline) -> None:
    for name in ("王建国", "李秀英"):
        await register(hotline, name, CALLER)
    call = await rung(hotline)
    shown = await pop.pop(hotline.db, hotline.agents["chen"], call.id)
    assert [one.name for one in shown.caller.family] == ["王建国", "李秀英"]
    async with hotline.db.connection() as conn:
        detail = await conn.fetchval("SELECT detail FROM audit WHERE action = 'list patients' AND actor = 'chen'")
    assert detail == {"call_id": str(call.id), "count": 2, "patient_ids": [one.id for one in shown.caller.family]}


async def test_a_pop_is_for_whom_it_rings_and_for_supervisors(hotline: Hotline) -> None:
    await register(hotline, "张三丰", CALLER)
    call = await rung(hotline)
    for show in (pop.pop, pop.call_now, pop.ringing):
        with pytest.raises(NotYourCallError):
            await show(hotline.db, hotline.agents["li"], call.id)
        with pytest.raises(ForbiddenError):
            await show(hotline.db, Actor(ActorKind.TOKEN, "token:1", Role.AUDITOR), call.id)
    assert await seen(hotline) == []
    assert (await pop.pop(hotline.db, hotline.agents["boss"], call.id)).caller.patient is not None


async def test_a_refresh_goes_on_with_the_look_that_is_written_down(hotline: Hotline) -> None:
    patient_id = await known_patient(hotline)
    call = await rung(hotline)
    chen, li = hotline.agents["chen"], hotline.agents["li"]
    await pop.pop(hotline.db, chen, call.id)
    for _ in range(3):
        await cards.refreshed(hotline.db, chen, patient_id)
        await pop.ringing(hotline.db, chen, call.id)
        await cards.refreshed(hotline.db, li, patient_id)
    assert await seen(hotline) == [(login, "view patient", str(patient_id)) for login in ("chen", "li")]


async def test_the_desk_shows_its_last_calls_a_page_at_a_time(hotline: Hotline) -> None:
    await register(hotline, "张三丰", CALLER)
    for number in range(desk.RECENT + 2):
        hotline.now += timedelta(minutes=10)
        call = await rung(hotline, Linkedid(f"{number}.1"))
        await calls.connected(hotline.db, call.linkedid, "desk-01")
        await calls.ended(hotline.db, call.linkedid, "normal")
        await calls.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked")
    async with logged(hotline.db) as statements:
        shown = await desk.show(hotline.db, hotline.agents["chen"])
    assert len(statements) <= 5, statements
    assert shown.pop is None
    rest = await desk.recent(hotline.db, hotline.agents["chen"], shown.recent.next)
    assert [line.call.linkedid for line in (*shown.recent.items, *rest.items)] == [
        f"{number}.1" for number in reversed(range(desk.RECENT + 2))
    ]
    assert (rest.next, {line.patient_name for line in rest.items}) == (None, {"张三丰"})
    assert (await desk.show(hotline.db, hotline.agents["li"])).recent.items == []


async def test_the_queue_names_the_first_and_says_how_many_there_are(hotline: Hotline) -> None:
    await register(hotline, "张三丰", CALLER)
    for number in range(desk.FIRST_IN_QUEUE + 2):
        hotline.now += timedelta(seconds=1)
        call = await hotline.start(Linkedid(f"{number}.1"), CALLER if number == 0 else STRANGER)
        await calls.queued(hotline.db, call.id, "operators")
    async with logged(hotline.db) as statements:
        waiting = await desk.queue(hotline.db, hotline.agents["chen"])
    assert len(statements) <= 3, statements
    assert (waiting.length, [one.name for one in waiting.first]) == (7, ["张三丰", "", "", "", ""])


async def test_a_list_of_calls_leaves_one_row_with_the_names_of_filters_and_ids_of_patients(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", CALLER)
    for number in range(3):
        hotline.now += timedelta(seconds=1)
        await hotline.start(Linkedid(f"{number}.1"))
    boss = hotline.agents["boss"]
    async with logged(hotline.db) as statements:
        found = await call_log.listed(hotline.db, boss, Wanted(caller=CALLER, direction="in"), limit=2)
    assert len(statements) <= 3, statements
    assert [line.patient_name for line in found.items] == ["张三丰", "张三丰"]
    async with hotline.db.connection() as conn:
        detail = await conn.fetchval("SELECT detail FROM audit WHERE action = 'list calls'")
    assert detail == {"by": ["caller", "direction"], "count": 2, "patient_ids": [patient.id]}
    looks = await trail.who_saw(hotline.db, Actor(ActorKind.USER, "auditor", Role.AUDITOR), patient.id, limit=9)
    rows = [one.row for one in looks.items]
    assert ("boss", "list calls") in [(row.actor, row.action) for row in rows]
    with pytest.raises(ForbiddenError):
        await call_log.listed(hotline.db, Actor(ActorKind.USER, "m", Role.MARKETER), Wanted(), limit=2)


async def test_the_wallboard_knows_each_agents_day_and_with_whom_they_talk(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", CALLER)
    first = await rung(hotline, Linkedid("0.1"))
    await calls.connected(hotline.db, first.linkedid, "desk-01")
    hotline.now += timedelta(minutes=4)
    await calls.ended(hotline.db, first.linkedid, "normal")
    await agents.set_state(hotline.db, SYSTEM, hotline.ids("chen")[0], "available")
    second = await rung(hotline)
    hotline.now += timedelta(seconds=30)
    await calls.connected(hotline.db, second.linkedid, "desk-01")
    day = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))
    shown = await board.show(hotline.db, hotline.agents["boss"], *day, ZONE)
    chen, li = (next(one for one in shown.desks if one.agent.login == login) for login in ("chen", "li"))
    assert (chen.incoming, chen.outgoing, chen.talked_s, chen.talks_with) == (2, 0, 240, "张三丰")
    assert (li.incoming, li.talked_s, li.talks_with) == (0, 0, "")
    assert (shown.counts.service_level, shown.counts.abandoned, shown.counts.longest_s) == (50, 0, 30)
    marketer = Actor(ActorKind.USER, "m", Role.MARKETER)
    assert {one.talks_with for one in (await board.show(hotline.db, marketer, *day, ZONE)).desks} == {""}
    looks = await trail.who_saw(hotline.db, Actor(ActorKind.USER, "auditor", Role.AUDITOR), patient.id, limit=9)
    rows = [one.row for one in looks.items]
    assert ("boss", "list calls") in [(row.actor, row.action) for row in rows]


async def test_one_call_is_five_statements_and_its_audio_is_for_who_may_hear(hotline: Hotline) -> None:
    call = await rung(hotline)
    async with logged(hotline.db) as statements:
        shown = await call_log.show(hotline.db, hotline.agents["boss"], call.id)
    assert len(statements) <= 5, statements
    assert (shown.line.call.id, shown.heard, shown.absence) == (call.id, [], None)
    async with logged(hotline.db) as statements:
        await call_log.show(hotline.db, hotline.agents["li"], call.id)
    assert not any("FROM recording r WHERE r.call_id = $1" in one.query for one in statements)


async def test_the_wallboard_is_eight_statements_and_hides_numbers_from_who_may_not_see_calls(hotline: Hotline) -> None:
    await known_patient(hotline)
    hotline.now += timedelta(minutes=1)
    await calls.ended(hotline.db, (await rung(hotline, Linkedid("0.1"))).id, "normal")
    await rung(hotline)
    day = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))
    async with logged(hotline.db) as statements:
        shown = await board.show(hotline.db, hotline.agents["boss"], *day, ZONE)
    assert len(statements) <= 9, statements
    assert (shown.counts.incoming, shown.counts.missed, shown.counts.mean_wait_s) == (2, 1, None)
    assert [one.caller for one in shown.waiting] == [CALLER]
    assert (shown.booked, shown.pending.texts_in, shown.pending.open_tasks) == ({"web": 1}, 1, 1)
    marketer = Actor(ActorKind.USER, "m", Role.MARKETER)
    assert [one.caller for one in (await board.show(hotline.db, marketer, *day, ZONE)).waiting] == [""]
