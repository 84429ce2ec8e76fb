"""Lists and forms in a real browser: the address, the way back, other tabs, the keyboard, the telephone's width."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from crm_core.kernel.actor import SYSTEM
from crm_core.patients import service
from tests.browser.test_browser_pages import seated
from tests.web.house import House
from tests.web.test_web_lists import address_of, furnish
from web import routes

pytestmark = pytest.mark.browser

ONE_LETTER_A_LINE = """() => [...document.querySelectorAll('#list td')]
  .filter((e) => e.checkVisibility() && e.textContent.trim().length > 2 && e.clientWidth < 40)
  .map((e) => e.textContent.trim())"""


async def names(page: Page) -> list[str]:
    """Of the patients that are listed."""
    return await page.locator("#list tbody strong").all_inner_texts()


async def test_a_search_stands_in_the_address_and_comes_back_with_the_page(chromium: Browser, house: House) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "agent1", "agent")
    page = seat.page
    await page.goto("/patients")
    await page.locator("#by-q").press_sequentially("nobody at all", delay=30)
    await expect(page.locator("#list tbody tr")).to_have_count(0)
    await page.fill("#by-q", "李四3")
    await expect(page.locator("#list tbody tr")).to_have_count(1)
    await expect(page.locator("#by-q")).to_be_focused()  # whoever types is not disturbed
    assert "find=" in page.url
    assert "李" not in page.url
    assert "%E6" not in page.url
    await page.click("#list a.row-link")
    await page.wait_for_selector("#cards")
    await page.go_back()
    await page.wait_for_selector("#by-q")
    assert (await page.input_value("#by-q"), await names(page)) == ("李四3", ["李四3"])
    await page.reload()
    assert (await page.input_value("#by-q"), await names(page)) == ("李四3", ["李四3"])
    await page.go_back()  # however many letters it took
    await expect(page.locator("#list tbody tr")).to_have_count(7)
    assert seat.complaints == []


async def test_a_row_opens_in_another_tab_and_leaves_the_list_as_it_is(chromium: Browser, house: House) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "agent1", "agent")
    page = seat.page
    await page.goto("/patients")
    row = page.locator("#list tbody tr").nth(2)
    for press in ({"modifiers": ["Control"]}, {"button": "middle"}):
        async with page.context.expect_page() as opening:
            await row.click(position={"x": 600, "y": 15}, **press)
        other = await opening.value
        await other.wait_for_selector("#cards")
        assert page.url.endswith("/patients")
        await other.close()
    async with page.context.expect_page() as opening:
        await page.click("#nav a[href='/appointments']", modifiers=["Control"])
    assert (await opening.value).url.endswith("/appointments")
    assert page.url.endswith("/patients")


async def test_what_is_wrong_with_a_filter_is_said_beside_it_and_goes_when_it_is_right(
    chromium: Browser, house: House
) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "admin", "admin")
    page = seat.page
    await page.goto("/calls?direction=sideways")
    await expect(page.locator("#by-direction")).to_have_attribute("aria-invalid", "true")
    assert await page.locator("#list tbody tr").count() == 0
    await page.select_option("#by-direction", "in")
    await expect(page.locator("#list tbody tr")).to_have_count(7)
    await expect(page.locator("#by-direction")).not_to_have_attribute("aria-invalid", "true")
    assert page.url.endswith("/calls?direction=in")
    await page.evaluate("document.querySelector('#by-since').type = 'text'")
    await page.fill("#by-since", "yesterday")
    await page.press("#by-since", "Enter")
    await expect(page.locator("#by-since-problem")).to_have_text("Please give a day like 2026-03-31.")
    await expect(page.locator("#by-since")).to_have_attribute("aria-invalid", "true")
    assert await page.locator("#list tbody tr").count() == 0


async def test_a_list_is_worked_with_by_keyboard_alone(chromium: Browser, house: House) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "agent1", "agent")
    page = seat.page
    await page.goto("/patients")
    await page.keyboard.press("/")
    await page.keyboard.type("李四5")
    await expect(page.locator("#list tbody tr")).to_have_count(1)
    for _filter in ("what is in", "which field", "the first row"):
        await page.keyboard.press("Tab")
    await expect(page.locator("#list a.row-link")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_selector("h1:has-text('李四5')")


async def test_the_focus_goes_to_the_first_field_that_is_wrong(chromium: Browser, house: House) -> None:
    seat = await seated(chromium, house, "agent1", "agent")
    page = seat.page
    await page.goto("/patients/new")
    await page.fill("#f-name", "王小明")
    await page.fill("#f-phones", "12")
    await page.fill("#f-birth_date", "2090-01-01")
    await page.click("button[type=submit]:has-text('Save')")
    await expect(page.locator("#f-phones")).to_be_focused()
    assert await page.locator("#f-phones-problem").inner_text() == "12 is not a telephone number. Example: 13800138000"
    await page.fill("#f-phones", "13800138000")
    await page.click("button[type=submit]:has-text('Save')")
    await expect(page.locator("#f-birth_date")).to_be_focused()
    assert await page.input_value("#f-name") == "王小明"


async def test_who_is_on_file_may_be_opened_or_registered_anyway(chromium: Browser, house: House) -> None:
    await house.patient()
    seat = await seated(chromium, house, "agent1", "agent")
    page = seat.page
    await page.goto("/patients/new")
    await page.fill("#f-name", "张三丰")
    await page.fill("#f-phones", "13800138000")
    await page.click("button[type=submit]:has-text('Save')")
    await page.wait_for_selector("text=already on file")
    await page.click("button:has-text('register anyway')")
    await page.wait_for_selector("#cards")
    assert page.url.endswith("/patients/2")


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
async def test_every_list_is_read_on_a_telephone(chromium: Browser, house: House, locale: str) -> None:
    await furnish(house)
    await service.change(
        house.db, SYSTEM, (await house.patient("很长的名字" * 8, "13900001111")).id, {"region": "广州" * 20}
    )
    seat = await seated(chromium, house, "admin", "admin", size="telephone")
    page = seat.page
    if locale == "zh_CN":
        await page.click("button[name=locale]")
        await page.wait_for_selector("html[lang='zh-CN']")
    for one, _handler in routes.LISTS:
        await page.goto(address_of(one))
        assert (one.path, await page.evaluate("document.documentElement.scrollWidth - innerWidth")) == (one.path, 0)
        assert (one.path, await page.evaluate(ONE_LETTER_A_LINE)) == (one.path, [])
        assert await page.locator("#list tbody tr").count()
    assert [line for line in seat.complaints if not re.search(r"status of 4\d\d", line)] == []
