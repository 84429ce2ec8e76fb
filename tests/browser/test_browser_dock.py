"""The dock by itself: reachable at every width, named, remembered, without a word of code in it."""

import pytest
from playwright.async_api import Browser

from tests.browser.people import Seat, log_in, sit_down
from tests.web.house import KEY, House

pytestmark = pytest.mark.browser

WIDTHS = (360, 390, 576, 767, 768, 991, 992, 1024, 1093, 1199, 1200, 1440, 2560)
STATES = ("idle", "ringing", "calling", "talking", "returning")
SHOW = "(state) => { document.getElementById('dock').dataset.call = state; }"
NAMELESS = """() => [...document.querySelectorAll('#dock :is(button, input, select, summary)')]
  .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || e.labels?.length))
  .map((e) => e.outerHTML)"""
COVERED = """() => [...document.querySelectorAll('#dock :is(button, input, select, summary)')]
  .filter((e) => e.checkVisibility()).filter((e) => {
    e.scrollIntoView({ block: 'nearest' });
    const { left, top, width, height } = e.getBoundingClientRect();
    return !e.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  }).map((e) => e.outerHTML)"""
TEXT = "document.getElementById('dock').innerText"


async def at_the_desk(chromium: Browser, house: House, *, chinese: bool = False) -> Seat:
    """An agent in front of a telephone that reaches nobody."""
    if "agent1" not in house.users:
        await house.user("agent1", "agent", desk=True)
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "agent1", KEY)
    await seat.page.goto("/desk")
    if chinese:
        await seat.page.click("button[lang='zh-CN']")
    await seat.page.wait_for_selector("#agent-state .state-dot")
    return seat


async def test_everything_in_the_dock_can_be_pressed_at_every_width(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 760})
        for state in STATES:
            await page.evaluate(SHOW, state)
            assert (width, state, await page.evaluate(COVERED)) == (width, state, [])
            if state == "ringing":
                assert await page.locator("#dock [data-do=answer] >> visible=true").count() == 1
            if state != "idle":
                assert await page.locator("#dock [data-do=hangup] >> visible=true").count() == 1
        await page.evaluate(SHOW, "idle")
        fold = page.locator("[data-do=fold]")
        if await fold.is_visible():
            await fold.click()
            assert (width, await page.evaluate(COVERED)) == (width, [])
            assert await page.locator("#agent-state button:has-text('Take calls')").is_visible()
            await fold.click()
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


async def test_every_control_of_the_dock_has_a_name_in_every_state(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    await seat.page.click("[data-do=sound]")
    for size in ((1440, 900), (390, 844)):
        await seat.page.set_viewport_size({"width": size[0], "height": size[1]})
        for state in STATES:
            await seat.page.evaluate(SHOW, state)
            assert (size, state, await seat.page.evaluate(NAMELESS)) == (size, state, [])


async def test_a_break_is_chosen_without_a_complaint_of_the_browser(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    for _ in range(2):
        await seat.page.click("#agent-state summary")
        await seat.page.click("#agent-state button:has-text('Meal')")
        await seat.page.wait_for_selector("#agent-state .state-dot.break")
        await seat.page.click("#agent-state button:has-text('Take calls')")
        await seat.page.wait_for_selector("#agent-state .state-dot.available")
    assert seat.complaints == []


async def test_the_menu_of_breaks_stays_open_while_the_dock_looks_again(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    await seat.page.click("#agent-state summary")
    before = await seat.page.wait_for_selector("#agent-state details")
    assert before is not None
    await seat.page.evaluate("htmx.trigger('#agent-state', 'live:refresh')")
    await before.wait_for_element_state("hidden")  # another stands in its place
    assert await seat.page.locator("#agent-state button:has-text('Meal')").is_visible()


async def test_a_chinese_dock_says_the_extension_and_no_code(chromium: Browser, house: House) -> None:
    await house.user("agent1", "agent", desk=True)
    await house.user("agent2", "agent", desk=True)
    seat = await at_the_desk(chromium, house, chinese=True)
    await seat.page.evaluate(SHOW, "talking")
    await seat.page.click("[data-do=transfer]")
    await seat.page.wait_for_selector("[data-transfer-to=operators]")
    text = str(await seat.page.evaluate(TEXT))
    assert "分机 01" in text
    assert "desk" not in text


async def test_the_chosen_volume_and_devices_outlive_a_log_out(chromium: Browser, house: House) -> None:
    seat = await at_the_desk(chromium, house)
    page = seat.page
    await page.click("[data-do=sound]")
    await page.locator("#ring-volume").fill("20")
    options = page.locator("#sound-microphone option")
    await options.nth(1).wait_for(state="attached")
    chosen = await options.nth(1).text_content()
    await page.select_option("#sound-microphone", index=1)
    await page.click("form[action='/logout'] button")
    await page.wait_for_url("**/login")
    await log_in(seat, "agent1", KEY)
    await page.goto("/desk")
    await page.click("[data-do=sound]")
    await page.locator("#sound-microphone option:checked", has_text=chosen or "?").wait_for(state="attached")
    assert await page.input_value("#ring-volume") == "20"
    assert await page.evaluate("Object.keys(localStorage).length") == 0
