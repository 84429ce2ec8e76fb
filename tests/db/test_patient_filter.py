"""The list of patients by what one field of their record has."""

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.patients import lookup, service
from crm_core.patients.model import NewPatient, Wanted

pytestmark = pytest.mark.db

AGENT = Actor(ActorKind.USER, "agent1", Role.AGENT)


async def found(db: Database, having: str, value: str, words: str = "") -> list[str]:
    wanted = Wanted(having=having, value=value, words=words)
    return [one.name for one in (await lookup.find(db, AGENT, wanted, limit=10)).patients]


@pytest.fixture
async def ward(database: Database) -> Database:
    for new in (
        NewPatient(name="张三", allergies=("青霉素类", "海鲜"), education="bachelor", phones=("13800138000",)),
        NewPatient(name="李四", allergies=("磺胺",), street="100%路", needs="请讲\n慢一点"),
        NewPatient(name="王五", allergies=("青霉素",), education="master", roles=("staff", "patient", "staff")),
    ):
        await service.register(database, SYSTEM, new)
    return database


async def test_who_is_allergic_to_penicillin_is_a_list(ward: Database) -> None:
    assert await found(ward, "allergies", "青霉素") == ["张三", "王五"]
    assert await found(ward, "allergies", "青霉素", "wang") == ["王五"]
    assert await found(ward, "allergies", "青霉素", "8000") == ["张三"]
    assert await found(ward, "allergies", "青霉素", "lisi") == []


async def test_a_closed_set_is_asked_in_its_words(ward: Database) -> None:
    assert await found(ward, "education", "本科") == await found(ward, "education", "Bachelor") == ["张三"]
    assert await found(ward, "education", "nonsense") == []


async def test_somebody_has_several_roles_and_is_found_by_each(ward: Database) -> None:
    assert await found(ward, "roles", "职工") == await found(ward, "roles", "Patient") == ["王五"]
    assert await found(ward, "roles", "家属") == []
    (one,) = (await lookup.find(ward, AGENT, Wanted(words="王五"), limit=1)).patients
    assert one.roles == ("patient", "staff")
    with pytest.raises(InvalidInputError):
        await service.change(ward, SYSTEM, one.id, {"roles": ["king"]})


async def test_what_is_typed_is_text_and_no_pattern(ward: Database) -> None:
    assert await found(ward, "street", "0%路") == ["李四"]
    assert await found(ward, "street", "%路%") == []
    assert await found(ward, "needs", "慢") == ["李四"]


async def test_only_a_field_of_the_register_can_be_asked_for(ward: Database) -> None:
    for wrong in ("password_hash", "search; DROP TABLE patient", "phones"):
        with pytest.raises(InvalidInputError):
            await found(ward, wrong, "x")


async def test_the_audit_says_by_which_field_and_not_for_what(ward: Database) -> None:
    await found(ward, "allergies", "青霉素")
    async with ward.connection() as conn:
        (row,) = await conn.fetch("SELECT detail FROM audit WHERE action = 'list patients'")
    assert (row["detail"]["by"], "青" in str(row["detail"])) == ("allergies", False)


async def test_pages_of_a_filtered_list_follow_each_other(ward: Database) -> None:
    first = await lookup.find(ward, AGENT, Wanted(having="allergies", value="青霉素"), limit=1)
    rest = await lookup.find(ward, AGENT, Wanted(having="allergies", value="青霉素"), limit=1, after=first.more)
    assert ([one.name for one in first.patients + rest.patients], rest.more) == (["张三", "王五"], None)
