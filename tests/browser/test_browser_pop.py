"""What is typed in a browser is not lost: not by Back, a reload, another page, another call, or an expired session."""

import pytest
from playwright.async_api import Browser, Page

from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.kernel.ids import Linkedid
from tests.browser.people import Seat, log_in, sit_down
from tests.eventually import eventually
from tests.web.house import KEY, House

pytestmark = pytest.mark.browser

NOTES = "#pop textarea[name=notes]"
TELEPHONE = """(state) => hcrmPhone.dispatchEvent(new CustomEvent('call', {
  detail: { state, incoming: true, number: '+8613900000009', startedAt: Date.now() } }))"""
NEAR_THE_TOP = """() => {
  const { top } = document.getElementById('result').getBoundingClientRect();
  return top > 0 && top < 300; }"""
NAME_IS = "(name) => document.getElementById('f-name')?.value === name"
STORED = "() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })"


async def at_the_desk(chromium: Browser, house: House, role: str = "agent") -> Seat:
    await house.user("agent1", role, desk=True)
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "agent1", KEY)
    await seat.page.goto("/desk")
    await seat.page.click("#agent-state button:has-text('Take calls')")
    await seat.page.wait_for_selector("#agent-state .state-dot.available")
    return seat


async def talk(house: House, page: Page, linkedid: str = "1.1", caller: str = "+8613900000009") -> Call:
    """The desk rings and answers."""
    call = await house.call(linkedid, caller)
    await calls.agent_rang(house.db, Linkedid(linkedid), "desk-01")
    await page.wait_for_selector("#agent-state .state-dot.ringing")
    await calls.connected(house.db, Linkedid(linkedid), "desk-01")
    await page.wait_for_selector("#agent-state .state-dot.on_call")
    return call


async def write(page: Page, text: str) -> None:
    """By keyboard, and until the server has it."""
    await page.focus(NOTES)
    await page.keyboard.type(text)
    await page.wait_for_selector("#pop [data-draft-said]:has-text('Draft kept')")


async def log_everybody_out(house: House) -> None:
    async with house.db.connection() as conn:
        await conn.execute("DELETE FROM user_session")


async def has_draft(house: House, word: str) -> bool:
    async with house.db.connection() as conn:
        return bool(await conn.fetchval("SELECT true FROM draft WHERE draft::text LIKE '%' || $1 || '%'", word))


