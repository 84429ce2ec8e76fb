"""A person in a browser who opens page after page, and the pictures of them."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, BrowserContext, Error, FloatRect
from playwright.async_api import Page as Tab

from tests.browser.people import Seat, log_in
from tests.shots.index import Shot
from tests.shots.pages import Page

Scheme = Literal["light", "dark"]

LANGUAGES = {"zh_CN": "zh-CN", "en": "en-GB"}
WIDTHS = {390: 844, 1093: 800, 1440: 900}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
TALLEST = 3_000  # of a picture; a longer list goes on in the same way
PAGE_TIMEOUT_MS = 20_000
ID = re.compile(r"\{id(:[^}]*)?\}")


@dataclass
class Camera:
    """`ids` by path, as `WHOSE` found them. `troubles`: pages that did not open."""

    chromium: Browser
    base: str
    folder: Path
    ids: Mapping[str, object]
    shots: list[Shot] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    async def walk(self, role: str, language: str, pages: Iterable[Page], key: tuple[str, str] | None) -> None:
        """Through all pages in one browser; `key` is login and password, None for a visitor."""
        async with self._seat(language) as seat:
            if key:
                await log_in(seat, *key)
                await _speak(seat.page, language)
            for page in pages:
                await self._open(seat.page, role, language, page)

    @asynccontextmanager
    async def _seat(self, language: str) -> AsyncIterator[Seat]:
        context = await self._context(language)
        try:
            yield Seat(await context.new_page(), self.base)
        finally:
            await context.close()

    async def _context(self, language: str) -> BrowserContext:
        context = await self.chromium.new_context(
            permissions=["microphone"], locale=LANGUAGES[language], timezone_id="Asia/Shanghai", base_url=self.base
        )
        context.set_default_timeout(PAGE_TIMEOUT_MS)
        return context

    async def _open(self, tab: Tab, role: str, language: str, page: Page) -> None:
        address = ID.sub(str(self.ids.get(page.path, "")), page.path)
        try:
            answer = await tab.goto(address, wait_until="load")
            if answer is None or not answer.ok:
                self.troubles.append(f"{role} {address}: {answer.status if answer else 'no answer'}")
                return
            await tab.evaluate("document.fonts.ready.then(() => true)")
            for width, height in WIDTHS.items():
                await tab.set_viewport_size({"width": width, "height": height})
                for scheme in SCHEMES:
                    await self._shoot(tab, Shot(role, page.name, language, width, scheme), scheme)
        except Error as error:
            self.troubles.append(f"{role} {address}: {error.message.splitlines()[0]}")

    async def _shoot(self, tab: Tab, shot: Shot, scheme: Scheme) -> None:
        await tab.emulate_media(color_scheme=scheme)
        tall = await tab.evaluate("document.documentElement.scrollHeight")
        whole = FloatRect(x=0, y=0, width=shot.width, height=min(tall, TALLEST))
        path = self.folder / shot.file
        path.parent.mkdir(parents=True, exist_ok=True)
        await tab.screenshot(path=path, full_page=True, clip=whole, animations="disabled")
        self.shots.append(shot)


async def _speak(tab: Tab, language: str) -> None:
    """An account keeps the language it was used in last; the button for another is there only then."""
    button = tab.locator(f"button[name=locale][value={language}]")
    if await button.count():
        async with tab.expect_navigation():
            await button.first.click()
