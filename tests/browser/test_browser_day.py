"""A short day of an agent with the keyboard alone, on the whole demo hospital; `make day` plays a whole one."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.acceptance.hospital import Hospital
from tests.day.others import Others
from tests.day.plan import SHORT
from tests.day.played import play
from tests.day.tally import Tally, trails

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]


async def test_calls_a_booking_texts_and_a_task_with_the_keyboard_alone(
    chromium: Browser, demo: Hospital, tmp_path: Path
) -> None:
    done = Tally()
    await play(chromium, demo, Others(demo, tmp_path), SHORT, done)
    assert trails(done.too_long()) == ""
    assert {"answer", "result", "book", "register the caller", "text", "task written down"} <= {
        step.name for step in done.steps
    }
