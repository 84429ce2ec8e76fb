"""The doors in a real browser: a first password, a second factor, and a page that nobody touches."""

import re
from datetime import timedelta

import pyotp
import pytest
from playwright.async_api import Browser, Request

from crm_core.kernel.actor import SYSTEM
from crm_core.users import service
from tests.browser.people import log_in, sit_down
from tests.web.house import KEY, MORNING, House
from tests.web.test_web_accounts import set_up_factor
from web.security import BACKGROUND_HEADER

pytestmark = pytest.mark.browser
ALL_PARTS = "document.querySelectorAll('[data-shows]').forEach((part) => window.htmx.trigger(part, 'live:refresh'))"

OWN = "moon tractor violet"


@pytest.mark.parametrize("size", ["desktop", "telephone"])
async def test_a_newcomer_chooses_a_password_and_sets_up_a_second_factor(
    chromium: Browser, house: House, size: str
) -> None:
    user = await house.user("agent1", "agent")
    first = await service.reset_password(house.db, SYSTEM, user.id)
    seat = await sit_down(chromium, house.base, size=size)
    page = seat.page
    await page.goto("/login")
    await page.fill("#login", "agent1")
    await page.fill("#password", first)
    await page.click("form[action='/login'] button:not([type])")
    await page.wait_for_selector("h1:has-text('Choose a password of your own')")
    for name, word in (("old", first), ("new", OWN), ("again", OWN)):
        await page.fill(f"[name={name}]", word)
    await page.click("form[action='/account/password'] button")
    await page.wait_for_selector("#nav")
    await page.goto("/account/second-factor")
    await page.fill("input[type=password]", OWN)
    await page.click("form[action='/account/second-factor'] button")
    secret = await page.inner_text("code")
    assert (await page.locator("svg.segno").bounding_box()) is not None
    await page.fill("[name=code]", pyotp.TOTP(secret).at(house.db.clock()))
    await page.click("form[action$='/confirm'] button")
    codes = await page.locator("ul code").all_inner_texts()
    await page.click("form[action='/logout'] button")
    await page.fill("#login", "agent1")
    await page.fill("#password", OWN)
    await page.click("form[action='/login'] button:not([type])")
    await page.fill("#code", codes[0])
    await page.click("form[action='/login/code'] button")
    await page.wait_for_selector("#nav")
    assert seat.complaints == []
    assert seat.strangers == []


async def test_a_page_that_nobody_touches_says_so_of_all_it_asks(chromium: Browser, house: House) -> None:
    await house.user("agent1", "agent", desk=True)
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "agent1", KEY)
    by_person: list[str] = []
    by_itself: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type in {"xhr", "fetch"}:
            asked = by_itself if BACKGROUND_HEADER.lower() in request.headers else by_person
            asked.append(request.url.removeprefix(house.base))

    seat.page.on("request", note)
    await seat.page.evaluate(ALL_PARTS)
    await seat.page.wait_for_load_state("networkidle")
    await seat.page.wait_for_function("() => !document.querySelector('.htmx-request')")
    assert {"/sms/unread", "/desk/state", "/desk/waiting"} <= set(by_itself)
    assert by_person == []
    await seat.page.click("#nav a[href='/patients']")
    await seat.page.wait_for_selector("h1:has-text('Patients')")
    assert by_person == ["/patients"]


async def test_who_left_hours_ago_is_asked_to_log_in_and_nobody_reads_what_lies_beneath(
    chromium: Browser, house: House
) -> None:
    await house.user("agent1", "agent")
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "agent1", KEY)
    house.db.clock = lambda: MORNING + timedelta(hours=2, seconds=1)
    await seat.page.evaluate(ALL_PARTS)
    await seat.page.wait_for_selector("#log-in-again[open]")
    seen = await seat.page.evaluate(
        "getComputedStyle(document.getElementById('log-in-again'), '::backdrop').backgroundColor"
    )
    assert re.fullmatch(r"rgb\([^,]+,[^,]+,[^,]+\)", seen)  # nothing shines through


async def test_who_is_logged_out_while_typing_comes_back_with_both_factors_and_goes_on(
    chromium: Browser, house: House
) -> None:
    await house.user("nurse", "nurse")
    seat = await sit_down(chromium, house.base)
    page = seat.page
    await log_in(seat, "nurse", KEY)
    async with await house.browser("nurse") as nurse:
        _secret, codes = await set_up_factor(house, nurse)
    await page.goto("/tasks/new")
    await page.fill("#task-text", "half")
    await page.wait_for_selector("[data-draft-said]:has-text('Draft kept')")
    async with house.db.connection() as conn:
        await conn.execute("DELETE FROM user_session")
    await page.focus("#task-text")
    await page.keyboard.press("End")
    await page.keyboard.type(" a sentence")
    await page.fill("#again-password", KEY)
    await page.keyboard.press("Enter")
    for code, ends in (("000000", "#log-in-again [role=alert]:not([hidden])"), (codes[0], "#log-in-again:not([open])")):
        await page.fill("#again-code", code)
        await page.keyboard.press("Enter")
        await page.wait_for_selector(ends, state="attached")
    assert await page.input_value("#task-text") == "half a sentence"
    await page.click("form:has(#task-text) button.btn-primary")
    await page.wait_for_selector("h1:has-text('Tasks')")
    await page.goto("/tasks/new")
    assert await page.input_value("#task-text") == ""


async def test_logging_out_covers_what_the_other_tab_shows(chromium: Browser, house: House) -> None:
    await house.user("agent1", "agent")
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "agent1", KEY)
    other = await seat.page.context.new_page()
    await other.goto("/patients")
    await seat.page.click("form[action='/logout'] button")
    await other.wait_for_selector("#log-in-again[open]")


async def test_a_password_can_be_looked_at_before_it_is_sent(chromium: Browser, house: House) -> None:
    seat = await sit_down(chromium, house.base)
    page = seat.page
    await page.goto("/login")
    await page.fill("#password", KEY)
    await page.click("[data-shows-password]")
    assert await page.get_attribute("#password", "type") == "text"
    await page.click("[data-shows-password]")
    assert await page.get_attribute("#password", "type") == "password"
