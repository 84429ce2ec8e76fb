"""Colleagues, calls of ours and rings that are missed, as agents see them. On the whole demo hospital."""

import pytest
from playwright.async_api import Browser, Page

from tests.acceptance.hospital import Hospital
from tests.browser.calling import AGENT, PATIENT, ask_for_a_person, hears, patient_calls, ready_agent, write_down
from tests.browser.people import Seat, log_in, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

TALKING = "#dock[data-call=talking]"
IDLE = "#dock[data-call=idle]"
CODES = """() => [...document.querySelectorAll('#dock, #dock *')]
  .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && /desk-\\d/.test(n.data)))
  .map((e) => e.outerHTML)"""
RECORD_NOTICES = """
const System = window.Notification;
window.notices = [];
window.Notification = class extends System {
  constructor(title, options) { super(title, options); window.notices.push([title, options.body]); }
};
document.hasFocus = () => false;  // the agent works in another window
"""


async def in_call(chromium: Browser, demo: Hospital) -> tuple[Seat, Seat]:
    """The first agent and 张三丰 speak."""
    agent = await ready_agent(chromium, demo, "agent1")
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, agent)
    await agent.page.click("[data-do=answer]")
    await agent.page.wait_for_selector(TALKING)
    return agent, patient


async def ask_colleague(one: Seat, two: Seat) -> None:
    """The second agent answers a question of the first."""
    await one.page.click("[data-do=transfer]")
    await one.page.click("[data-transfer-to=desk-02]")
    await one.page.wait_for_selector("[data-transfer-to=desk-02][aria-pressed=true]")
    await one.page.click("[data-do=ask]")
    await two.page.wait_for_selector("#agent-state .state-dot.ringing")
    await two.page.click("[data-do=answer]")
    await two.page.wait_for_selector("#agent-state .state-dot.on_call")
    await one.page.wait_for_selector("[data-do=join]:enabled")


async def name_of(demo: Hospital, login: str) -> str:
    """As colleagues read it."""
    rows = await demo.ask_database("SELECT name FROM app_user WHERE login = $1", login)
    return str(rows[0]["name"])


async def test_who_is_asked_sees_whose_call_it_is_and_has_it_when_they_are_joined(
    chromium: Browser, demo: Hospital
) -> None:
    one, patient = await in_call(chromium, demo)
    two = await ready_agent(chromium, demo, "agent2")
    chen, li = await name_of(demo, "agent1"), await name_of(demo, "agent2")
    await ask_colleague(one, two)
    await one.page.wait_for_selector(f"[data-phone=colleague]:has-text('{li}')")
    await two.page.wait_for_selector(f"#caller:has-text('{chen} asks you about'):has-text('张三丰')")
    await two.page.wait_for_selector("#caller [data-caller-number]:has-text('138 0013 8000')")
    await two.page.wait_for_selector(f"#pop-call:has-text('{chen} asks you about this patient.')")
    await two.page.wait_for_selector("#pop h2:has-text('张三丰')")
    assert not await two.page.locator("#pop input[name=disposition]").count()
    for seat in (one, two):
        assert await seat.page.evaluate(CODES) == []

    await one.page.click("[data-do=join]")
    await one.page.wait_for_selector(IDLE)
    assert await hears(two.page, AGENT)
    assert await hears(patient.page, PATIENT)
    await two.page.wait_for_selector("#pop-call:not([data-asked]):has-text('Talking'):has-text('138 0013 8000')")
    await two.page.wait_for_selector("#pop input[name=disposition]", state="attached")
    assert not await two.page.locator("#pop-call :text('has this call now'), #caller [data-asked]").count()
    await write_down(one, "Transferred", "")
    await patient.page.click("[data-do=hangup]")
    await write_down(two, "Question answered", "")


async def test_after_a_question_the_colleague_is_free_and_the_patient_is_no_longer_shown(
    chromium: Browser, demo: Hospital
) -> None:
    one, patient = await in_call(chromium, demo)
    two = await ready_agent(chromium, demo, "agent2")
    await ask_colleague(one, two)
    await one.page.click("[data-do=back]")
    await two.page.wait_for_selector("#agent-state .state-dot.available")
    await two.page.wait_for_selector("#pop :text('This call is no longer at your desk.')")
    assert await hears(patient.page, PATIENT)
    await patient.page.click("[data-do=hangup]")
    await write_down(one, "Question answered", "")


async def call(page: Page, number: str) -> None:
    """With the keys of the dock."""
    await page.fill("[data-phone=dial]", number)
    await page.click("form[data-phone=dialer] button.btn-success")


@pytest.mark.parametrize(
    ("number", "said", "why", "result"),
    [
        ("13911112226", "139 1111 2226 is busy", "The line was busy.", "nobody_there"),
        ("13911112229", "139 1111 2229 does not exist", "There is no such number.", "wrong_number"),
    ],
)
async def test_a_call_in_vain_says_why_and_brings_the_form(
    chromium: Browser, demo: Hospital, number: str, said: str, why: str, result: str
) -> None:
    agent = await ready_agent(chromium, demo, "agent1")
    await agent.page.click("#nav a[href='/patients']")
    await agent.page.wait_for_url("**/patients")
    await call(agent.page, number)
    await agent.page.wait_for_selector(f"[data-phone=outcome]:has-text('{said}')")
    await agent.page.wait_for_url("**/desk")
    await agent.page.wait_for_selector(f"#pop-call:has-text('{why}')")
    await agent.page.wait_for_selector(f"#pop input[value={result}]:checked", state="attached")
    await agent.page.wait_for_selector("#agent-state .state-dot.wrap_up")
    await agent.page.click("button:has-text('Save and be ready')")
    await agent.page.wait_for_selector("#agent-state .state-dot.available")


