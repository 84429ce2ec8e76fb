"""The first page and the tasks in a real browser: live, and worked through with the keyboard."""

import pytest
from playwright.async_api import Browser, Page

from crm_core.calls import service as calls
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import TaskId
from crm_core.tasks import service as tasks
from tests.browser.people import Seat, log_in, sit_down
from tests.web.house import KEY, ZHANG, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def seated(chromium: Browser, house: House, login: str, role: str, *, desk: bool = False) -> Seat:
    await house.user(login, role, desk=desk)
    seat = await sit_down(chromium, house.base)
    await log_in(seat, login, KEY)
    return seat


async def callback(house: House, *, whose: str = "") -> TaskId:
    patient = await house.patient()
    async with house.db.transaction(SYSTEM) as tx:
        owner = house.users[whose].id if whose else None
        task_id = await tasks.open_in(tx, "call_back", ZHANG, "", patient.id, assigned_to=owner)
    assert task_id is not None
    return task_id


async def focused(page: Page, label: str) -> None:
    """Tab until the control of this name has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText.trim()") == label:
            return
    raise AssertionError(f"no way to {label} by the keyboard")


async def test_a_nurse_begins_at_her_day_and_sees_work_and_callers_come_and_go(chromium: Browser, house: House) -> None:
    seat = await seated(chromium, house, "nurse", "nurse")
    assert seat.page.url.endswith("/today")
    await seat.page.wait_for_selector("text=Nothing is waiting for you.")
    task_id = await callback(house, whose="nurse")
    await seat.page.wait_for_selector(f"#task-{task_id}:has-text('张三丰')")
    call = await house.call("1.1")
    await seat.page.wait_for_selector("#today h2:has-text('Waiting in the queue')")
    await calls.ended(house.db, call.id, "normal")
    await seat.page.wait_for_selector("#today h2:has-text('Waiting in the queue')", state="detached")
    assert seat.complaints == []


async def test_a_task_is_taken_done_and_taken_back_with_the_keyboard_alone(chromium: Browser, house: House) -> None:
    page = (await seated(chromium, house, "nurse", "nurse")).page
    task_id = await callback(house)
    await page.wait_for_selector(f"#task-{task_id}")
    await focused(page, "Whose task")
    await page.keyboard.press("M")  # Mine
    await page.keyboard.press("Tab")
    await page.wait_for_selector("section:has(h2:has-text('Waiting for me')) .task:has-text('张三丰')")
    await page.keyboard.press("Home")
    await focused(page, "Done")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("dt:has-text('My tasks done today') + dd:has-text('1')")
    await focused(page, "Undo")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("section:has(h2:has-text('Waiting for me')) .task:has-text('张三丰')")
    await page.wait_for_selector("dt:has-text('My tasks done today') + dd:has-text('0')")


async def test_the_idle_desk_shows_the_day(chromium: Browser, house: House) -> None:
    seat = await seated(chromium, house, "agent1", "agent", desk=True)
    assert seat.page.url.endswith("/desk")
    task_id = await callback(house, whose="agent1")
    await seat.page.wait_for_selector(f"#pop #today #task-{task_id}")


async def test_a_marketer_works_without_a_complaint_of_the_browser(chromium: Browser, house: House) -> None:
    seat = await seated(chromium, house, "marketer", "marketer")
    for place in ("/sms/new", "/consultations", "/wallboard", "/today"):
        await seat.page.click(f"#nav a[href='{place}']")
        await seat.page.wait_for_selector(f"#nav a[href='{place}'][aria-current]")
    assert seat.complaints == []
