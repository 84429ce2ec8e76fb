"""From the first ring at the desk to the patient's name on the agent's page, beside a page that asks once a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page, Route, async_playwright

from telephony import names
from telephony.ami import Ami, AmiSettings
from telephony.ami_events import AmiEvent, DialBegin
from tests.asterisk.phone import Line, Phone, phone
from tests.asterisk.real_asterisk import linked
from tests.bench.hospital import Hospital
from tests.bench.open_pages import open_pages
from tests.bench.stats import Figure, summary
from tests.browser.people import log_in, sit_down
from tests.eventually import eventually

HERE = Path(__file__).parent
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
CALLERS = 14
OPEN_PAGES = 25
APART_S = 0.37  # so that rings fall anywhere between two polls
AGENT = "agent1"
AVAILABLE = """#agent-state button[hx-vals='{"state": "available"}']"""
POLL_PAGE = "/bench-poll"
READY_WITHIN_S = 20.0
RING_WITHIN_S = 40.0
SHOWN_WITHIN_S = 8.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Person:
    """A patient who is alone at this number."""

    name: str
    number: str  # as dialled at home


@dataclass(slots=True)
class Rings:
    """What Asterisk says about desks that ring: the caller's number and when, in seconds since the epoch."""

    heard: asyncio.Queue[tuple[str, float]] = field(default_factory=asyncio.Queue)

    async def handle(self, event: AmiEvent) -> None:
        """One event."""
        if isinstance(event, DialBegin) and event.channel and names.desk_of(event.dest.name):
            self.heard.put_nowait((event.channel.number, time.time()))


@dataclass(slots=True)
class Waits:
    """Milliseconds from the ring."""

    pushed: list[float] = field(default_factory=list)
    polled: list[float] = field(default_factory=list)
    rang: list[float] = field(default_factory=list)


async def measure(hospital: Hospital, say: Say) -> list[Figure]:
    """One agent with the desk and the polling page open, others with theirs; patients are shown one by one."""
    say(f"screen pop: {CALLERS} patients call, {OPEN_PAGES} pages are open")
    people = await _people(hospital)
    rings = Rings()
    ami = Ami(AmiSettings(port=hospital.config.ports.ami, secret=hospital.secrets.ami))
    ami.subscribe(rings.handle)
    async with (
        linked(ami),
        open_pages(hospital, OPEN_PAGES),
        _chromium(hospital) as browser,
        _desk(hospital, browser) as (desk, poll),
    ):
        waits = await _shown_one_by_one(hospital, people, rings, desk, poll)
    return _figures(waits)


def _figures(waits: Waits) -> list[Figure]:
    pop = Figure(
        group="Screen pop",
        name="ring to name on the page",
        unit="ms",
        ours=summary(waits.pushed),
        baselines={"1 s poll": summary(waits.polled)},
        is_more_better=False,
        note=f"from Asterisk's first word that the desk rings, {OPEN_PAGES} pages open; same calls, same browser",
    )
    ring = Figure(
        group="Screen pop",
        name="ring to the page's telephone",
        unit="ms",
        ours=summary(waits.rang),
        baselines={},
        is_more_better=False,
        note="the INVITE over the WebSocket, for comparison",
    )
    return [pop, ring]


async def _people(hospital: Hospital) -> list[Person]:
    async with hospital.db.connection() as conn:
        rows = await conn.fetch(
            """
            SELECT min(patient.name) AS name, patient_phone.msisdn
            FROM patient JOIN patient_phone ON patient_phone.patient_id = patient.id
            GROUP BY patient_phone.msisdn HAVING count(*) = 1 ORDER BY patient_phone.msisdn
            """
        )
    by_name = {row["name"]: row["msisdn"].removeprefix("+86") for row in rows}
    return [Person(name, number) for name, number in by_name.items()][:CALLERS]


@asynccontextmanager
async def _chromium(hospital: Hospital) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=hospital.program("chromium"), args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def _desk(hospital: Hospital, browser: Browser) -> AsyncIterator[tuple[Page, Page]]:
    """The agent takes calls; beside the desk a page that polls, in the same session."""
    seat = await sit_down(browser, hospital.url)
    await log_in(seat, AGENT, hospital.logins[AGENT])
    desk = seat.page
    await desk.goto("/desk")
    await desk.wait_for_selector("#dock[data-line-state=ready]", timeout=READY_WITHIN_S * 1000)
    await desk.wait_for_selector("#agent-state .state-dot", state="attached")
    if not await desk.locator("#agent-state .state-dot.available").count():
        await desk.click(AVAILABLE)
    await desk.wait_for_selector("#agent-state .state-dot.available", state="attached")
    await desk.evaluate((HERE / "watch.js").read_text("utf-8"))
    poll = await desk.context.new_page()
    await poll.route("**" + POLL_PAGE, _poll_page)
    await poll.goto(POLL_PAGE)
    yield desk, poll
    await desk.context.close()


async def _poll_page(route: Route) -> None:
    await route.fulfill(body=(HERE / "poll.html").read_text("utf-8"), content_type="text/html")


async def _shown_one_by_one(hospital: Hospital, people: list[Person], rings: Rings, desk: Page, poll: Page) -> Waits:
    """Every caller presses 0 at once and waits; the first in the queue rings, is shown twice, and hangs up."""
    waits = Waits()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        calls: dict[str, asyncio.Task[Line]] = {}
        for person in people:
            caller = await stack.enter_async_context(phone(hospital.config.ports.sip, person.number))
            calls[person.number] = group.create_task(_into_the_queue(caller, after_s=APART_S * len(calls)))
        for _ in people:
            async with asyncio.timeout(RING_WITHIN_S):
                number, rang_at = await rings.heard.get()
            person = next(one for one in people if one.number == number)
            await _note(waits, person, rang_at * 1000, desk, poll)
            await (await calls[number]).hang_up()
    return waits


async def _into_the_queue(caller: Phone, *, after_s: float) -> Line:
    await asyncio.sleep(after_s)
    line = await caller.call("4000")
    await line.press("0")
    return line


async def _note(waits: Waits, person: Person, rang_at_ms: float, desk: Page, poll: Page) -> None:
    waits.pushed.append(await _seen_at_ms(desk, person.name) - rang_at_ms)
    waits.polled.append(await _seen_at_ms(poll, person.name) - rang_at_ms)
    rings: list[float] = await desk.evaluate("window.benchRings.splice(0)")
    waits.rang += [at - rang_at_ms for at in rings[-1:]]


async def _seen_at_ms(page: Page, name: str) -> float:
    async def look() -> float:
        seen: list[tuple[str, float]] = await page.evaluate("window.benchSeen")
        return next((at for shown, at in reversed(seen) if shown == name), 0.0)

    return await eventually(look, within_s=SHOWN_WITHIN_S, every_s=0.05, what=f"{name} on {page.url}")
