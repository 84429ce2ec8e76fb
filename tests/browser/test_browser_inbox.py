"""Writing in a real browser: drafts are never lost, the keyboard, canned answers, a name, a count that is right."""

import asyncio

import pytest
from playwright.async_api import Browser, Page

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn
from sms import canned, segments
from sms.canned_model import NewCanned
from tests.browser.people import Seat, log_in, sit_down
from tests.browser.test_browser_sms import receives
from tests.eventually import eventually
from tests.web.house import KEY, SETTINGS, ZHANG, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
STRANGER = Msisdn("+8613911112222")
FIELD = "#sms-text"


async def at_messages(chromium: Browser, house: House, *, size: str = "desktop") -> Seat:
    await house.user("nurse", "nurse")
    await house.patient()
    await receives(house, "报告出了吗", reference=1)
    await receives(house, "您好", STRANGER, reference=2)
    seat = await sit_down(chromium, house.base, size=size)
    await log_in(seat, "nurse", KEY)
    await seat.page.goto("/sms?filter=unread")
    return seat


async def opens(page: Page, who: str) -> None:
    await page.click(f"#threads a:has-text('{who}')")
    await page.wait_for_selector(f"h2:has-text('{who}'), .card-header a:has-text('{who}')")


async def test_a_draft_outlives_another_thread_a_reload_and_a_session_that_expired(
    chromium: Browser, house: House
) -> None:
    page = (await at_messages(chromium, house)).page
    await page.goto("/sms")
    await opens(page, "张三丰")
    await page.fill(FIELD, "报告周三")
    await opens(page, "139 1111 2222")
    assert await page.input_value(FIELD) == ""
    await page.fill(FIELD, "请问您是")
    await opens(page, "张三丰")
    assert await page.input_value(FIELD) == "报告周三"
    await page.reload()
    await page.wait_for_function("document.querySelector('#sms-text').value === '报告周三'")
    async with house.db.connection() as conn:
        await conn.execute("DELETE FROM user_session")
    await page.click("form:has(#sms-text) button.btn-primary")
    await page.wait_for_selector("#log-in-again[open]")
    await page.fill("#again-password", KEY)
    await page.click("#log-in-again button.btn-primary")
    await page.wait_for_selector("#bubbles .bubble.out:has-text('报告周三')")  # the same request, sent again
    assert await page.input_value(FIELD) == ""


async def test_ctrl_enter_sends_and_the_draft_is_gone_and_the_row_is_answered(chromium: Browser, house: House) -> None:
    seat = await at_messages(chromium, house)
    page = seat.page
    await opens(page, "张三丰")
    assert "filter=unread" in page.url
    assert "q=" not in page.url  # nor would a name that was looked for
    await page.focus(FIELD)
    await page.keyboard.type("报告已出")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("#bubbles .bubble.out:has-text('报告已出') .writer:has-text('Nurse')")
    assert await page.input_value(FIELD) == ""
    assert seat.complaints == []


async def test_a_refused_text_stays_in_its_field(chromium: Browser, house: House) -> None:
    page = (await at_messages(chromium, house)).page
    await opens(page, "张三丰")
    await page.fill(FIELD, "{name}您好")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector("#sms-problem .alert")
    assert await page.input_value(FIELD) == "{name}您好"


async def test_a_canned_answer_is_chosen_and_the_count_is_what_will_be_sent(chromium: Browser, house: House) -> None:
    boss = (await house.user("boss", "supervisor")).actor
    await canned.create(house.db, boss, NewCanned("报告", "{name}您好，您的报告已出。"))
    page = (await at_messages(chromium, house)).page
    await opens(page, "张三丰")
    await page.select_option("select.canned", label="报告")
    assert await page.input_value(FIELD) == "张三丰您好，您的报告已出。"
    for text in ("张三丰您好", "请" * 80, "Please come € [now] " * 20, "👍" * 40):
        await page.fill(FIELD, text)
        language = "en" if text.startswith("Please") else "zh_CN"
        size = segments.size(SETTINGS.letterhead.signed(text, language))
        said = f"{size.units} characters with the hospital's name, {size.segments} texts"
        assert await page.text_content("#sms-count") == said


async def test_a_recipient_is_found_by_name_with_the_keyboard(chromium: Browser, house: House) -> None:
    page = (await at_messages(chromium, house)).page
    await page.goto("/sms/new")
    await page.type("#sms-to", "zsf")
    await page.wait_for_selector("#recipients button")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.input_value("#sms-to") == ZHANG
    await page.select_option("select.purpose", "notice")
    assert "Not to who refused notices" in (await page.text_content("#purpose-means") or "")


async def test_a_conversation_that_is_taken_is_mine_on_every_open_page(chromium: Browser, house: House) -> None:
    page = (await at_messages(chromium, house)).page
    await page.goto("/sms")
    await opens(page, "张三丰")
    await page.select_option("#thread-head select", label="Mine")
    await page.wait_for_selector("#threads a[aria-current] .state:has-text('Nurse')")
    async with house.db.transaction(SYSTEM) as tx:
        assert await tx.conn.fetchval("SELECT owner_id FROM sms_thread WHERE peer = $1", ZHANG) is not None


@pytest.mark.parametrize("size", ["desktop", "telephone"])
async def test_the_conversation_fills_the_screen_and_nothing_is_wider_than_it(
    chromium: Browser, house: House, size: str
) -> None:
    page = (await at_messages(chromium, house, size=size)).page
    await opens(page, "张三丰")
    width, wide = await page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    assert wide <= width

    async def low_enough() -> bool:
        bottom = await page.evaluate("document.querySelector('.thread-card').getBoundingClientRect().bottom")
        return size == "telephone" or bottom > 0.9 * await page.evaluate("innerHeight")

    await asyncio.wait_for(eventually(low_enough, what="a conversation as high as the screen"), 10)
