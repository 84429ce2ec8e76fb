"""The keyboard in a real browser: where it is after a change, what Enter and arrows do, and that one sees it."""

from typing import Literal

import pytest
from playwright.async_api import Browser, Page

from crm_core.tasks import service as tasks
from crm_core.tasks.model import NewTask, TaskKind
from tests.browser.people import Seat, log_in, sit_down
from tests.eventually import eventually
from tests.web.house import KEY, House

pytestmark = pytest.mark.browser

IS_AT = "(selector) => document.activeElement?.matches(selector) ?? false"
FAINT = """() => {
  const rgba = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (v) => (v <= 10 ? v / 3294 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [x, y, z] = colour.map(linear);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const beneath = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgba(getComputedStyle(at).backgroundColor);
      if (a > 0.9) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const ring = (element) =>
    element.closest("tr:has(.row-link:focus-visible)") ?? element.closest(".btn-check")?.nextElementSibling ?? element;
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const stops = [...document.querySelectorAll(all)];
  return stops.filter((stop) => stop.checkVisibility() && !stop.disabled).flatMap((stop) => {
    stop.focus({ focusVisible: true });
    const shown = ring(stop);
    const style = getComputedStyle(shown);
    const under = beneath(parseFloat(style.outlineOffset) < 0 ? shown : shown.parentElement);
    const [one, other] = [light(rgba(style.outlineColor)), light(under)].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && contrast >= 3;
    return isSeen ? [] : [`${contrast.toFixed(2)} ${style.outline} ${stop.outerHTML.slice(0, 100)}`];
  });
}"""
COMPOSED = """() => document.activeElement.dispatchEvent(
  new KeyboardEvent('keydown', { key: '?', code: 'Slash', isComposing: true, bubbles: true }))"""


async def at(page: Page, selector: str) -> None:
    await eventually(lambda: page.evaluate(IS_AT, selector), what=f"the keyboard at {selector}")


async def at_work(chromium: Browser, house: House) -> Seat:
    await house.user("agent1", "agent", desk=True)
    await house.sessions()
    seat = await sit_down(chromium, house.base)
    await log_in(seat, "agent1", KEY)
    return seat


async def test_the_keyboard_is_where_the_work_is(chromium: Browser, house: House) -> None:
    page = (await at_work(chromium, house)).page
    await house.patient()
    await house.patient("李秀英", "+8613900000001")
    await house.patient("李秀兰", "+8613900000002")
    await page.goto("/today")
    await page.keyboard.press("?")
    await at(page, "#keys[open] button")
    await page.keyboard.press("Alt+k")  # not beneath a dialog
    await page.keyboard.press("Escape")
    await page.evaluate(COMPOSED)
    assert not await page.locator("#keys[open]").count()

    await page.keyboard.press("/")
    await page.keyboard.type("lixiu")
    await page.keyboard.press("ArrowDown")  # nothing is there yet, or the first is
    await page.wait_for_selector("#found a >> nth=1")
    await page.evaluate("document.getElementById('find').focus()")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await at(page, "#found a:nth-child(2)")
    await page.keyboard.press("Enter")
    await at(page, "#page h1")
    assert not await page.locator("#found a").count()
    await page.keyboard.press("Alt+b")
    await at(page, "#booking .slot:first-child")
    await page.keyboard.press("End")
    await at(page, "#booking .slot:last-child")
    await page.keyboard.press("Enter")
    await at(page, ".booked-card h2")


async def test_a_choice_that_acts_waits_for_enter_and_a_row_that_goes_leaves_the_next(
    chromium: Browser, house: House
) -> None:
    page = (await at_work(chromium, house)).page
    actor = house.users["agent1"].actor
    for text in ("one", "two"):
        await tasks.create(house.db, actor, NewTask(kind=TaskKind.TODO, text=text))
    await page.goto("/today")
    await page.keyboard.press("Alt+k")
    await at(page, "#tasks [data-row]:first-child")
    first = await page.evaluate("document.activeElement.id")
    await page.focus(f"#{first} select[name=user_id]")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Escape")
    await page.focus(f"#{first} select[name=user_id]")
    assert await page.input_value(f"#{first} select[name=user_id]") == ""
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#{first} .what .small .icon")
    await at(page, f"#{first} select[name=user_id]")
    await page.keyboard.press("Alt+k")
    await page.keyboard.press("d")
    await page.wait_for_selector(f"#{first}", state="detached")
    await at(page, "#tasks [data-row]")
    await page.keyboard.press("Alt+z")
    await page.wait_for_selector(f"#{first}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_one_sees_where_the_keyboard_is(
    chromium: Browser, house: House, scheme: Literal["light", "dark"]
) -> None:
    page = (await at_work(chromium, house)).page
    patient = await house.patient()
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in ("/desk", "/patients", f"/patients/{patient.id}/book", "/tasks/new", "/sms/new"):
        await page.goto(path)
        assert (path, await page.evaluate(FAINT)) == (path, [])
