"""Two campuses: whoever names a department says where it is; with one nobody does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from crm_core.directory import service as directory
from crm_core.directory import store
from crm_core.directory.errors import CodeTakenError
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.once import Wish
from crm_core.scheduling import store as scheduling
from tests.db.slots import Hospital, open_hospital

pytestmark = pytest.mark.db

BOSS = Actor(ActorKind.USER, "boss", Role.SUPERVISOR)
AGENT = Actor(ActorKind.USER, "agent", Role.AGENT)
EAST: dict[str, Any] = {"code": "east", "name": "东院区", "name_en": "East campus", "position": 1}


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    """One practitioner, four slots of half an hour tomorrow, one place each."""
    async with open_hospital(database_url) as hospital:
        yield hospital


async def names(hospital: Hospital) -> list[tuple[str, str]]:
    return [(one.name, one.name_en) for one in await directory.departments(hospital.db)]


async def test_the_only_campus_is_unseen_and_two_are_named_wherever_a_department_is(hospital: Hospital) -> None:
    booked = await hospital.book(await hospital.patient())
    assert await names(hospital) == [("妇科", "Gynaecology")]
    east = await directory.add_campus(hospital.db, BOSS, **EAST)
    async with hospital.db.transaction(SYSTEM) as tx:
        await store.put_department(
            tx.conn, code="gyn-e", name="妇科", name_en="Gynaecology", campus_id=east.id, position=1
        )
        slot = await scheduling.slot(tx.conn, hospital.slots[0])
        appointment = await scheduling.get(tx.conn, booked)
    assert await names(hospital) == [
        ("本部 妇科", "Gynaecology, Main campus"),
        ("东院区 妇科", "Gynaecology, East campus"),
    ]
    assert slot is not None
    assert appointment is not None
    assert {slot.department_name, appointment.slot.department_name} == {"本部 妇科"}


async def test_a_campus_is_added_once_by_who_may(hospital: Hospital) -> None:
    wish = Wish("k", b"east")
    made = [await directory.add_campus(hospital.db, BOSS, **EAST, wish=wish) for _ in range(2)]
    assert made[0] == made[1]
    assert [one.code for one in await directory.campuses(hospital.db)] == ["main", "east"]
    with pytest.raises(CodeTakenError):
        await directory.add_campus(hospital.db, BOSS, **EAST)
    with pytest.raises(ForbiddenError):
        await directory.add_campus(hospital.db, AGENT, **EAST)
    async with hospital.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM audit WHERE action = 'add campus'") == 1
