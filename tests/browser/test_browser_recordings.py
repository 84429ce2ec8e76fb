"""Notes on a recording's waveform: written where it is heard, found again by a press, all by keyboard."""

import pytest
from playwright.async_api import Browser, Page

from crm_core.calls import service as calls
from crm_core.kernel.ids import Linkedid
from tests.browser.people import log_in, sit_down
from tests.web.house import KEY, House

pytestmark = pytest.mark.browser

FLAGS = "() => [...document.querySelectorAll('[data-flags] i')].map((flag) => flag.style.left)"


async def recorded(house: House) -> str:
    """A call with a recording of ten seconds; its id."""
    call = await house.call("1.1")
    await calls.ended(house.db, Linkedid("1.1"), "normal")
    async with house.db.connection() as conn:
        await conn.execute(
            "INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, "
            "peaks, created_at) VALUES (gen_random_uuid(), $1, 'call', 'a', 'a', '', '', 10000, 1, 2, $2, now())",
            call.id,
            [0.1, 0.5] * 200,
        )
    return str(call.id)


async def write(page: Page, text: str, place: str) -> None:
    """A note at the place that the button says."""
    await page.wait_for_selector(f"[data-note-place]:text-is('{place}')")
    await page.focus("[data-note] input[name=text]")
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f".notes:has-text('{text}')")


async def test_a_supervisor_marks_places_and_hears_them_again(chromium: Browser, house: House) -> None:
    call = await recorded(house)
    await house.user("boss", "supervisor")
    seat = await sit_down(chromium, house.base)
    page = seat.page
    await log_in(seat, "boss", KEY)
    await page.goto(f"/calls/{call}")
    await write(page, "A friendly greeting", "0:00")
    await page.focus("[data-skip='1']")
    await page.keyboard.press("Enter")
    await write(page, "Asked for the birth date", "0:05")
    assert await page.evaluate(FLAGS) == ["0%", "50%"]
    await page.focus("[data-hear-from='0']")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-clock]:has-text('0:00 /')")
    await page.reload()
    await page.wait_for_function("() => document.querySelectorAll('[data-flags] i').length === 2")
    for size in ({"width": 390, "height": 844}, {"width": 1440, "height": 900}):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
