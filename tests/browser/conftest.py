"""A headless Chromium with a microphone that beeps, and the hospital it looks at."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from telephony.provision.tools import tool
from tests.hearing import hearing
from tests.web.house import House, open_house

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """One process per test; contexts in it are different people."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        yield browser
        await browser.close()


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The small hospital's web application with live messages; its telephones reach nobody."""
    async with open_house(database_url, tmp_path) as house, hearing(house.db, house.deps.live.hear):
        yield house
