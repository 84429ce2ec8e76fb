"""Every page fits, says nothing in the console, asks no stranger, and can be read and worked with (WCAG 2.1 AA)."""

from typing import Literal

import pytest
from playwright.async_api import Browser

from server.config import CHECKOUT
from tests.browser.people import Seat, log_in, sit_down, speak_chinese
from tests.shots.pages import pages
from tests.web.furnished import filled, furnish
from tests.web.house import KEY, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

AXE = (CHECKOUT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
ALL = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
LOOKS = (  # what colours and widths change; structure and names are the same
    "color-contrast",
    "link-in-text-block",
    "target-size",
    "scrollable-region-focusable",
    "aria-hidden-focus",
)
FAULTS = """async ([type, values]) => {
  const runOnly = { type, values };
  const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly, preload: false });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, html }) => `${id}: ${target.join(" ")} ${any[0]?.message ?? ""} ${html.slice(0, 160)}`));
}"""
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, textarea')]
  .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.title))
  .map((e) => `without a name: ${e.outerHTML.slice(0, 120)}`)"""
TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth ? ['wider than the screen'] : []"


async def faults(seat: Seat, path: str, rules: tuple[str, tuple[str, ...]]) -> list[str]:
    """Which rule, where, why."""
    answer = await seat.page.goto(path)
    assert answer is not None
    assert (path, answer.status) == (path, 200)
    await seat.page.evaluate(AXE)
    found = await seat.page.evaluate(FAULTS, rules)
    found += await seat.page.evaluate(NAMELESS) + await seat.page.evaluate(TOO_WIDE)
    return [f"{path} {one}" for one in found]


@pytest.mark.parametrize(
    ("locale", "size", "scheme", "rules"),
    [
        ("zh-CN", "desktop", "light", ("tag", ALL)),
        ("zh-CN", "telephone", "dark", ("rule", LOOKS)),
        ("en-GB", "telephone", "light", ("tag", ALL)),
        ("en-GB", "desktop", "dark", ("rule", LOOKS)),
    ],
)
async def test_every_page_fits_can_be_read_and_worked_with(
    chromium: Browser,
    house: House,
    locale: str,
    size: str,
    scheme: Literal["light", "dark"],
    rules: tuple[str, tuple[str, ...]],
) -> None:
    ids = await furnish(house)
    await house.user("admin", "admin", desk=True)
    seat = await sit_down(chromium, house.base, locale=locale, size=size)
    await seat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = await faults(seat, "/login", rules)
    await log_in(seat, "admin", KEY)
    if locale == "zh-CN":
        await speak_chinese(seat)
    shown = {filled(page, ids) for page in pages() if not page.path.endswith("/export")} - {"/login"}
    for path in sorted(shown):
        found += await faults(seat, path, rules)
    assert not found, "\n".join(found)
    assert seat.complaints == seat.strangers == []
