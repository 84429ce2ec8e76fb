"""Calls and agents as telephony reports them: in order, twice, late and at the same time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from crm_core import events
from crm_core.calls import agents, leg_store, service, store
from crm_core.calls.errors import CallNotFoundError, NoDeskError, NotYourCallError, NotYourStateError
from crm_core.calls.model import AgentState, Call, CallState
from crm_core.kernel.actor import SYSTEM, Actor, Role
from crm_core.kernel.db import Database, Tx, open_database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.event import Event
from crm_core.kernel.ids import CallId, Linkedid, Msisdn, PatientId, Uniqueid, UserId
from crm_core.patients import service as patients
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import NewPatient, Patient
from crm_core.users import service as users
from crm_core.users.passwords import generated_password

pytestmark = pytest.mark.db

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
CALLER = Msisdn("+8613800138000")
LINK = Linkedid("1772424000.1")
KINDS = (
    events.CallStarted,
    events.CallQueued,
    events.AgentRang,
    events.CallConnected,
    events.CallEnded,
    events.CallMissed,
    events.DispositionSet,
    events.AgentStateChanged,
    events.DeskLineChanged,
)
OF_AGENTS = (events.AgentStateChanged, events.DeskLineChanged)


@dataclass
class Hotline:
    db: Database
    happened: list[Event]
    agents: dict[str, Actor] = field(default_factory=dict)
    now: datetime = NOON

    def names(self) -> list[str]:
        of_calls = (event for event in self.happened if not isinstance(event, OF_AGENTS))
        return [type(event).__name__ for event in of_calls]

    async def start(self, linkedid: Linkedid = LINK, caller: Msisdn | None = CALLER, direction: str = "in") -> Call:
        return await service.start(
            self.db, linkedid=linkedid, uniqueid=Uniqueid(linkedid), direction=direction, caller=caller, did="4000"
        )

    async def call(self, linkedid: Linkedid = LINK) -> Call:
        async with self.db.connection() as conn:
            found = await store.get_by_linkedid(conn, linkedid)
        assert found is not None
        return found

    async def state(self, desk: str = "desk-01") -> str:
        async with self.db.connection() as conn:
            found = await agents.by_desk(conn, desk)
        assert found is not None
        return str(found.state)

    async def available(self, *logins: str) -> None:
        for login in logins:
            user_id = self.agents[login].user_id
            assert user_id is not None
            await agents.set_state(self.db, self.agents[login], user_id, "available")


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    """Two agents at desk-01 and desk-02, a supervisor, nobody available yet."""
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    async with open_database(database_url, subscriptions=[(kind, note) for kind in KINDS]) as db:
        found = Hotline(db, happened)
        for login, role in (("chen", Role.AGENT), ("li", Role.AGENT), ("boss", Role.SUPERVISOR)):
            user = await users.create(
                db, SYSTEM, login=login, name=login.title(), role=role, password=generated_password()
            )
            found.agents[login] = user.actor
            if role is Role.AGENT:
                await users.assign_desk(db, user.id)
        db.clock = lambda: found.now
        yield found


async def register(hotline: Hotline, name: str, phone: str, language: str = "zh_CN") -> Patient:
    return await patients.register(hotline.db, SYSTEM, NewPatient(name=name, phones=(phone,), language=language))


async def test_a_call_from_the_menu_to_an_agent_to_the_end(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", "13800138000", "en")
    await hotline.available("chen")
    call = await hotline.start()
    await service.answered(hotline.db, LINK)
    await service.visit(hotline.db, call.id, ["greet", "main"], "hotline/3")
    await service.visit(hotline.db, call.id, ["operators"], "hotline/3")
    await service.queued(hotline.db, call.id, "operators")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "ringing"
    hotline.now += timedelta(seconds=9)
    await service.connected(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "on_call"
    hotline.now += timedelta(seconds=60)
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    over = await hotline.call()
    assert (over.patient_id, over.language, over.state) == (patient.id, "en", CallState.ENDED)
    assert (over.path, over.flow_version, over.queue) == (("greet", "main", "operators"), "hotline/3", "operators")
    assert (over.connected_at, over.ended_at) == (NOON + timedelta(seconds=9), NOON + timedelta(seconds=69))
    assert (over.agent_name, over.end_reason) == ("Chen", "Normal Clearing")
    assert hotline.names() == ["CallStarted", "CallQueued", "AgentRang", "CallConnected", "CallEnded"]
    assert await hotline.state() == "wrap_up"
    async with hotline.db.connection() as conn:
        entry = (await timeline.page(conn, patient.id, limit=1))[0]
        assert await store.open_calls(conn) == []
    assert (entry.code, entry.args["agent"], entry.ref) == (
        "Incoming call, answered by {agent}",
        "Chen",
        f"calls/{call.id}",
    )


async def test_every_report_may_come_twice(hotline: Hotline) -> None:
    await hotline.available("chen")
    first = await hotline.start()
    assert (await hotline.start()).id == first.id
    for _ in range(2):
        await service.answered(hotline.db, LINK)
    for _ in range(2):
        await service.queued(hotline.db, LINK, "operators")
    for _ in range(2):
        await service.agent_rang(hotline.db, LINK, "desk-01")
    for _ in range(2):
        await service.connected(hotline.db, LINK, "desk-01")
    await service.queued(hotline.db, LINK, "operators")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    for _ in range(2):
        await service.agent_left(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-01")
    for _ in range(2):
        await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.ended(hotline.db, LINK, "lost")
    assert (await hotline.call()).end_reason == "Normal Clearing"
    assert await hotline.state() == "wrap_up"
    assert [name for name in hotline.names() if name != "CallQueued"] == [
        "CallStarted",
        "AgentRang",
        "CallConnected",
        "CallEnded",
    ]


async def test_reports_in_the_wrong_order_lead_to_the_same_call(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.queued(hotline.db, LINK, "operators")
    await service.answered(hotline.db, LINK)
    call = await hotline.call()
    assert (call.state, call.queue, call.answered_at) == (CallState.TALKING, "operators", NOON)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.queued(hotline.db, LINK, "operators")
    await service.connected(hotline.db, LINK, "desk-02")
    await service.agent_rang(hotline.db, LINK, "desk-02")
    call = await hotline.call()
    assert (call.state, call.agent_name) == (CallState.ENDED, "Chen")
    assert (await hotline.state("desk-01"), await hotline.state("desk-02")) == ("wrap_up", "offline")
    assert "CallMissed" not in hotline.names()


async def test_two_reports_of_the_end_at_once_end_it_once(hotline: Hotline) -> None:
    await hotline.start()
    await asyncio.gather(*(service.ended(hotline.db, LINK, reason) for reason in ("a", "b", "c", "d")))
    assert hotline.names() == ["CallStarted", "CallEnded"]


async def test_reports_about_a_call_nobody_knows_do_nothing(hotline: Hotline) -> None:
    await hotline.available("chen")
    unknown = Linkedid("9.9")
    assert await service.answered(hotline.db, unknown) is None
    assert await service.queued(hotline.db, unknown, "operators") is None
    await service.agent_rang(hotline.db, unknown, "desk-01")
    assert await service.connected(hotline.db, unknown, "desk-01") is None
    assert await service.ended(hotline.db, unknown, "lost") is None
    assert hotline.names() == []
    with pytest.raises(CallNotFoundError):
        await service.set_patient(hotline.db, CallId(uuid4()), None)


async def test_a_patient_nobody_answered_is_missed(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", "13800138000")
    await hotline.available("chen")
    call = await hotline.start()
    await service.queued(hotline.db, LINK, "operators")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    hotline.now += timedelta(seconds=42)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    assert hotline.happened[-1] == events.CallMissed(call_id=call.id, caller=CALLER, patient_id=patient.id, waited_s=42)
    assert await hotline.state() == "available"
    async with hotline.db.connection() as conn:
        assert (await timeline.page(conn, patient.id, limit=1))[0].code == "Incoming call, nobody was free"


async def test_who_hangs_up_in_the_menu_is_not_missed(hotline: Hotline) -> None:
    await hotline.start()
    await service.answered(hotline.db, LINK)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    assert hotline.names() == ["CallStarted", "CallEnded"]


async def test_a_patient_transferred_to_the_queue_and_left_there_is_missed(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await service.queued(hotline.db, LINK, "operators")
    await service.connected(hotline.db, LINK, "desk-01")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.queued(hotline.db, LINK, "operators")
    assert (await hotline.call()).state is CallState.QUEUED
    await service.ended(hotline.db, LINK, "Normal Clearing")
    assert hotline.names()[-1] == "CallMissed"
    assert await hotline.state() == "wrap_up"


async def test_a_transfer_puts_the_first_agent_in_wrap_up_and_the_second_on_the_call(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-02")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-01")  # late
    assert (await hotline.state("desk-01"), await hotline.state("desk-02")) == ("wrap_up", "on_call")
    call = await hotline.call()
    assert (call.state, call.agent_name) == (CallState.TALKING, "Li")


async def test_a_desk_that_lost_its_page_gets_its_call_back(hotline: Hotline) -> None:
    await hotline.available("chen")
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.connected(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "on_call"
    assert (await hotline.call()).state is CallState.TALKING


async def test_the_desk_that_did_not_answer_is_free_again_and_rings_again(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    await hotline.start()
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.agent_stopped_ringing(hotline.db, LINK, "desk-01")
    assert await hotline.state() == "available"
    await service.agent_rang(hotline.db, LINK, "desk-01")
    await service.agent_rang(hotline.db, LINK, "desk-02")
    await service.connected(hotline.db, LINK, "desk-02")
    assert (await hotline.state("desk-01"), await hotline.state("desk-02")) == ("available", "on_call")
    assert hotline.names().count("AgentRang") == 3


async def test_a_desk_without_a_person_still_connects_the_patient(hotline: Hotline) -> None:
    await hotline.start()
    await service.connected(hotline.db, LINK, "desk-40")
    call = await hotline.call()
    assert (call.state, call.agent_id) == (CallState.TALKING, None)


async def test_writing_the_disposition_ends_the_wrap_up(hotline: Hotline) -> None:
    await hotline.available("chen")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    with pytest.raises(NotYourCallError):
        await service.set_disposition(hotline.db, hotline.agents["li"], call.id, "booked", "")
    written = await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked", "周三上午")
    assert (written.disposition, written.notes) == ("booked", "周三上午")
    assert await hotline.state() == "available"
    await service.set_disposition(hotline.db, hotline.agents["boss"], call.id, "corrected", "")
    assert hotline.names().count("DispositionSet") == 2


async def test_each_agent_of_a_transferred_call_writes_down_their_own_leg(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    hotline.now += timedelta(seconds=40)
    await service.connected(hotline.db, LINK, "desk-02")
    await service.agent_left(hotline.db, LINK, "desk-01")
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "transferred", "问医保")
    assert await hotline.state("desk-01") == "available"
    assert (await hotline.call()).disposition == ""  # it is not over yet
    hotline.now += timedelta(seconds=20)
    await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.set_disposition(hotline.db, hotline.agents["li"], call.id, "booked", "周三上午")
    async with hotline.db.connection() as conn:
        legs = await leg_store.of_call(conn, call.id)
        found = [await store.page(conn, agent_id=hotline.agents[login].user_id) for login in ("chen", "li", "boss")]
    assert [(leg.agent_name, leg.disposition, leg.notes) for leg in legs] == [
        ("Chen", "transferred", "问医保"),
        ("Li", "booked", "周三上午"),
    ]
    assert [(leg.left_at - leg.connected_at).total_seconds() for leg in legs if leg.left_at] == [40, 20]
    assert ((await hotline.call()).disposition, [len(some) for some in found]) == ("booked", [1, 1, 0])


async def test_a_reload_goes_on_in_the_same_leg_and_a_way_back_is_a_new_one(hotline: Hotline) -> None:
    await hotline.available("chen", "li")
    call = await hotline.start()
    for desk in ("desk-01", "desk-01", "desk-02", "desk-01"):
        await service.agent_rang(hotline.db, LINK, desk)
        await service.connected(hotline.db, LINK, desk)
        await service.agent_left(hotline.db, LINK, desk)
    async with hotline.db.connection() as conn:
        legs = await leg_store.of_call(conn, call.id)
    assert [leg.agent_name for leg in legs] == ["Chen", "Li", "Chen"]
    assert all(leg.left_at for leg in legs)


async def test_an_agent_who_chose_a_break_during_the_call_has_it_afterwards(hotline: Hotline) -> None:
    await hotline.available("chen")
    chen = hotline.agents["chen"]
    assert chen.user_id is not None
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    state = await agents.set_state(hotline.db, chen, chen.user_id, "break", "午饭")
    assert (state.state, state.after_call, state.reason) == (AgentState.ON_CALL, AgentState.BREAK, "午饭")
    await service.ended(hotline.db, LINK, "Normal Clearing")
    await service.set_disposition(hotline.db, chen, call.id, "booked")
    assert await hotline.state() == "break"


async def test_who_closes_the_page_is_not_reachable_and_after_five_minutes_offline(hotline: Hotline) -> None:
    await agents.set_lines(hotline.db, {"desk-01": True, "desk-02": True, "desk-03": False})
    await hotline.available("chen", "li")
    chen, li = (hotline.agents[login].user_id for login in ("chen", "li"))
    assert chen is not None
    assert li is not None
    await agents.set_lines(hotline.db, {"desk-01": False, "desk-02": True})
    lines = [event.user_id for event in hotline.happened if isinstance(event, events.DeskLineChanged)]
    assert lines == [chen, li, chen]
    async with hotline.db.connection() as conn:
        assert [(agent.name, agent.has_line) for agent in await agents.states(conn)] == [("Chen", False), ("Li", True)]
    hotline.now += timedelta(minutes=4)
    assert not await agents.leave_without_line(hotline.db, chen)
    hotline.now += timedelta(minutes=1)
    assert (await agents.leave_without_line(hotline.db, chen), await hotline.state()) == (True, "offline")
    assert (await agents.leave_without_line(hotline.db, li), await hotline.state("desk-02")) == (False, "available")


async def test_who_comes_back_in_time_or_is_on_a_break_stays_what_they_were(hotline: Hotline) -> None:
    chen = hotline.agents["chen"]
    assert chen.user_id is not None
    await hotline.available("chen")
    for is_up in (True, False, True, False):
        hotline.now += timedelta(minutes=4)
        await agents.set_lines(hotline.db, {"desk-01": is_up})
    hotline.now += timedelta(minutes=2)
    assert not await agents.leave_without_line(hotline.db, chen.user_id)
    await agents.set_state(hotline.db, chen, chen.user_id, "break", "午饭")
    hotline.now += timedelta(minutes=60)
    assert not await agents.leave_without_line(hotline.db, chen.user_id)
    assert await hotline.state() == "break"


async def test_agents_choose_only_for_themselves_and_only_what_can_be_chosen(hotline: Hotline) -> None:
    chen, li, boss = (hotline.agents[login] for login in ("chen", "li", "boss"))
    assert chen.user_id is not None
    assert boss.user_id is not None
    with pytest.raises(NotYourStateError):
        await agents.set_state(hotline.db, li, chen.user_id, "offline")
    with pytest.raises(InvalidInputError):
        await agents.set_state(hotline.db, chen, chen.user_id, "on_call")
    with pytest.raises(NoDeskError):
        await agents.set_state(hotline.db, boss, boss.user_id, "available")
    with pytest.raises(NoDeskError):
        await agents.set_state(hotline.db, boss, UserId(10**9), "available")
    await hotline.available("chen")
    await agents.set_state(hotline.db, boss, chen.user_id, "break", "meeting")
    async with hotline.db.connection() as conn:
        states = await agents.states(conn)
        assert await conn.fetchval("SELECT count(*) FROM audit WHERE action = 'change agent''s state'") == 1
    assert [(agent.login, str(agent.state)) for agent in states] == [("chen", "break"), ("li", "offline")]


async def test_a_shared_number_names_nobody_until_the_agent_says_who_it_is(hotline: Hotline) -> None:
    father = await register(hotline, "王建国", "13800138000")
    mother = await register(hotline, "李秀英", "13800138000")
    call = await hotline.start()
    assert call.patient_id is None
    await service.ended(hotline.db, LINK, "Normal Clearing")
    with pytest.raises(PatientNotFoundError):
        await service.set_patient(hotline.db, call.id, PatientId(10**9), hotline.agents["chen"])

    async def seen_by(patient: Patient) -> int:
        async with hotline.db.connection() as conn:
            return len(await timeline.page(conn, patient.id, limit=9))

    await service.set_patient(hotline.db, call.id, father.id, hotline.agents["chen"])
    assert (await seen_by(father), await seen_by(mother)) == (1, 0)
    changed = await service.set_patient(hotline.db, call.id, mother.id, hotline.agents["chen"])
    assert (await seen_by(father), await seen_by(mother)) == (0, 1)
    assert changed.patient_id == mother.id


async def test_calls_are_listed_newest_first_by_number_direction_and_time(hotline: Hotline) -> None:
    other = Msisdn("+8613911112222")
    for number in range(4):
        hotline.now = NOON + timedelta(minutes=number)
        await hotline.start(Linkedid(f"{number}.1"), CALLER if number % 2 else other, "out" if number == 3 else "in")
    async with hotline.db.connection() as conn:
        first = await store.page(conn, limit=3)
        rest = await store.page(conn, limit=3, after=first[-1].id)
        mine = await store.page(conn, caller=CALLER, direction="in")
        late = await store.page(conn, since=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=3))
    assert [call.linkedid for call in (*first, *rest)] == ["3.1", "2.1", "1.1", "0.1"]
    assert [call.linkedid for call in mine] == ["1.1"]
    assert [call.linkedid for call in late] == ["2.1"]


async def test_the_language_a_caller_chose_is_kept(hotline: Hotline) -> None:
    call = await hotline.start(caller=None)
    await service.set_language(hotline.db, call.id, "en")
    with pytest.raises(InvalidInputError):
        await service.set_language(hotline.db, call.id, "fr")
    found = await hotline.call()
    assert (found.language, found.caller) == ("en", None)
