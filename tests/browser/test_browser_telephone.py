"""One agent, several tabs, a network that fails: the call with the patient stays. On the whole demo hospital."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.async_api import Browser, Page

from tests.acceptance.hospital import Hospital
from tests.browser.calling import (
    AGENT,
    PATIENT,
    ask_for_a_person,
    hears,
    patient_calls,
    ready_agent,
    sound,
    write_down,
)
from tests.browser.people import Seat
from tests.eventually import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

TALKING = "#dock[data-call=talking]"
ELSEWHERE = "#dock[data-line-state=elsewhere]"
HERE = "[data-phone=here]"
NETWORK_IS_AWAY_S = 10
AS_GOOD_AS_NOTHING = 25  # packets; ten seconds of sound are 500


async def in_call(chromium: Browser, demo: Hospital) -> tuple[Seat, Seat]:
    """An agent and a patient who speak."""
    agent = await ready_agent(chromium, demo, "agent1")
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, agent)
    await agent.page.click("[data-do=answer]")
    await agent.page.wait_for_selector(TALKING)
    assert await hears(agent.page, AGENT)
    return agent, patient


async def both_hear(agent: Page, patient: Seat) -> None:
    """Each other."""
    await agent.wait_for_selector(TALKING)
    assert await hears(agent, AGENT)
    assert await hears(patient.page, PATIENT)


async def over(agent: Seat, patient: Seat) -> None:
    """The patient hangs up; the agent is free again."""
    await patient.page.click("[data-do=hangup]")
    await agent.page.wait_for_selector("#dock[data-call=idle]")
    await write_down(agent, "Question answered", "")


async def test_a_call_goes_with_the_telephone_from_tab_to_tab(chromium: Browser, demo: Hospital) -> None:
    agent, patient = await in_call(chromium, demo)
    first, second = agent.page, await agent.page.context.new_page()
    await second.goto("/desk")
    await second.wait_for_selector(f"{ELSEWHERE} :text('You are on a call in another tab')")
    await both_hear(first, patient)

    await second.click(HERE)
    await both_hear(second, patient)
    await first.wait_for_selector(f"{ELSEWHERE}[data-call=idle]")
    await second.wait_for_selector("#caller:has-text('张三丰')")

    await second.reload()  # a page that is only loaded again keeps what it had
    await both_hear(second, patient)
    await first.wait_for_selector(ELSEWHERE)

    await first.click(HERE)
    await both_hear(first, patient)
    await second.wait_for_selector(f"{ELSEWHERE}[data-call=idle]")

    await first.close()  # the next takes over by itself
    await both_hear(second, patient)
    agent.page = second
    await over(agent, patient)


async def test_without_a_call_the_telephone_rings_in_the_tab_that_is_left(chromium: Browser, demo: Hospital) -> None:
    agent = await ready_agent(chromium, demo, "agent1")
    second = await agent.page.context.new_page()
    await second.goto("/desk")
    await second.click(HERE)
    await second.wait_for_selector("#dock[data-line-state=ready]")
    await agent.page.wait_for_selector(f"{ELSEWHERE} :text('The telephone is open in another tab')")
    await second.close()
    await agent.page.wait_for_selector("#dock[data-line-state=ready]")
    await agent.page.wait_for_selector("#agent-state .state-dot.available")
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, agent)
    other = await agent.page.context.new_page()
    await other.goto("/desk")
    await other.click(HERE)
    await other.wait_for_selector(".hcrm-toast:has-text('rings in the other tab')")
    await other.close()
    await agent.page.click("[data-do=answer]")
    await both_hear(agent.page, patient)
    await over(agent, patient)


async def test_a_held_call_stays_held_over_a_reload(chromium: Browser, demo: Hospital) -> None:
    agent, patient = await in_call(chromium, demo)
    await agent.page.click("[data-do=hold]")
    await agent.page.wait_for_selector("[data-do=hold][aria-pressed=true]")
    await agent.page.reload()
    await agent.page.wait_for_selector(f"{TALKING} [data-do=hold][aria-pressed=true]")

    async def is_held() -> bool:
        return bool(await agent.page.evaluate("window.hcrmPhone.call.session.isOnHold().local"))

    await eventually(is_held, what="the patient is on hold at the other end too")
    await agent.page.click("[data-do=hold]")
    await agent.page.wait_for_selector("[data-do=hold][aria-pressed=false]")
    await both_hear(agent.page, patient)
    await over(agent, patient)


@contextmanager
def no_network(demo: Hospital) -> Iterator[None]:
    """Neither the hospital's pages nor its telephones answer."""
    everybody = [demo.pid("serve"), demo.pid("asterisk")]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in everybody:
            os.kill(pid, signal.SIGCONT)


async def test_a_call_outlives_ten_seconds_without_a_network(chromium: Browser, demo: Hospital) -> None:
    agent, patient = await in_call(chromium, demo)
    with no_network(demo):
        await agent.page.evaluate("window.hcrmPhone.ua._transport.socket._ws.close()")
        before = await sound(agent.page, AGENT)
        await asyncio.sleep(NETWORK_IS_AWAY_S)  # the outage itself, not a wait for something
        assert (await sound(agent.page, AGENT)).packets_in < before.packets_in + AS_GOOD_AS_NOTHING
    await agent.page.wait_for_selector("#dock[data-line-state=ready]")
    await both_hear(agent.page, patient)
    await over(agent, patient)  # the end is heard where the agent is now
