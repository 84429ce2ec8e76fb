"""Messages in a real browser: found, turned back, decided about, and live without losing what one looks at."""

import asyncio

import pytest
from playwright.async_api import Browser, Page

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn
from sms import inbound, pdu
from sms import service as sms
from tests.browser.people import log_in, sit_down
from tests.sms_deliver import deliver
from tests.web.house import KEY, MORNING, ZHANG, ZONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
STRANGER = Msisdn("+8613911112222")


async def receives(house: House, text: str, sender: str = ZHANG, *, reference: int = 1) -> None:
    for hex_text in deliver(text, sender, at=MORNING, reference=reference):
        read = pdu.decode(hex_text)
        assert isinstance(read, pdu.Deliver)
        await inbound.keep(house.db, "sim1", hex_text, read)


async def at_messages(chromium: Browser, house: House) -> Page:
    await house.user("nurse", "nurse")
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "nurse", KEY)
    await seat.page.goto("/sms")
    return seat.page


async def test_a_conversation_is_found_by_a_name_and_a_new_text_appears_in_it(chromium: Browser, house: House) -> None:
    await house.patient()
    await receives(house, "我想预约", reference=1)
    await receives(house, "您好", STRANGER, reference=2)
    page = await at_messages(chromium, house)
    await page.fill("#sms-search [name=q]", "zsf")
    await page.wait_for_selector("#threads:not(:has-text('139 1111 2222'))")
    await page.click("#threads a:has-text('张三丰')")
    await page.wait_for_selector("#bubbles .bubble:has-text('我想预约')")
    assert "/sms/threads/" in page.url
    await receives(house, "明天可以吗", reference=3)
    await page.wait_for_selector("#bubbles .bubble:has-text('明天可以吗')")
    await page.wait_for_selector("#threads a[aria-current] .last:has-text('明天可以吗')")


async def test_older_texts_stay_when_a_new_one_comes(chromium: Browser, house: House) -> None:
    for n in range(60):
        await sms.queue(house.db, SYSTEM, to=ZHANG, text=f"第{n}条", purpose="care", zone=ZONE)
    page = await at_messages(chromium, house)
    await page.click("#threads a")
    await page.click("#older-texts button")
    await page.wait_for_selector(".bubble:has-text('第0条')")
    await receives(house, "收到了")
    await page.wait_for_selector("#bubbles .bubble:has-text('收到了')")
    assert await page.locator(".bubble:has-text('第0条')").count() == 1


async def test_who_presses_send_again_sees_the_new_text_wait(chromium: Browser, house: House) -> None:
    sms_id = await sms.queue(house.db, SYSTEM, to=ZHANG, text="请来取报告", purpose="care", zone=ZONE)
    async with house.db.connection() as conn:
        await conn.execute("UPDATE sms SET state = 'unknown' WHERE id = $1", sms_id)
    page = await at_messages(chromium, house)
    await page.goto(f"/sms/{sms_id}")
    await page.click(f"#sms-{sms_id} button:has-text('Send again')")
    await page.wait_for_selector("#bubbles .bubble:has-text('Waiting to be sent')")
    assert await page.locator(f"#sms-{sms_id} button").count() == 0
    await asyncio.gather(
        page.wait_for_selector("#bubbles .bubble:has-text('Somebody took it back.')"),
        page.click("#bubbles button:has-text('Take back')"),
    )
