"""The wallboard on a big screen."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser

from crm_core.calls import service as calls
from crm_core.kernel.ids import Linkedid
from tests.browser.people import log_in, sit_down
from tests.eventually import eventually
from tests.web.house import KEY, House

pytestmark = pytest.mark.browser

TONES = """() => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function () { window.tones += 1; return start.call(this); };
}"""


async def test_who_waits_too_long_is_marked_and_heard_once_sound_was_asked_for(chromium: Browser, house: House) -> None:
    now = house.db.clock()
    house.db.clock = lambda: now - timedelta(minutes=10)
    call = await house.call("1.1")
    await calls.queued(house.db, call.linkedid, "operators")
    house.db.clock = lambda: now
    await house.user("boss", "supervisor")
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "boss", KEY)
    await seat.page.goto("/wallboard")
    await seat.page.evaluate(TONES)
    await seat.page.wait_for_selector("#board [data-alarm].is-long")
    assert await seat.page.evaluate("window.tones") == 0
    await seat.page.click("[data-alarm-sound]")
    await seat.page.wait_for_selector("[data-alarm-sound][aria-pressed=true]")
    await eventually(lambda: seat.page.evaluate("window.tones"), what="a tone")
    await calls.ended(house.db, Linkedid("1.1"), "normal")
    await seat.page.wait_for_selector("#board :text('Nobody waits.')")
    assert seat.complaints == []


async def test_on_the_full_screen_there_is_nothing_but_the_board(chromium: Browser, house: House) -> None:
    await house.user("boss", "supervisor")
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "boss", KEY)
    await seat.page.goto("/wallboard")
    await seat.page.click("[data-full-screen]")
    await seat.page.wait_for_selector("#nav", state="hidden")
    assert await seat.page.is_visible("#board")
    await seat.page.evaluate("document.exitFullscreen()")
    await seat.page.wait_for_selector("#nav", state="visible")
