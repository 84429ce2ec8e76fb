"""The page of components: all of them in both languages, in the demo only."""

import re
from pathlib import Path

import pytest

from tests.web.house import House, open_house

pytestmark = pytest.mark.web

COMPONENTS = ("buttons", "badges", "form-plain", "form-wrong", "form-stale", "alerts", "empty", "timeline", "dialog")


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
async def test_every_component_is_shown_in_the_readers_language(house: House, locale: str) -> None:
    async with await house.browser("auditor") as somebody:
        await somebody.post("/language", {"locale": locale, "csrf_token": somebody.csrf})
        status, text = await somebody.get("/style")
    assert status == 200
    assert all(f'id="style-{name}"' in text for name in COMPONENTS)
    assert len(re.findall(r'id="style-list-\d"', text)) == 3
    assert re.search(r'aria-invalid="true"', text)
    main = text[text.index('id="page"') : text.index("</main>")]
    if locale == "zh_CN":
        assert re.findall(r">[^<]*[A-Za-z]{3,}[^<]*<", main) == []


async def test_a_hospital_that_is_no_demo_has_no_such_page(database_url: str, tmp_path: Path) -> None:
    async with open_house(database_url, tmp_path, with_demo=False) as house, await house.browser("admin") as admin:
        assert (await admin.get("/style"))[0] == 404
        assert "/style" not in (await admin.get("/patients"))[1]
