"""Two people and one telephone call, on the whole demo hospital: browsers, Asterisk, menu, queue, call log."""

import pytest
from playwright.async_api import Browser

from tests.acceptance.hospital import Hospital
from tests.browser.calling import (
    AGENT,
    PATIENT,
    ask_for_a_person,
    hears,
    patient_calls,
    ready_agent,
    transfer,
    write_down,
)
from tests.browser.people import log_in, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]


async def test_a_call_is_seen_answered_kept_over_a_reload_transferred_and_written_down(
    chromium: Browser, demo: Hospital
) -> None:
    one = await ready_agent(chromium, demo, "agent1")
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, one)
    await one.page.wait_for_selector("#pop h2:has-text('张三丰')")

    await one.page.keyboard.press("Alt+a")
    await one.page.wait_for_selector("#dock[data-call=talking]")
    assert await hears(one.page, AGENT)
    assert await hears(patient.page, PATIENT)

    for _ in range(2):
        await one.page.reload()
        await one.page.wait_for_selector("#dock[data-call=talking]")
        assert await hears(one.page, AGENT)
        assert await hears(patient.page, PATIENT)
    await one.page.wait_for_selector("#pop h2:has-text('张三丰')")
    await one.page.wait_for_selector("#caller:has-text('张三丰')")

    await one.page.click("[data-do=hold]")
    await one.page.wait_for_selector("[data-do=hold][aria-pressed=true]")
    await one.page.click("[data-do=hold]")
    await one.page.wait_for_selector("[data-do=hold][aria-pressed=false]")
    assert await hears(patient.page, PATIENT)

    two = await ready_agent(chromium, demo, "agent2")
    await transfer(one, two)
    await write_down(one, "Transferred", "问医保报销")
    await two.page.wait_for_selector("#pop :text('问医保报销')")
    assert await hears(two.page, AGENT)
    assert await hears(patient.page, PATIENT)
    await two.page.keyboard.press("Alt+h")
    await patient.page.wait_for_selector("#handset[data-call=idle]")
    await write_down(two, "Question answered", "问门诊时间")
    await two.page.click("#nav a[href='/calls']")
    await two.page.click("#list tbody tr:first-child")
    await two.page.wait_for_selector("dd:has-text('问门诊时间')")
    await two.page.wait_for_selector(".call-leg:has-text('问医保报销')")


async def test_an_agent_whose_browser_died_gets_the_patient_back_in_another(chromium: Browser, demo: Hospital) -> None:
    first = await ready_agent(chromium, demo, "agent1")
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, first)
    await first.page.click("[data-do=answer]")
    await first.page.wait_for_selector("#dock[data-call=talking]")
    assert not await first.page.locator(".bring-back").is_visible()
    await first.page.close()

    again = await sit_down(chromium, demo.url)
    await log_in(again, "agent1", demo.password("agent1"))
    await again.page.goto("/desk")
    await again.page.click(".bring-back button")
    await again.page.wait_for_selector("#dock[data-call=ringing]")
    await again.page.click("[data-do=answer]")
    await again.page.wait_for_selector("#dock[data-call=talking]")
    assert await hears(again.page, AGENT)
    assert await hears(patient.page, PATIENT)
    await patient.page.click("[data-do=hangup]")
    await again.page.wait_for_selector("#agent-state .state-dot.wrap_up")


async def test_the_wallboard_says_who_is_available_on_paper_only(chromium: Browser, demo: Hospital) -> None:
    agent = await ready_agent(chromium, demo, "agent2")
    supervisor = await sit_down(chromium, demo.url)
    await log_in(supervisor, "supervisor", demo.password("supervisor"))
    await supervisor.page.goto("/wallboard")
    row = supervisor.page.locator("#board tr", has_text="分机 02")
    await row.locator(".state-dot.available").wait_for()
    assert not await row.locator(".badge").count()
    await agent.page.close()
    await row.locator(".badge").wait_for()
    assert supervisor.complaints == []


async def plays(demo: Hospital) -> int:
    """How often a recording was heard, as the audit knows."""
    rows = await demo.ask_database("SELECT count(*) AS n FROM audit WHERE action = 'play recording'")
    return int(rows[0]["n"])


async def test_a_stranger_who_calls_is_written_down_and_the_supervisor_hears_the_recording(
    chromium: Browser, demo: Hospital
) -> None:
    agent = await ready_agent(chromium, demo, "agent1")
    patient = await patient_calls(chromium, demo, "13511112222")
    await ask_for_a_person(patient, agent)
    await agent.page.wait_for_selector("#pop :text('135 1111 2222') >> nth=0")
    await agent.page.click("[data-do=answer]")
    await agent.page.wait_for_selector("#dock[data-call=talking]")
    await agent.page.fill("#pop textarea[name=text]", "问体检套餐")
    await agent.page.click("button:has-text('Save the consultation')")
    await agent.page.wait_for_selector("#pop .alert-success")
    assert await hears(agent.page, AGENT)
    await patient.page.click("[data-do=hangup]")
    await agent.page.wait_for_selector("#dock[data-call=idle]")

    before = await plays(demo)
    supervisor = await sit_down(chromium, demo.url)
    await log_in(supervisor, "supervisor", demo.password("supervisor"))
    row = supervisor.page.locator("#list tbody tr", has_text="135 1111 2222").first
    for _ in range(30):
        await supervisor.page.goto("/recordings")
        if await row.count():
            break
    await row.locator("a").first.click()
    await supervisor.page.wait_for_selector("[data-clock]:has-text('0:00 /')")
    assert await plays(demo) == before  # seeing the player is not hearing the call
    await supervisor.page.go_back()
    await row.locator("button").click()
    await supervisor.page.wait_for_selector("[data-clock]:has-text('0:02 /')")
    assert await plays(demo) == before + 1
    await supervisor.page.click("[data-skip='1']")
    await supervisor.page.wait_for_function(
        "parseInt(document.querySelector('[data-clock]').textContent.slice(2)) >= 5"
    )
    await row.locator("button").click()
    await supervisor.page.wait_for_selector("[data-player]", state="detached")
    assert supervisor.complaints == []
