"""The pages in a real browser: they are live, they can be worked with."""

import asyncio

import pytest
from playwright.async_api import Browser, Route

from crm_core.calls import service as calls
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Linkedid
from crm_core.patients.model import Patient
from crm_core.scheduling import service as scheduling
from sms import service as sms
from tests.browser.people import Seat, log_in, sit_down
from tests.eventually import eventually
from tests.web.house import KEY, ZHANG, ZONE, House

pytestmark = pytest.mark.browser


async def furnish(house: House) -> None:
    """One patient with an appointment, a text and a call."""
    await house.sessions()
    patient = await house.patient()
    await house.call("1.1")
    await sms.queue(
        house.db, SYSTEM, to=ZHANG, text="您好，您的预约已确认。", purpose="care", patient_id=patient.id, zone=ZONE
    )
    async with house.db.transaction(SYSTEM) as tx:
        await consultations.open_in(tx, ZHANG, "phone", "体检多少钱？" * 20)


async def seated(
    chromium: Browser, house: House, login: str, role: str, *, desk: bool = False, size: str = "desktop"
) -> Seat:
    """Somebody at work."""
    if login not in house.users:
        await house.user(login, role, desk=desk)
    seat = await sit_down(chromium, house.base, size=size)
    await log_in(seat, login, KEY)
    return seat


async def test_the_patient_is_on_the_agents_screen_as_soon_as_it_rings(chromium: Browser, house: House) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "agent1", "agent", desk=True)
    await seat.page.click("#agent-state button:has-text('Take calls')")
    await seat.page.wait_for_selector("#agent-state .state-dot.available")
    await calls.agent_rang(house.db, Linkedid("1.1"), "desk-01")
    await seat.page.wait_for_selector("#pop h2:has-text('张三丰')")


async def test_a_call_that_went_elsewhere_is_said_to_be_gone_and_may_ring_again(
    chromium: Browser, house: House
) -> None:
    await furnish(house)
    link = Linkedid("1.1")
    seat = await seated(chromium, house, "agent1", "agent", desk=True)
    await house.user("agent2", "agent", desk=True)
    await seat.page.click("#agent-state button:has-text('Take calls')")
    await seat.page.wait_for_selector("#agent-state .state-dot.available")
    await calls.agent_rang(house.db, link, "desk-01")
    await seat.page.wait_for_selector("#pop-call")
    await calls.agent_stopped_ringing(house.db, link, "desk-01")
    await calls.connected(house.db, link, "desk-02")
    await seat.page.wait_for_selector("#pop :text('This call is no longer at your desk.')")
    await calls.agent_rang(house.db, link, "desk-01")  # transferred
    await seat.page.wait_for_selector("#pop-call")
    await calls.connected(house.db, link, "desk-01")
    await seat.page.wait_for_selector("#pop-call[data-stays]")
    await calls.ended(house.db, link, "normal")
    await seat.page.wait_for_selector("#pop-call:has-text('Ended')")


async def test_walking_from_page_to_page_keeps_the_telephone(chromium: Browser, house: House) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "agent1", "agent", desk=True)
    await seat.page.evaluate("window.sameDocument = true")
    for path in ("/patients", "/appointments", "/calls", "/tasks", "/wallboard", "/desk"):
        await seat.page.click(f"#nav a[href='{path}']")
        await seat.page.wait_for_url(f"**{path}")
        await seat.page.wait_for_selector(f"#nav a[href='{path}'][aria-current]")
    await seat.page.go_back()
    await seat.page.wait_for_selector("#board")
    assert await seat.page.evaluate("window.sameDocument") is True
    assert await seat.page.evaluate("Object.keys(localStorage).length") == 0


async def test_a_patient_is_found_while_typing_and_booked_and_the_booking_undone(
    chromium: Browser, house: House
) -> None:
    await house.sessions()
    await house.patient()
    await house.patient("李秀英", "13900000001")
    seat = await seated(chromium, house, "agent1", "agent")
    await seat.page.goto("/patients")
    await seat.page.keyboard.press("/")
    await seat.page.keyboard.type("zsf")
    await seat.page.click("#list tbody tr:has-text('张三丰')")
    await seat.page.click("#page a:has-text('Book')")
    await seat.page.click("#booking button:has-text('10:30')")
    await seat.page.wait_for_selector("#booking :text('Booked.')")
    await seat.page.click("#booking button:has-text('Undo')")
    await seat.page.wait_for_selector("#booking .gone:has-text('Cancelled.')")
    await seat.page.click("#booking button:has-text('Restore')")
    await seat.page.wait_for_selector(".hcrm-toast:has-text('Booked again.')")


async def test_two_open_pages_show_a_new_appointment_without_being_touched(chromium: Browser, house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    one = await seated(chromium, house, "agent1", "agent")
    other = await seated(chromium, house, "nurse", "nurse")
    await one.page.goto("/appointments?day=2026-03-03")
    await other.page.goto(f"/patients/{patient.id}")
    async with await house.browser("agent2", "agent") as third:
        await third.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
    await one.page.wait_for_selector(".visit:has-text('张三丰')")
    await other.page.wait_for_selector("#cards .visit:has-text('Tue 3 Mar')")


async def expect(house: House, patient: Patient) -> None:
    """Somebody else books the first place."""
    async with await house.browser("agent2", "agent") as other:
        await other.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})


