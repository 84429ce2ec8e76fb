"""Every page can be read and worked with: contrast, names of controls, structure, as axe measures it (WCAG 2.1 AA)."""

from typing import Literal

import pytest
from playwright.async_api import Browser

from server.config import CHECKOUT
from tests.browser.people import Seat, log_in, sit_down, speak_chinese
from tests.web.furnished import GETS, filled, furnish
from tests.web.house import KEY, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

AXE = (CHECKOUT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
FAULTS = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
  const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly: rules });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, html }) => `${id}: ${target.join(" ")} ${any[0]?.message ?? ""} ${html.slice(0, 160)}`));
}"""


async def is_page(seat: Seat, path: str) -> bool:
    """Not a part of one, nor a file."""
    answer = await seat.page.request.get(path)
    return (
        answer.status == 200
        and answer.headers["content-type"].startswith("text/html")
        and 'id="page"' in await answer.text()
    )


async def faults(seat: Seat, path: str) -> list[str]:
    """Which rule, where, why."""
    await seat.page.goto(path)
    await seat.page.evaluate(AXE)
    return [f"{path} {one}" for one in await seat.page.evaluate(FAULTS)]


@pytest.mark.parametrize(
    ("locale", "size", "scheme"),
    [
        ("zh-CN", "desktop", "light"),
        ("zh-CN", "telephone", "dark"),
        ("en-GB", "telephone", "light"),
        ("en-GB", "desktop", "dark"),
    ],
)
async def test_axe_finds_no_fault_on_any_page(
    chromium: Browser, house: House, locale: str, size: str, scheme: Literal["light", "dark"]
) -> None:
    ids = await furnish(house)
    await house.user("admin", "admin", desk=True)
    seat = await sit_down(chromium, house.base, locale=locale, size=size)
    await seat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = await faults(seat, "/login")
    await log_in(seat, "admin", KEY)
    if locale == "zh-CN":
        await speak_chinese(seat)
    paths = [path for path in sorted({filled(route, ids) for route in GETS} | {"/style"}) if await is_page(seat, path)]
    for path in paths:
        found += await faults(seat, path)
    assert not found, "\n".join(found)
    assert len(paths) > 20
