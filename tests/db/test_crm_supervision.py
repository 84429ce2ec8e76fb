"""A supervisor at a call and a paused recording: who may, what is written down, and what stays when a process dies."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.calls import agents, asking, at_desk, pauses, service, supervision, together
from crm_core.calls import supervision_store as stored
from crm_core.calls.errors import (
    AlreadyThereError,
    NoLineError,
    NotInCallError,
    NotPausableError,
    NotYourCallError,
)
from crm_core.calls.model import CallState, Mode, Supervision
from crm_core.kernel.actor import Actor
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import CallId, Linkedid, Uniqueid, UserId
from crm_core.users import service as users
from tests.db.hotline import CALLER, LINK, Hotline, opened, register

pytestmark = pytest.mark.db

EAR = Uniqueid("hcrm-ear-1")


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url) as found:
        (boss,) = found.ids("boss")
        await users.assign_desk(found.db, boss)
        await agents.set_lines(found.db, {f"desk-0{number}": True for number in (1, 2, 3)})
        await register(found, "张三丰", CALLER)
        await found.available("chen")
        await found.start()
        await service.connected(found.db, LINK, "desk-01")
        yield found


def of(hotline: Hotline, login: str) -> tuple[Actor, UserId]:
    return hotline.agents[login], hotline.ids(login)[0]


async def hear(hotline: Hotline, mode: Mode = Mode.LISTEN, ear: Uniqueid = EAR) -> Supervision:
    return await supervision.begin(hotline.db, of(hotline, "boss")[0], of(hotline, "chen")[1], mode, ear)


async def audited(hotline: Hotline, call_id: CallId) -> list[tuple[str, str, dict[str, object]]]:
    async with hotline.db.connection() as conn:
        rows = await conn.fetch(
            "SELECT actor, action, detail FROM audit WHERE subject = 'call' AND subject_id = $1 ORDER BY id",
            str(call_id),
        )
    return [(row["actor"], row["action"], row["detail"]) for row in rows]


async def test_who_hears_whom_is_written_down_from_before_it_rings_until_the_ear_is_gone(hotline: Hotline) -> None:
    call, (boss, _) = await hotline.call(), of(hotline, "boss")
    begun = await hear(hotline)
    assert (begun.agent_desk, begun.supervisor_desk, begun.patient) == ("desk-01", "desk-03", call.uniqueid)
    assert (await supervision.change(hotline.db, boss, Mode.WHISPER)).mode is Mode.WHISPER
    hotline.now += timedelta(seconds=95)
    await supervision.over(hotline.db, EAR)
    await supervision.over(hotline.db, EAR)
    people = {"agent": "chen", "supervisor": "boss"}
    assert await audited(hotline, call.id) == [
        ("boss", "come to call", {**people, "mode": "listen"}),
        ("boss", "change place at call", {**people, "mode": "whisper"}),
        ("telephony", "leave call", {**people, "mode": "whisper", "seconds": "95"}),
    ]
    async with hotline.db.connection() as conn:
        seen = await conn.fetchval("SELECT subject_id FROM audit WHERE action = 'view patient' AND actor = 'boss'")
        assert await stored.under_way(conn) == []
    assert seen == str(call.patient_id)
    assert [await hotline.state(desk) for desk in ("desk-01", "desk-03")] == ["on_call", "offline"]


async def test_only_who_may_hears_and_only_a_call_that_is_there_and_only_one(hotline: Hotline) -> None:
    (li, li_id), (chen, chen_id), (boss, boss_id) = (of(hotline, login) for login in ("li", "chen", "boss"))
    with pytest.raises(ForbiddenError):
        await supervision.begin(hotline.db, li, chen_id, Mode.LISTEN, EAR)
    for nobody in (li_id, boss_id, UserId(999)):
        with pytest.raises(NotInCallError):
            await supervision.begin(hotline.db, boss, nobody, Mode.LISTEN, EAR)
    with pytest.raises(NotInCallError):
        await supervision.change(hotline.db, boss, Mode.BARGE)
    await hear(hotline)
    with pytest.raises(AlreadyThereError):
        await hear(hotline, ear=Uniqueid("hcrm-ear-2"))
    await supervision.over(hotline.db, EAR)
    await agents.set_lines(hotline.db, {"desk-03": False})
    with pytest.raises(NoLineError):
        await hear(hotline, ear=Uniqueid("hcrm-ear-3"))
    assert chen.user_id == chen_id


async def test_what_asterisk_does_corrects_what_was_written(hotline: Hotline) -> None:
    boss, _ = of(hotline, "boss")
    await hear(hotline)
    await supervision.change(hotline.db, boss, Mode.BARGE)
    await supervision.found_as(hotline.db, EAR, Mode.LISTEN)
    here = await at_desk.now(hotline.db, boss)
    assert here.hears is not None
    assert (here.hears.mode, here.recorded) == (Mode.LISTEN, None)


async def test_a_call_goes_on_with_who_stays(hotline: Hotline) -> None:
    _, boss_id = of(hotline, "boss")
    await hear(hotline, Mode.TAKE_OVER)
    assert not await together.goes_on_with(hotline.db, LINK, "desk-03", "desk-01")  # the supervisor went: nothing new
    assert await together.goes_on_with(hotline.db, LINK, "desk-01", "desk-03")
    await service.agent_left(hotline.db, LINK, "desk-01")
    call = await hotline.call()
    assert (call.agent_id, call.state) == (boss_id, CallState.TALKING)
    assert [await hotline.state(desk) for desk in ("desk-01", "desk-03")] == ["wrap_up", "on_call"]
    await service.ended(hotline.db, LINK, "normal")
    assert await hotline.state("desk-03") == "wrap_up"


async def test_a_colleague_who_is_let_in_speaks_in_the_call_and_writes_down_their_part(hotline: Hotline) -> None:
    chen, _ = of(hotline, "chen")
    call = await hotline.call()
    with pytest.raises(NotInCallError):
        await asking.to_let_in(hotline.db, chen, call.id)
    await asking.asked(hotline.db, "desk-01", "desk-02")
    await asking.answered(hotline.db, "desk-02")
    assert await asking.to_let_in(hotline.db, chen, call.id) == (call.uniqueid, "desk-01", "desk-02")
    with pytest.raises(NotYourCallError):
        await asking.to_let_in(hotline.db, of(hotline, "li")[0], call.id)
    for desk in ("desk-01", "desk-02", "desk-02"):
        await together.joined(hotline.db, LINK, desk)
    await asking.over(hotline.db, "desk-02")  # the agent's second line has gone
    assert [await hotline.state(desk) for desk in ("desk-01", "desk-02")] == ["on_call", "on_call"]
    await service.agent_left(hotline.db, LINK, "desk-02")
    assert (await hotline.call()).agent_login == "chen"
    assert await hotline.state("desk-02") == "wrap_up"
    await together.joined(hotline.db, Linkedid("nobody's"), "desk-02")


async def test_a_recording_is_paused_by_the_agent_of_the_call_and_goes_on_by_itself(hotline: Hotline) -> None:
    (chen, _), (li, _) = of(hotline, "chen"), of(hotline, "li")
    call = await hotline.call()
    with pytest.raises(NotYourCallError):
        await pauses.begin(hotline.db, li, call.id)
    assert await pauses.begin(hotline.db, chen, call.id) == call.uniqueid
    with pytest.raises(NotPausableError):
        await pauses.begin(hotline.db, chen, call.id)
    here = await at_desk.now(hotline.db, chen)
    assert (here.recorded, here.is_theirs, here.pause is not None) == (call.id, True, True)
    hotline.now += pauses.LONGEST - timedelta(seconds=1)
    assert await pauses.overdue(hotline.db) == []
    hotline.now += timedelta(seconds=1)
    assert [pause.call_id for pause in await pauses.overdue(hotline.db)] == [call.id]
    await pauses.over(hotline.db, call.id)
    await pauses.over(hotline.db, call.id)
    assert (await at_desk.now(hotline.db, chen)).pause is None
    assert await audited(hotline, call.id) == [
        ("chen", "pause recording", {}),
        ("telephony", "resume recording", {"seconds": "120"}),
    ]
    await service.agent_left(hotline.db, LINK, "desk-01")
    with pytest.raises(NotPausableError):
        await pauses.begin(hotline.db, chen, call.id)