async def test_a_call_out_is_called_so_and_closes_the_task_it_belongs_to(chromium: Browser, demo: Hospital) -> None:
    agent = await ready_agent(chromium, demo, "agent1")
    for number in ("10086000", "abc", "12"):
        await call(agent.page, number)
    await agent.page.wait_for_selector(".hcrm-toast:has-text('This number cannot be called')")
    number = "13911112227"  # nobody at home
    await demo.ask_database(
        "INSERT INTO task (kind, msisdn, ref, due_at, created_at) VALUES ('call_back', $1, 'demo/9', now(), now())",
        f"+86{number}",
    )
    await agent.page.click("#nav a[href='/tasks']")
    await agent.page.click("#tasks button[data-call-number='+8613911112227']")
    await agent.page.wait_for_selector("#agent-state .state-dot.calling")
    await agent.page.wait_for_selector("#agent-state :text('Calling out')")
    await agent.page.click("[data-when='calling returning'] [data-do=hangup]")
    await agent.page.wait_for_url("**/desk")
    await agent.page.click("#pop-call [id^=pop-task-] button")
    await agent.page.wait_for_selector("#pop-call [id^=pop-task-]", state="detached")
    (task,) = await demo.ask_database("SELECT status FROM task WHERE ref = 'demo/9'")
    assert task["status"] == "done"
    await agent.page.click("label:has-text('Nobody there')")
    await agent.page.click("button:has-text('Save and be ready')")


async def test_who_misses_two_calls_is_set_not_ready_and_hears_of_it_in_other_windows(
    chromium: Browser, demo: Hospital
) -> None:
    agent = await ready_agent(chromium, demo, "agent1")
    await agent.page.context.grant_permissions(["microphone", "notifications"])
    await agent.page.add_init_script(RECORD_NOTICES)
    await agent.page.reload()
    await agent.page.wait_for_selector("#dock[data-line-state=ready]")
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, agent)
    assert await agent.page.evaluate("window.notices") == [["A patient is calling", ""]]
    for _ in range(2):
        await agent.page.click("[data-do=hangup]")
        await agent.page.wait_for_selector(IDLE)
        if await agent.page.locator("#agent-state .state-dot.break").count():
            break
        await agent.page.wait_for_selector("#dock[data-call=ringing], #agent-state .state-dot.break")
    await agent.page.wait_for_selector("#agent-state :text('Calls not answered: 2')")
    await agent.page.wait_for_selector(".hcrm-toast:has-text('you were set not ready')")
    supervisor = await sit_down(chromium, demo.url)
    await log_in(supervisor, "supervisor", demo.password("supervisor"))  # their pages are Chinese
    await supervisor.page.goto("/wallboard")
    await supervisor.page.wait_for_selector("#board tr:has(.state-dot.break):has-text('漏接自动示忙')")
    await patient.page.click("[data-do=hangup]")
    await agent.page.click("#agent-state button:has-text('Take calls')")
    await agent.page.wait_for_selector("#agent-state .state-dot.available")


async def test_nobody_logs_out_in_a_call(chromium: Browser, demo: Hospital) -> None:
    agent, patient = await in_call(chromium, demo)
    await agent.page.click("form[action='/logout'] button")
    await agent.page.wait_for_selector(".hcrm-toast:has-text('You are in a call.')")
    assert await hears(patient.page, PATIENT)
    other = await agent.page.context.new_page()  # its page knows of no call
    await other.goto("/patients")
    await other.click("form[action='/logout'] button")
    await other.wait_for_selector(":text('You are in a call.')")
    await other.close()
    await patient.page.click("[data-do=hangup]")
    await write_down(agent, "Question answered", "")
    await agent.page.click("form[action='/logout'] button")
    await agent.page.wait_for_url("**/login")
    (row,) = await demo.ask_database(
        "SELECT state FROM agent_state a JOIN app_user u ON u.id = a.user_id WHERE u.login = 'agent1'"
    )
    assert row["state"] == "offline"


async def test_a_closed_browser_is_offline_in_seconds_and_available_again_when_it_is_back(
    chromium: Browser, demo: Hospital
) -> None:
    agent = await ready_agent(chromium, demo, "agent1")
    await agent.page.reload()  # does not count
    await agent.page.wait_for_selector("#dock[data-line-state=ready]")
    supervisor = await sit_down(chromium, demo.url)
    await log_in(supervisor, "supervisor", demo.password("supervisor"))
    await supervisor.page.goto("/wallboard")
    row = supervisor.page.locator("#board tr", has_text="分机 01")
    await row.locator(".state-dot.available").wait_for()
    context = agent.page.context
    await agent.page.close()
    await row.locator(".state-dot.offline").wait_for(timeout=45_000)
    again = await context.new_page()
    await again.goto("/desk")
    await again.wait_for_selector("#agent-state .state-dot.available")
