"""Open pages beside the one that is measured: each listens and fetches its parts as the page's own script does.

Without the browsers, which stand on other machines in a hospital: what they cost the server is here, what they cost
themselves is not.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp

from tests.bench.hospital import Hospital
from tests.bench.people import logged_in
from web.topics import ME

SEED = 4000
GATHER_S, JITTER_S, EVERY_S = 0.1, 0.3, 1.0  # of web/assets/parts.js
SILENT_FOR_S = 20.0  # longer than the stream's own pings


@dataclass(frozen=True, slots=True)
class Open:
    """A page by who has it open, what it subscribes to, and its parts: path and the topics they show."""

    login: str
    parts: Sequence[tuple[str, str]]

    @property
    def topics(self) -> str:
        """As the address of the stream says it."""
        return ",".join(sorted({topic for _, topic in self.parts}))


NAV = ("/sms/unread", "sms")
DOCK = (("/desk/state", ME), ("/desk/waiting", "queue"), NAV)
BOARD = (("/wallboard/board", "board"), *DOCK)
TASKS = (("/tasks", "tasks"), *DOCK)
PAGES = (Open("agent2", DOCK), Open("nurse", TASKS), Open("supervisor", BOARD))


@asynccontextmanager
async def open_pages(hospital: Hospital, count: int) -> AsyncIterator[None]:
    """`count` of them, by turns; from when all listen. What fails in one fails the measurement."""
    rng = Random(SEED)
    async with AsyncExitStack() as stack:
        browsers = [
            await stack.enter_async_context(logged_in(hospital, PAGES[n % len(PAGES)].login)) for n in range(count)
        ]
        async with asyncio.TaskGroup() as group:
            ready = [asyncio.Event() for _ in browsers]
            tasks = [
                group.create_task(_stay(browser, PAGES[n % len(PAGES)], ready[n], rng))
                for n, browser in enumerate(browsers)
            ]
            for heard in ready:
                await heard.wait()
            yield
            for task in tasks:
                task.cancel()


async def _stay(browser: aiohttp.ClientSession, page: Open, ready: asyncio.Event, rng: Random) -> None:
    async with asyncio.TaskGroup() as group:
        wanted = {path: asyncio.Event() for path, _ in page.parts}
        for path in wanted:
            group.create_task(_fetch(browser, path, wanted[path], rng))
        timeout = aiohttp.ClientTimeout(total=None, sock_read=SILENT_FOR_S)
        async with browser.get("/live", params={"topics": page.topics}, timeout=timeout) as stream:
            stream.raise_for_status()
            ready.set()
            async for line in stream.content:
                if line.startswith(b"data:"):
                    _hear(page, json.loads(line[5:]), wanted)
    raise RuntimeError("a page is told nothing any more")


def _hear(page: Open, message: Mapping[str, Any], wanted: Mapping[str, asyncio.Event]) -> None:
    about = {ME if topic.startswith("agent:") else topic for topic in message.get("topics", ())}
    for path, topic in page.parts:
        if topic in about or message["type"] == "Resync":
            wanted[path].set()


async def _fetch(browser: aiohttp.ClientSession, path: str, wanted: asyncio.Event, rng: Random) -> None:
    """Once for a burst, and at most once a second, as `fetchAt` says."""
    while True:
        await wanted.wait()
        await asyncio.sleep(GATHER_S + rng.random() * JITTER_S)
        wanted.clear()
        async with browser.get(path, headers={"X-Hcrm-Background": "1"}) as answer:
            await answer.read()
            answer.raise_for_status()
        await asyncio.sleep(EVERY_S)