async def test_what_is_refused_is_said_and_the_page_keeps_what_it_shows(chromium: Browser, house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1", "agent")
    await expect(house, patient)
    house.reminders.forbidden = "opted_out"
    for path, names_it in (("/appointments?day=2026-03-03", "张三丰"), (f"/patients/{patient.id}", "Tue 3 Mar")):
        await seat.page.goto(path)
        await seat.page.click(".visit button[aria-label='Remind by SMS']")
        await seat.page.wait_for_selector(".hcrm-toast-problem:has-text('This person has refused such messages.')")
        assert await seat.page.locator(f".visit:has-text('{names_it}')").count() == 1
        await seat.page.click(".visit button[aria-label='Remind by call']")
        await seat.page.wait_for_selector(".hcrm-toast:has-text('The reminder call is on its way.')")
        assert await seat.page.locator(f".visit:has-text('{names_it}')").count() == 1


async def test_an_answer_is_said_though_what_was_pressed_is_gone(chromium: Browser, house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1", "agent")
    await expect(house, patient)
    house.reminders.forbidden = "opted_out"
    replaced = asyncio.Event()

    async def late(route: Route) -> None:
        await replaced.wait()
        await route.continue_()

    await seat.page.route("**/remind", late)
    for label, said in (("SMS", "This person has refused"), ("call", "The reminder call is on its way.")):
        replaced.clear()
        await seat.page.goto(f"/patients/{patient.id}")
        await seat.page.click(f".visit button[aria-label='Remind by {label}']")
        await seat.page.evaluate("document.querySelector('.visit').remove()")
        replaced.set()
        await seat.page.wait_for_selector(f".hcrm-toast:has-text('{said}')")
        assert await seat.page.locator(f".hcrm-toast:has-text('{said}')").count() == 1


async def test_a_call_that_comes_while_the_desk_is_on_its_way_is_shown_there(chromium: Browser, house: House) -> None:
    await furnish(house)
    seat = await seated(chromium, house, "agent1", "agent", desk=True)
    await seat.page.goto("/desk")
    await seat.page.click("#agent-state button:has-text('Take calls')")
    await seat.page.wait_for_selector("#agent-state .state-dot.available")
    await seat.page.click("#nav a[href='/patients']")
    await seat.page.wait_for_selector("#list")
    drawn, told = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        drawn.set()
        await told.wait()
        await route.fulfill(response=answer)

    await seat.page.route("**/desk", late)
    await seat.page.click("#nav a[href='/desk']")
    await drawn.wait()
    await calls.agent_rang(house.db, Linkedid("1.1"), "desk-01")
    await seat.page.wait_for_selector("#agent-state .state-dot.ringing")
    told.set()
    await seat.page.wait_for_selector("#pop h2:has-text('张三丰')")


async def test_a_live_message_does_not_take_away_what_is_being_pressed(chromium: Browser, house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1", "agent")
    async with await house.browser("agent2", "agent") as other:
        await other.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        await seat.page.goto("/appointments?day=2026-03-03")
        await seat.page.hover(".visit button[aria-label='Remind by call']")
        await seat.page.mouse.down()
        async with seat.page.expect_response(lambda answer: "/appointments?day" in answer.url):
            await other.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[1])})
        assert await seat.page.locator(".visit").count() == 1
        await seat.page.mouse.up()
    await seat.page.wait_for_selector(".hcrm-toast:has-text('The reminder call is on its way.')")
    await seat.page.wait_for_selector(".visit >> nth=1")


async def test_a_second_page_of_the_same_agent_leaves_the_telephone_to_the_first(
    chromium: Browser, house: House
) -> None:
    seat = await seated(chromium, house, "agent1", "agent", desk=True)
    await eventually(lambda: seat.page.evaluate("Boolean(window.hcrmPhone)"))
    second = await seat.page.context.new_page()
    await second.goto(f"{house.base}/desk")
    await second.wait_for_selector("#dock[data-line-state=elsewhere]")
    await second.click("button:has-text('Use the telephone here')")
    await eventually(lambda: second.evaluate("Boolean(window.hcrmPhone)"))
    await seat.page.wait_for_selector("#dock[data-line-state=elsewhere]")


async def test_the_language_is_switched_on_every_page(chromium: Browser, house: House) -> None:
    seat = await seated(chromium, house, "agent1", "agent")
    await seat.page.goto("/patients")
    await seat.page.click("button[lang='zh-CN']")
    await seat.page.wait_for_selector("h1:has-text('患者')")
    assert await seat.page.evaluate("document.documentElement.lang") == "zh-CN"
    await seat.page.click("#nav a[href='/calls']")
    await seat.page.wait_for_selector("#nav a[href='/calls'][aria-current]")
    await seat.page.click("button[lang='en']")
    await seat.page.wait_for_selector("h1:has-text('Calls')")


async def test_an_appointment_is_dragged_to_a_free_place_and_moved_back(chromium: Browser, house: House) -> None:
    patient = await house.patient()
    await house.sessions()
    await scheduling.book(house.db, SYSTEM, patient_id=patient.id, slot_id=house.slots[0], channel="agent")
    await house.user("agent1", "agent")
    seat = await sit_down(chromium, house.base)
    page = seat.page
    await log_in(seat, "agent1", KEY)
    await page.goto("/appointments?day=2026-03-03")
    await page.hover(".visit[data-moves]")
    await page.mouse.down()
    await page.mouse.move(400, 300, steps=4)
    place = page.locator(f"[data-slot='{house.slots[3]}']")
    await place.hover()
    await place.hover()
    await page.mouse.up()
    await page.click("button:has-text('Move back')")
    await page.wait_for_selector(".visit .when:has-text('10:00')")
    assert seat.complaints == []
