"""Whom the agent has to do with: patients who phone and text, a colleague who takes a call over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.acceptance import people, sipp
from tests.acceptance.hospital import Hospital
from tests.browser.calling import ready_agent, write_down
from tests.browser.people import Seat
from tests.eventually import eventually

FAMILY = "19900000003"
WAITING = "SELECT count(*) AS n FROM task WHERE kind = 'answer_sms' AND status = 'open'"
QUESTIONS = ("请问检查报告什么时候出来", "明天门诊停诊吗", "体检前能喝水吗", "复查要带什么资料")


@dataclass(frozen=True, slots=True)
class Others:
    """`folder` is where SIPp may write."""

    hospital: Hospital
    folder: Path

    @asynccontextmanager
    async def patient(self, number: str) -> AsyncIterator[None]:
        """Phones and asks for a person, until the block ends; the agent hangs up."""
        steps = sipp.keys("0000", every_ms=3000)
        calling = asyncio.ensure_future(sipp.call(self.hospital.sip, number, steps, self.folder))
        try:
            yield
        finally:
            calling.cancel()
            with suppress(asyncio.CancelledError):
                await calling

    async def alone(self, count: int) -> list[str]:
        """Telephones of patients who are expected nowhere."""
        found = await people.free_patients(self.hospital.api)
        return [one.phone.removeprefix("+86") for one in found[-count:]] if count else []

    async def text(self, count: int) -> None:
        """As many strangers ask something by text; the hospital has all of it."""
        before = await self._waiting()
        for number in range(count):
            question = f"{QUESTIONS[number % len(QUESTIONS)]}？{number}"
            await self.hospital.phones.send(f"1377001{number:04}", question)
        await eventually(lambda: self._all_wait(before + count), every_s=0.2, what=f"{count} texts")

    async def _all_wait(self, count: int) -> bool:
        return await self._waiting() >= count

    async def _waiting(self) -> int:
        return int((await self.hospital.ask_database(WAITING))[0]["n"])


@dataclass(frozen=True, slots=True)
class Colleague:
    """Sits at the second desk, with a mouse."""

    seat: Seat

    async def takes_over(self) -> None:
        """The call that comes from the agent, to its end."""
        page = self.seat.page
        await page.click("[data-do=answer]")
        await page.wait_for_selector("#dock[data-call=talking]")
        await page.click("[data-do=hangup]:visible")
        await write_down(self.seat, "Question answered", "")
        await page.click("#agent-state button:has-text('Offline')")  # the next call is the agent's
        await page.wait_for_selector("#agent-state .state-dot.offline")


async def colleague(chromium: Browser, hospital: Hospital) -> Colleague:
    """At work, until their one call is over."""
    return Colleague(await ready_agent(chromium, hospital, "agent2"))
