"""Plays a whole day on a demo of its own and says how many keys and seconds each step took."""

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import async_playwright

from telephony.provision.errors import ProvisionError
from telephony.provision.tools import tool
from tests.acceptance.hospital import Hospital, running_hospital
from tests.browser.conftest import ARGS
from tests.day.others import Others
from tests.day.plan import WHOLE
from tests.day.played import play
from tests.day.tally import Tally, table, trails

LONGEST_S = 2_400.0


async def main() -> int:
    """0 when no step needed more keys than it should."""
    began = time.monotonic()
    logging.getLogger("tests.acceptance.sipp").setLevel(logging.ERROR)  # agents hang up before patients are ready to
    done = Tally()
    try:
        with running_hospital() as hospital, tempfile.TemporaryDirectory() as folder:
            async with asyncio.timeout(LONGEST_S):
                await _play(hospital, Path(folder), done)
    finally:
        _say(done, time.monotonic() - began)
    return 1 if done.too_long() else 0


async def _play(hospital: Hospital, folder: Path, done: Tally) -> None:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        await play(chromium, hospital, Others(hospital, folder), WHOLE, done, loud=True)
        await chromium.close()


def _say(done: Tally, seconds: float) -> None:
    sys.stdout.write(f"\n{WHOLE}\n{table(done.steps)}\n\n{seconds:.0f} s in all\n")
    if too_long := done.too_long():
        sys.stdout.write(f"\nMore keys than they should:\n{trails(too_long)}\n")


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except ProvisionError as error:
        sys.exit(f"make day: {error}\n  {error.mend}")
