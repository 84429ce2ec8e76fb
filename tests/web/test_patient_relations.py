"""Who is what to whom, on the page of both."""

import re

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError, InvalidInputError, NotFoundError
from crm_core.kernel.ids import PatientId
from crm_core.patients import kinship, relations
from crm_core.patients.errors import PatientNotFoundError
from tests.web.house import House

pytestmark = pytest.mark.web

MARKETER = Actor(ActorKind.USER, "marketer", Role.MARKETER)


async def kinds(house: House, patient_id: PatientId) -> list[tuple[str, str]]:
    found = await relations.of(house.db, SYSTEM, patient_id)
    return [(one.other.name, one.kind) for one in found.relations]


def test_every_word_has_a_reverse_that_is_written_down_on_one_side_only() -> None:
    assert kinship.REVERSE.keys() == kinship.KINDS.keys()
    for kind, back in kinship.REVERSE.items():
        assert kind in kinship.WRITTEN or back in kinship.WRITTEN
        one, other = PatientId(1), PatientId(2)
        assert kinship.written(one, other, kind)[2] in kinship.WRITTEN
        person, another, word = kinship.written(one, other, kind)
        assert kinship.written(person, another, word) == (person, another, word)


async def test_a_mother_is_seen_from_her_childs_page_and_the_child_from_hers(house: House) -> None:
    child, mother = await house.patient("王小明"), await house.patient("李秀英", "13900000001")
    await relations.relate(house.db, SYSTEM, child.id, mother.id, "mother")
    await relations.relate(house.db, SYSTEM, child.id, mother.id, "guardian")
    await relations.relate(house.db, SYSTEM, mother.id, child.id, "ward")  # the same, said from the other side
    assert await kinds(house, child.id) == [("李秀英", "mother"), ("李秀英", "guardian")]
    assert await kinds(house, mother.id) == [("王小明", "child"), ("王小明", "ward")]


async def test_spouses_are_spouses_of_each_other_once(house: House) -> None:
    one, other = await house.patient("王建国"), await house.patient("李秀英", "13900000001")
    await relations.relate(house.db, SYSTEM, one.id, other.id, "spouse")
    await relations.relate(house.db, SYSTEM, other.id, one.id, "spouse")
    assert await kinds(house, one.id) == [("李秀英", "spouse")]
    assert await kinds(house, other.id) == [("王建国", "spouse")]


async def test_what_cannot_be_is_refused(house: House) -> None:
    one, other = await house.patient("王建国"), await house.patient("李秀英", "13900000001")
    with pytest.raises(InvalidInputError):
        await relations.relate(house.db, SYSTEM, one.id, one.id, "spouse")
    with pytest.raises(InvalidInputError):
        await relations.relate(house.db, SYSTEM, one.id, other.id, "king")
    with pytest.raises(PatientNotFoundError):
        await relations.relate(house.db, SYSTEM, one.id, PatientId(999), "spouse")
    for refused in (
        relations.relate(house.db, MARKETER, one.id, other.id, "spouse"),
        relations.end(house.db, MARKETER, one.id, 1),
        relations.of(house.db, MARKETER, one.id),
    ):
        with pytest.raises(ForbiddenError):
            await refused
    await relations.relate(house.db, SYSTEM, one.id, other.id, "spouse")
    third = await house.patient("张三", "13900000002")
    (known,) = (await relations.of(house.db, SYSTEM, one.id)).relations
    with pytest.raises(NotFoundError):  # somebody else's
        await relations.end(house.db, SYSTEM, third.id, known.id)


async def test_an_agent_finds_ties_and_unties_a_relative_on_the_page(house: House) -> None:
    child, mother = await house.patient("王小明"), await house.patient("李秀英", "13900000001")
    path = f"/patients/{child.id}/relations"
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{child.id}")
        assert "No relatives or contacts are written down." in text
        _, text = await agent.post(f"{path}/find", {"q": "李秀"})
        assert re.search(rf'name="other_id" value="{mother.id}"', text)
        _, text = await agent.post(f"{path}/find", {"q": "王小明"})
        assert "other_id" not in text  # nobody is tied to themselves
        status, text = await agent.post(path, {"other_id": str(mother.id), "kind": "mother"})
        assert (status, "李秀英" in text, ">mother<" in text) == (200, True, True)
        _, text = await agent.get(f"/patients/{mother.id}")
        assert ">child<" in text
        (known,) = (await relations.of(house.db, SYSTEM, mother.id)).relations
        status, text = await agent.post(f"/patients/{mother.id}/relations/end", {"relation_id": str(known.id)})
        assert (status, "No relatives" in text) == (200, True)
    async with await house.browser("auditor") as auditor:
        assert (await auditor.post(path, {"other_id": str(mother.id), "kind": "mother"}))[0] == 403
        assert (await auditor.get(path))[0] == 403
    acted = [action for _who, action, _outcome in await house.audit()]
    assert ("relate patients" in acted, "end relation" in acted) == (True, True)
