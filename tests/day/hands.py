"""An agent who has a keyboard and eyes: keys are pressed, the page is read, nothing else."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from playwright.async_api import Page

from tests.day import tally
from tests.day.tally import Step, Tally
from tests.eventually import eventually

MOST_TABS = 60
IS_AT = "(selector) => document.activeElement?.matches(selector) ?? false"
WHERE = "() => document.activeElement?.outerHTML.slice(0, 160) ?? 'nowhere'"


def _seconds() -> Iterator[float]:
    while True:
        yield time.monotonic()


@dataclass
class Hands:
    """On one page."""

    page: Page
    tally: Tally = field(default_factory=Tally)

    def step(self, name: str) -> AbstractContextManager[Step]:
        """What is pressed within counts for it."""
        return tally.step(self.tally, name, _seconds())

    async def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            self.tally.pressed(key)
            await self.page.keyboard.press(key)

    async def write(self, text: str) -> None:
        """Letter by letter."""
        self.tally.wrote(text)
        await self.page.keyboard.type(text)

    async def sees(self, selector: str) -> None:
        """It is there, visible or not."""
        await self.page.wait_for_selector(selector, state="attached")

    async def shows(self, selector: str) -> bool:
        """Now."""
        return bool(await self.page.locator(selector).count())

    async def at(self, selector: str) -> None:
        """The keyboard is there."""
        try:
            await eventually(lambda: self.page.evaluate(IS_AT, selector), within_s=20)
        except AssertionError:
            raise AssertionError(f"not at {selector} but at {await self.page.evaluate(WHERE)}") from None

    async def is_at(self, selector: str) -> bool:
        """Now."""
        return bool(await self.page.evaluate(IS_AT, selector))

    async def walk(self, key: str, selector: str) -> None:
        """The same key until the keyboard is there."""
        for _ in range(MOST_TABS):
            if await self.is_at(selector):
                return
            await self.press(key)
        raise AssertionError(f"{key} does not lead to {selector}; at {await self.page.evaluate(WHERE)}")
