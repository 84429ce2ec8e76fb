"""What people do on the telephones of a whole hospital, in browsers."""

from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import Browser, Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from tests.acceptance.hospital import Hospital
from tests.browser.people import Seat, log_in, sit_down
from tests.eventually import eventually

HEARD = """async (phone) => {
  const rows = [...(await window[phone].call.session.connection.getStats()).values()];
  const heard = rows.find((row) => row.type === 'inbound-rtp');
  const sent = rows.find((row) => row.type === 'outbound-rtp');
  return [heard?.packetsReceived ?? 0, heard?.totalAudioEnergy ?? 0, sent?.packetsSent ?? 0];
}"""
AGENT, PATIENT = "hcrmPhone", "hcrmHandset"


@dataclass(frozen=True, slots=True)
class Sound:
    """How much arrived and left so far."""

    packets_in: int
    energy: float
    packets_out: int


async def sound(page: Page, phone: str) -> Sound:
    """Of the call under way."""
    return Sound(*await page.evaluate(HEARD, phone))


async def hears(page: Page, phone: str) -> bool:
    """Packets with real sound in them come in, and packets go out, within the next seconds."""
    before = await sound(page, phone)

    async def more() -> bool:
        now = await sound(page, phone)
        comes_in = now.packets_in > before.packets_in + 25 and now.energy > before.energy
        return comes_in and now.packets_out > before.packets_out + 25

    return await eventually(more, every_s=0.2, what="sound both ways")


async def ready_agent(chromium: Browser, demo: Hospital, login: str) -> Seat:
    """Logged in, telephone registered, taking calls."""
    seat = await sit_down(chromium, demo.url)
    await log_in(seat, login, demo.password(login))
    await seat.page.goto("/desk")
    if await seat.page.locator("html[lang='zh-CN']").count():
        await seat.page.click("button[lang='en']")
    await seat.page.wait_for_selector("#dock[data-line-state=ready]")
    await seat.page.wait_for_selector("#agent-state .state-dot")
    await eventually(lambda: takes_calls(seat.page), every_s=0.2, what=f"{login} takes calls")
    return seat


async def takes_calls(page: Page) -> bool:
    """By a click, unless the hospital has just set them available again because their telephone is back."""
    if not await page.locator("#agent-state .state-dot.available").count():
        wanted = page.locator("#agent-state button:has-text('Take calls'), #agent-state button:has-text('Ready')")
        with suppress(PlaywrightTimeoutError):
            await wanted.first.click(timeout=1_000)
    return bool(await page.locator("#agent-state .state-dot.available").count())


async def patient_calls(chromium: Browser, demo: Hospital, number: str) -> Seat:
    """From the demo's handset, through the menu to a person."""
    seat = await sit_down(chromium, demo.url)
    await seat.page.goto("/demo")
    await seat.page.fill("#msisdn", number)
    await seat.page.click("[data-do=call]")
    await seat.page.wait_for_selector("#handset[data-call=talking]")
    return seat


async def ask_for_a_person(patient: Seat, agent: Seat) -> None:
    """Key 0 in the main menu; earlier it only shortens what is said."""
    for _ in range(8):
        await patient.page.click("[data-key='0']")
        try:
            await agent.page.wait_for_selector("#dock[data-call=ringing]", timeout=5_000)
        except PlaywrightTimeoutError:
            continue
        return
    raise AssertionError("no desk rang")


async def transfer(one: Seat, two: Seat) -> None:
    """Without asking first, to the second desk, which answers."""
    await one.page.click("[data-do=transfer]")
    await one.page.click("[data-transfer-to=desk-02]")
    await one.page.click("[data-do=blind]")
    await two.page.wait_for_selector("#pop h2:has-text('张三丰')")
    await two.page.click("[data-do=answer]")
    await two.page.wait_for_selector("#dock[data-call=talking]")
    await one.page.wait_for_selector("#dock[data-call=idle]")


async def write_down(seat: Seat, ending: str, notes: str) -> None:
    """After their part of the call: how it ended, and free again."""
    await seat.page.wait_for_selector("#agent-state .state-dot.wrap_up")
    await seat.page.click(f"label:has-text('{ending}')")
    await seat.page.fill("#pop textarea[name=notes]", notes)
    await seat.page.click("button:has-text('Save and be ready')")
    await seat.page.wait_for_selector("#agent-state .state-dot.available")
