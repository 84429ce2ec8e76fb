"""Two people and one record, in a real browser: nobody's words are lost, and the reader decides."""

import pytest
from playwright.async_api import Browser

from crm_core.calls import desk
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind
from crm_core.patients import service, store
from crm_core.patients.model import Patient
from tests.browser.test_browser_pages import seated
from tests.web.house import ZHANG, House

pytestmark = pytest.mark.browser

HIS = Actor(ActorKind.SYSTEM, "his")
MEANWHILE = {
    "card_no": "C-777",
    "diseases": ("糖尿病",),
    "phones": (ZHANG, "13900000009"),
    "region": "深圳",
    "language": "en",
}


async def kept(house: House, patient: Patient) -> Patient:
    async with house.db.connection() as conn:
        found = await store.get(conn, patient.id)
    assert found is not None
    return found


@pytest.mark.parametrize("size", ["desktop", "telephone"])
async def test_what_the_his_wrote_while_an_agent_had_the_form_open_stays_and_the_agent_chooses(
    chromium: Browser, house: House, size: str
) -> None:
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1", "agent", size=size)
    page = seat.page
    await page.goto(f"/patients/{patient.id}/edit")
    await service.change(house.db, HIS, patient.id, MEANWHILE)
    await page.fill("#f-region", "广州")
    await page.fill("#f-source", "熟人介绍")
    await page.click("button[type=submit]:has-text('Save')")
    await page.wait_for_selector("text=nothing was saved yet")
    assert (await kept(house, patient)).region == "深圳"
    assert await page.input_value("#f-region") == "广州"
    assert await page.input_value("#f-card_no") == "C-777"
    assert await page.input_value("#f-language") == "en"
    assert "his wrote here meanwhile" in await page.inner_text("#meanwhile-region")
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await page.click("#meanwhile-region button")
    assert await page.input_value("#f-region") == "深圳"
    await page.click("button[type=submit]:has-text('Save')")
    await page.wait_for_selector("#cards")  # the form is gone: it is saved
    now = await kept(house, patient)
    assert (now.region, now.source, now.card_no, now.diseases) == ("深圳", "熟人介绍", "C-777", ("糖尿病",))
    assert len(now.phones) == 2
    assert seat.strangers == []


async def test_boxes_that_were_ticked_and_a_telephone_with_its_owner_are_kept_while_typed_and_saved(
    chromium: Browser, house: House
) -> None:
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1", "agent")
    page = seat.page
    await page.goto(f"/patients/{patient.id}/edit")
    for role in ("staff", "patient"):
        await page.check(f"input[name=roles][value={role}]")
    await page.fill("#f-allergies", "青霉素、海鲜")
    await page.fill("#f-phones", f"{ZHANG} 妈妈 家里 晚上打")
    await page.select_option("#f-education", "master")
    await page.wait_for_selector("[data-draft-said]:has-text('Draft kept')")
    await page.reload()
    assert await page.is_checked("input[name=roles][value=staff]")
    assert await page.is_checked("input[name=roles][value=patient]")
    assert not await page.is_checked("input[name=roles][value=partner]")
    assert await page.input_value("#f-allergies") == "青霉素、海鲜"
    await page.click("button[type=submit]:has-text('Save')")
    await page.wait_for_selector("#cards")
    now = await kept(house, patient)
    assert (now.roles, now.allergies, now.education) == (("patient", "staff"), ("青霉素", "海鲜"), "master")
    assert [(one.owner, one.kind, one.note) for one in now.numbers] == [("mother", "home", "晚上打")]
    assert "mother · home · 晚上打" in await page.inner_text("#numbers")
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert seat.strangers == []


async def test_a_stranger_asks_is_answered_and_registered_with_what_they_asked(chromium: Browser, house: House) -> None:
    call = await house.call("7.1", "+8613900000009")
    seat = await seated(chromium, house, "supervisor", "supervisor")
    page = seat.page
    await page.goto("/consultations")
    await page.wait_for_selector("text=Nobody waits for an answer.")
    await desk.consult(house.db, SYSTEM, call.id, "体检多少钱?")
    await page.click("#list tr:has-text('体检多少钱')")  # it came by itself
    await page.click("a:has-text('Register')")
    assert await page.input_value("#f-phones") == "+8613900000009"
    await page.fill("#f-name", "王小明")
    await page.click("button[type=submit]:has-text('Save')")
    await page.wait_for_selector("h1:has-text('王小明')")
    await page.click("#timeline a:has-text('体检多少钱')")
    await page.wait_for_selector("a:has-text('王小明')")
    await page.fill("#c-result", "三百元")
    await page.click("button[type=submit]:has-text('Close the consultation')")
    await page.wait_for_selector("text=Nobody waits for an answer.")
    await page.select_option("select[name=status]", "closed")
    await page.wait_for_selector("text=三百元")
    assert seat.complaints == []
