"""Everybody's first page: where it leads after logging in, and what each role finds there."""

import pytest

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.tasks import service as tasks
from tests.web.house import ZHANG, House

pytestmark = pytest.mark.web


@pytest.mark.parametrize(
    ("role", "desk", "place"),
    [
        ("agent", True, "/desk"),
        ("agent", False, "/today"),
        ("nurse", True, "/today"),
        ("supervisor", True, "/today"),
        ("marketer", False, "/today"),
        ("admin", False, "/today"),
        ("auditor", False, "/audit"),
    ],
)
async def test_where_a_role_begins(house: House, role: str, desk: bool, place: str) -> None:
    async with await house.browser(role, desk=desk) as browser:
        async with browser.http.get(browser.base + "/", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, place)
        assert (await browser.get(place))[0] == 200


async def test_a_nurse_finds_the_queue_her_work_and_what_she_has_done(house: House) -> None:
    patient = await house.patient()
    await house.call("1.1")
    async with await house.browser("nurse") as nurse:
        async with house.db.transaction(SYSTEM) as tx:
            await tasks.open_in(tx, "call_back", ZHANG, "", patient.id, assigned_to=house.users["nurse"].id)
        _status, text = await nurse.get("/today")
        for words in ("Waiting in the queue", "Waiting for me", patient.name, "My calls today", "Nobody"):
            assert words in text
        _status, part = await nurse.get("/today", **{"HX-Target": "today"})
        assert ("<html" in part, patient.name in part) == (False, True)


async def test_a_marketer_has_a_menu_and_a_page_without_patients(house: House) -> None:
    patient = await house.patient()
    async with house.db.transaction(SYSTEM) as tx:
        await tasks.open_in(tx, "answer_sms", ZHANG, "", patient.id)
        await consultations.open_in(tx, ZHANG, "web", "白内障手术多少钱", patient.id)
    async with await house.browser("marketer") as marketer:
        _status, text = await marketer.get("/today")
        assert ("白内障手术多少钱" in text, patient.name in text, "138 0013 8000" in text) == (True, False, False)
        for place in ("/today", "/sms/new", "/consultations", "/wallboard"):
            assert f'href="{place}"' in text
            assert (await marketer.get(place))[0] == 200
        assert 'href="/sms"' not in text
        assert 'data-shows="consultations"' in text


async def test_the_idle_desk_asks_for_the_day_and_a_nothing_says_so(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        assert 'hx-get="/today"' in (await agent.get("/desk"))[1]
        assert "Nothing is waiting for you." in (await agent.get("/today"))[1]
