"""How a record came to be as it is, on the person's page."""

import re

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.cursor import parse
from crm_core.kernel.errors import ForbiddenError
from crm_core.patients import lookup, service
from crm_core.patients.model import NewPatient
from tests.web.house import House

pytestmark = pytest.mark.web


async def test_the_page_shows_who_changed_what_who_made_the_record_and_what_was_typed(house: House) -> None:
    user = await house.user("agent7", "agent")
    clerk = Actor(ActorKind.USER, "agent7", Role.AGENT, user_id=user.id)
    patient = await service.register(house.db, clerk, NewPatient(name="张三丰", phones=("138 0013-8000",)))
    await service.change(
        house.db, clerk, patient.id, {"education": "master", "phones": ["+8613800138000", "13900000009"]}
    )
    await service.change(house.db, SYSTEM, patient.id, {"needs": "<b>靠窗</b>", "allergies": ["青霉素"]})
    async with await house.browser("agent1", "agent") as agent:
        status, text = await agent.get(f"/patients/{patient.id}")
        shown = text[text.index('id="history"') :]
        assert status == 200
        assert "Record made by Agent7" in shown
        assert "typed as 138 0013-8000" in shown
        assert re.search(r"Agent7 · Education.*?<del[^>]*>–</del>.*?<ins[^>]*>Master</ins>", shown, re.DOTALL)
        assert "&lt;b&gt;靠窗" in shown
        assert "<b>靠窗" not in shown
        status, only = await agent.get(f"/patients/{patient.id}/history?field=phones")
        assert (status, "+8613900000009" in only, "青霉素" in only) == (200, True, False)
        assert (await agent.get(f"/patients/{patient.id}/history?before=xyz"))[0] == 422
        assert (await agent.get("/patients/999/history"))[0] == 404


async def test_the_history_is_turned_page_by_page_to_its_beginning(house: House) -> None:
    patient = await house.patient()
    for number in range(lookup.CHANGES + 3):
        await service.change(house.db, SYSTEM, patient.id, {"region": f"区{number}"})
    async with await house.browser("agent1", "agent") as agent:
        _, first = await agent.get(f"/patients/{patient.id}/history")
        following = re.search(r'hx-get="([^"]*before=[^"]+)"', first)
        assert following is not None
        _, rest = await agent.get(following[1].replace("&amp;", "&"))
    assert (first.count("<ins"), rest.count("<ins")) == (lookup.CHANGES, 3)
    assert ("Record made by" in first, "Record made by" in rest) == (False, True)


async def test_only_who_may_see_patients_sees_their_history(house: House) -> None:
    patient = await house.patient()
    marketer = Actor(ActorKind.USER, "marketer", Role.MARKETER)
    with pytest.raises(ForbiddenError):
        await lookup.history(house.db, marketer, patient.id, before=parse(""))