async def test_on_a_telephone_one_press_leads_to_the_result(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    await talk(house, page)
    await page.wait_for_selector(NOTES)
    assert not await page.locator(".result-jump").is_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.click(".result-jump")
    await page.wait_for_function(NEAR_THE_TOP)
    assert not await page.locator(".result-jump").is_visible()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.name") == "disposition"


async def test_notes_survive_another_page_back_and_a_reload(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    await talk(house, page)
    await page.wait_for_selector(NOTES)
    await write(page, "asked about the check-up")
    await page.check("#pop input[value=complaint]", force=True)
    await page.keyboard.type("")
    await page.click("#nav a[href='/patients']")  # at once: the choice is kept before the page goes
    await page.wait_for_selector("h1:has-text('Patients')")
    await page.go_back()
    await page.wait_for_selector(NOTES)
    assert await page.input_value(NOTES) == "asked about the check-up"
    assert await page.is_checked("#pop input[value=complaint]")
    await page.fill(NOTES, "typed and reloaded at once")
    await page.reload()
    is_back = "(at) => document.querySelector(at)?.value === 'typed and reloaded at once'"
    await page.wait_for_function(is_back, arg=NOTES)
    assert "typed" not in await page.evaluate(STORED)
    assert seat.complaints == []


async def test_a_session_that_expired_while_typing_is_renewed_in_a_dialog_and_the_result_saved(
    chromium: Browser, house: House
) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    call = await talk(house, page)
    await page.wait_for_selector(NOTES)
    await write(page, "half")
    await log_everybody_out(house)
    await page.focus(NOTES)
    await page.keyboard.press("End")
    await page.keyboard.type(" a sentence")
    await page.wait_for_selector("#log-in-again[open]")
    await page.keyboard.type("a wrong password")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#log-in-again [role=alert]:not([hidden])")
    await page.keyboard.type(KEY)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#log-in-again:not([open])", state="attached")
    assert await page.input_value(NOTES) == "half a sentence"
    await page.check("#pop input[value=complaint]", force=True)
    await eventually(lambda: has_draft(house, "complaint"), what="the choice is kept: nothing more is sent by itself")
    await log_everybody_out(house)
    await page.click(".result-save")
    await page.wait_for_selector("#log-in-again[open]")
    await page.keyboard.type(KEY)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#disposition-said:has-text('Written down.')")

    async def is_saved() -> bool:
        async with house.db.connection() as conn:
            row = await conn.fetchrow("SELECT disposition, notes FROM call WHERE id = $1", call.id)
        return row is not None and tuple(row) == ("complaint", "half a sentence")

    await eventually(is_saved)


async def test_a_form_that_is_not_saved_is_not_swapped_away_without_a_question(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house, "supervisor")
    page = seat.page
    await page.click("#nav a[href='/sms']")
    await page.click("#page a[href='/sms/answers']")
    await page.fill("#canned-0-title", "Report")
    await page.click("#nav a[href='/calls']")
    await page.wait_for_selector("#leave[open]")
    await page.keyboard.press("Enter")  # stay is what is focused
    await page.wait_for_selector("#leave:not([open])", state="attached")
    assert await page.input_value("#canned-0-title") == "Report"
    await page.evaluate("history.back()")
    await page.wait_for_selector("#leave[open]")
    await page.keyboard.press("Escape")
    assert (page.url.endswith("/sms/answers"), await page.input_value("#canned-0-title")) == (True, "Report")
    await page.click("#nav a[href='/calls']")
    await page.click("#leave button[value=leave]")
    await page.wait_for_selector("h1:has-text('Calls')")


async def test_a_record_is_left_without_a_question_and_thrown_away_and_brought_back(
    chromium: Browser, house: House
) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    await page.goto("/patients/new")
    await page.fill("#f-name", "Wang")
    await page.click("#nav a[href='/calls']")
    await page.wait_for_selector("h1:has-text('Calls')")
    await page.go_back()
    await page.wait_for_selector("[data-draft-said]:has-text('Draft kept')")
    assert await page.input_value("#f-name") == "Wang"
    await page.click("[data-draft-drop]")
    await page.wait_for_function(NAME_IS, arg="")
    await page.click(".hcrm-toast button:has-text('Undo')")
    await page.wait_for_function(NAME_IS, arg="Wang")
    assert "Wang" not in await page.evaluate(STORED)
    assert seat.complaints == []


async def test_a_saved_form_asks_nothing(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    await page.goto("/patients/new")
    await page.fill("#f-name", "Wang")
    await page.fill("#f-phones", "13900000009")
    await page.keyboard.press("Tab")
    await page.click("button[type=submit]:has-text('Save')")
    await page.wait_for_selector("h1:has-text('Wang')")
    assert not await page.is_visible("#leave")


async def test_a_call_that_is_answered_while_a_form_is_typed_is_offered_beside_it(
    chromium: Browser, house: House
) -> None:
    seat = await at_the_desk(chromium, house, "supervisor")
    page = seat.page
    await house.patient("Zhang", "+8613900000009")
    await page.goto("/sms/answers")
    await page.fill("#canned-0-title", "Wang")
    await talk(house, page)
    await page.wait_for_selector("#caller:has-text('Zhang')", state="attached")
    await page.evaluate(TELEPHONE, "ringing")
    await page.evaluate(TELEPHONE, "talking")
    await page.wait_for_selector("#call-offer:has-text('Zhang')")
    assert await page.input_value("#canned-0-title") == "Wang"
    await page.fill("#canned-0-title", "")
    await page.click("#call-offer a")
    await page.wait_for_selector(NOTES)
    assert not await page.is_visible("#call-offer")
