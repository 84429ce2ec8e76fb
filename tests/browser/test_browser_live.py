"""Who fetches when something happens: pages that show it, in time, not too often, and none that does not."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, Request

from crm_core import events
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.event import Event
from crm_core.kernel.ids import AppointmentId, AttemptId, CallId, PatientId, SmsId, TaskId, ThreadId
from crm_core.patients.model import Patient
from crm_core.scheduling import service as scheduling
from tests.browser.people import Seat, log_in, sit_down
from tests.eventually import eventually
from tests.web.house import KEY, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PARTS = (Path(__file__).parents[2] / "web/assets/parts.js").read_text("utf-8")
EVENTS, APART_S = 40, 0.2
EVERY_S = 1.0  # as parts.js says


class Fetches:
    """What a page asks the server for from now on, by path."""

    def __init__(self, page: Page) -> None:
        self.at: list[tuple[str, float]] = []
        self.streams = 0
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        path = urlsplit(request.url).path
        self.streams += path == "/live"
        if path != "/live" and not path.startswith("/static"):
            self.at.append((path, time.monotonic()))

    def of(self, path: str) -> list[float]:
        return [at for asked, at in self.at if asked == path]

    def counts(self) -> Counter[str]:
        return Counter(path for path, _ in self.at)


async def seated(chromium: Browser, house: House, login: str, role: str = "agent", *, desk: bool = False) -> Seat:
    if login not in house.users:
        await house.user(login, role, desk=desk)
    seat = await sit_down(chromium, house.base)
    await log_in(seat, login, KEY)
    return seat


async def opened(page: Page, path: str) -> Fetches:
    """The page, subscribed to what it shows, with its first parts loaded."""
    fetches = Fetches(page)
    await page.goto(path)
    await page.wait_for_selector("body[data-live-link=on]", state="attached")
    await eventually(lambda: fetches.of("/sms/unread"), what="the menu loads itself")
    await eventually(lambda: page.evaluate("document.querySelector('.htmx-request') === null"), what="all is loaded")
    fetches.at.clear()
    return fetches


async def happen(house: House, event: Event) -> None:
    async with house.db.transaction(SYSTEM) as tx:
        await tx.emit(event)


def task_of(patient: Patient | PatientId) -> Event:
    patient_id = patient.id if isinstance(patient, Patient) else patient
    return events.TaskDone(task_id=TaskId(1), patient_id=patient_id)


async def listeners(house: House, are: Callable[[frozenset[str]], bool]) -> None:
    """Until a browser has subscribed to what its pages show."""
    hub = house.deps.live
    await eventually(lambda: any(are(listener.topics) for listener in hub._listeners), what="pages have subscribed")


async def test_a_stream_of_events_of_another_patient_is_nothing_to_the_page_and_its_own_is_shown_as_it_goes_on(
    chromium: Browser, house: House
) -> None:
    patient, other = await house.patient(), await house.patient("李四", "13900139000")
    seat = await seated(chromium, house, "agent1")
    fetches = await opened(seat.page, f"/patients/{patient.id}")
    await listeners(house, lambda topics: f"patient:{patient.id}" in topics)
    for _ in range(EVENTS):
        await happen(house, task_of(other))
        await asyncio.sleep(APART_S)
    assert fetches.counts() == {}
    began = time.monotonic()
    for _ in range(EVENTS):
        await happen(house, task_of(patient))
        last = time.monotonic()
        await asyncio.sleep(APART_S)
    cards = f"/patients/{patient.id}/cards"
    await eventually(lambda: fetches.of(cards)[-1] > last, what="the last event is shown")
    at = fetches.of(cards)
    assert fetches.counts() == {cards: len(at)}
    assert at[0] - began < EVERY_S
    assert len(at) - 1 <= (at[-1] - at[0]) / EVERY_S + 1  # the browser's word of a request may be late
    assert len(at) > 2  # not only when it had ended
    await asyncio.sleep(3 * EVERY_S)  # the last event's own may follow one that was on its way; then it is still
    assert len(fetches.of(cards)) <= len(at) + 1


async def test_of_twentyfive_open_pages_those_fetch_that_show_what_happened(chromium: Browser, house: House) -> None:
    ours = await house.patient()
    others = [await house.patient(f"张{number}", f"139{number:08d}") for number in range(12)]
    seat = await seated(chromium, house, "agent1")
    shows = [f"/patients/{ours.id}", *["/sms"] * 3]
    shows_not = [*(f"/patients/{other.id}" for other in others), *["/tasks"] * 4, *["/appointments"] * 5]
    pages = [await seat.page.context.new_page() for _ in shows + shows_not]
    fetches = [await opened(page, path) for page, path in zip(pages, shows + shows_not, strict=True)]
    await listeners(house, lambda topics: {f"patient:{one.id}" for one in (ours, *others)} <= topics)
    for fetched in fetches:
        fetched.at.clear()
    await happen(house, events.SmsReceived(sms_id=SmsId(1), thread_id=ThreadId(1), patient_id=ours.id))
    cards = f"/patients/{ours.id}/cards"
    await eventually(
        lambda: fetches[0].of(cards) and all(page.of("/sms/search") for page in fetches[1:4]),
        what="who shows it fetches",
    )
    await asyncio.sleep(EVERY_S)
    unread = {"/sms/unread": 1}  # stands in every page's menu
    assert fetches[0].counts() == {cards: 1, f"/patients/{ours.id}/timeline": 1} | unread
    assert [dict(page.counts()) for page in fetches[1:4]] == [{"/sms/search": 1} | unread] * 3
    assert [dict(page.counts()) for page in fetches[4:]] == [unread] * 21


async def test_a_tab_that_leads_hears_for_the_others_and_the_next_one_takes_over(
    chromium: Browser, house: House
) -> None:
    one, two = await house.patient(), await house.patient("李四", "13900139000")
    seat = await seated(chromium, house, "agent1")
    await opened(seat.page, f"/patients/{one.id}")
    second = await seat.page.context.new_page()
    fetches = await opened(second, f"/patients/{two.id}")
    await listeners(house, lambda topics: {f"patient:{one.id}", f"patient:{two.id}"} <= topics)
    assert fetches.streams == 0  # one connection for all tabs
    await happen(house, task_of(two))
    await eventually(lambda: fetches.of(f"/patients/{two.id}/cards"), what="the second tab fetches")
    await seat.page.close()
    await listeners(house, lambda topics: f"patient:{two.id}" in topics and f"patient:{one.id}" not in topics)
    fetches.at.clear()
    await happen(house, task_of(two))
    await eventually(lambda: fetches.of(f"/patients/{two.id}/cards"), what="it hears by itself")


async def test_where_one_goes_without_a_new_page_is_heard_of(chromium: Browser, house: House) -> None:
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1")
    fetches = await opened(seat.page, "/patients")
    await seat.page.click("#list tr:has-text('张三丰')")
    await seat.page.wait_for_selector("#cards")
    await listeners(house, lambda topics: f"patient:{patient.id}" in topics)
    await happen(house, task_of(patient))
    await eventually(lambda: fetches.of(f"/patients/{patient.id}/cards"), what="the new page is live")
    await seat.page.click("#nav a[href='/tasks']")
    await seat.page.wait_for_selector("#tasks")
    await listeners(house, lambda topics: "tasks" in topics)


async def test_a_day_hears_of_the_people_who_are_in_it(chromium: Browser, house: House) -> None:
    await house.sessions(capacity=2)
    here, elsewhere = await house.patient(), await house.patient("李四", "13900139000")
    seat = await seated(chromium, house, "agent1")
    fetches = await opened(seat.page, "/appointments?day=2026-03-03")
    await listeners(house, lambda topics: "day:2026-03-03" in topics)
    for who, slot in ((here, 0), (elsewhere, 1)):
        await scheduling.book(house.db, SYSTEM, patient_id=who.id, slot_id=house.slots[slot], channel="agent")
    await seat.page.wait_for_selector(".visit >> nth=1")
    await listeners(house, lambda topics: {f"patient:{here.id}", f"patient:{elsewhere.id}"} <= topics)
    stranger = await house.patient("王五", "13700137000")
    await asyncio.sleep(4 * EVERY_S)  # the last look at what was booked is over, also on a busy machine
    fetches.at.clear()
    for who in (stranger, here):  # only by whom they are about, as an SMS is
        planned = events.AttemptPlanned(attempt_id=AttemptId(1), appointment_id=AppointmentId(1), patient_id=who.id)
        await happen(house, planned)
        await asyncio.sleep(EVERY_S)
        assert len(fetches.of("/appointments")) == (1 if who is here else 0)


async def test_a_page_whose_server_was_away_looks_again_once(chromium: Browser, house: House) -> None:
    patient = await house.patient()
    seat = await seated(chromium, house, "agent1")
    fetches = await opened(seat.page, f"/patients/{patient.id}")
    await listeners(house, lambda topics: f"patient:{patient.id}" in topics)
    fetches.at.clear()
    house.deps.live.close()
    await seat.page.wait_for_selector("body[data-live-link=off]", state="attached")
    await happen(house, task_of(patient))  # nobody hears it
    await seat.page.wait_for_selector("body[data-live-link=on]", state="attached")
    cards = f"/patients/{patient.id}/cards"
    await eventually(lambda: fetches.of(cards), what="the page looks again")
    await asyncio.sleep(3)  # longer than it may wait
    assert set(fetches.counts().values()) == {1}


async def test_the_desk_looks_at_who_waits_only_when_somebody_waited(chromium: Browser, house: House) -> None:
    seat = await seated(chromium, house, "agent1", desk=True)
    fetches = await opened(seat.page, "/desk")
    await listeners(house, lambda topics: "queue" in topics)
    fetches.at.clear()
    for number in range(10):
        await happen(house, events.CallEnded(call_id=_call(number), reason="normal", patient_id=None, agent_id=None))
    await house.call("1.1")
    await eventually(lambda: fetches.of("/desk/waiting"), what="one caller waits")
    for number in range(10):
        ended = events.CallEnded(
            call_id=_call(number), reason="normal", patient_id=None, agent_id=None, queue="operators"
        )
        await happen(house, ended)
    await asyncio.sleep(2 * EVERY_S)
    assert len(fetches.of("/desk/waiting")) == 2


def _call(number: int) -> CallId:
    return CallId(UUID(int=number))


async def test_when_a_part_fetches(chromium: Browser) -> None:
    """The pure part of it, with dice of our own."""
    page = await chromium.new_page()

    async def run(script: str, *values: Any) -> Any:
        module = "data:text/javascript," + quote(PARTS)
        return await page.evaluate(
            f"async ([url, values]) => {{ const parts = await import(url); return (({script}))(parts, ...values); }}",
            [module, list(values)],
        )

    rules = "{ every: 1000, jitter: 300, random: () => dice }"
    at = f"(parts, now, last, dice) => parts.fetchAt(now, last ?? -Infinity, {rules})"
    assert await run(at, 5000, None, 0) == 5100  # after the burst
    assert await run(at, 5000, None, 1) == 5400
    assert await run(at, 5000, 4900, 0) == 5900  # not sooner than every second
    assert await run(at, 9000, 4900, 0) == 9100
    concerns = "(parts, part, message) => parts.concerns(part, message, 'agent:4')"
    booked = {"type": "AppointmentBooked", "topics": ["patient:1", "day:2026-03-03"]}
    assert await run(concerns, {"shows": "patient:1"}, booked) is True
    assert await run(concerns, {"shows": "patient:2 day:2026-03-03"}, booked) is True
    assert await run(concerns, {"shows": "patient:11"}, booked) is False
    assert await run(concerns, {"shows": "patient:1", "hears": "SmsReceived"}, booked) is False
    assert await run(concerns, {"shows": "patient:1", "hears": ""}, booked) is False
    assert await run(concerns, {"shows": "patient:2", "hears": ""}, {"type": "Resync"}) is True
    assert await run(concerns, {"shows": "me"}, {"type": "AgentStateChanged", "topics": ["agent:4"]}) is True
    assert await run(concerns, {"shows": "me"}, {"type": "AgentStateChanged", "topics": ["agent:5"]}) is False
    await page.close()
