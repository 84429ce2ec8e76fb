"""Desks on another computer: https with the hospital's certificate, telephones through the same origin, real sound."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from telephony.provision.tools import tool
from tests.acceptance.hospital import Hospital, running_hospital
from tests.browser.calling import AGENT, PATIENT, ask_for_a_person, hears, patient_calls, ready_agent, transfer
from tests.browser.conftest import ARGS
from tests.browser.second_host import SecondHost, second_host
from tests.certificates import Certificate, write_certificate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

HOST = "hotline.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The hospital's."""
    return write_certificate(tmp_path_factory.mktemp("tls"), HOST)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[SecondHost]:
    """The computer on the agents' desks."""
    with second_host() as host:
        yield host


@pytest.fixture(scope="module")
def demo(elsewhere: SecondHost, certificate: Certificate) -> Iterator[Hospital]:
    """Listens on the cable's end, speaks TLS itself."""
    with running_hospital(
        HCRM_LISTEN=elsewhere.server,
        HCRM_SIP_LISTEN=elsewhere.server,
        HCRM_TLS_CERT=str(certificate.cert),
        HCRM_TLS_KEY=str(certificate.key),
        HCRM_PUBLIC_URL=f"https://{HOST}:{{http}}",
    ) as hospital:
        yield hospital


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(elsewhere: SecondHost, certificate: Certificate, tmp_path: Path) -> AsyncIterator[Browser]:
    """On the second computer; it trusts the hospital's key and no other."""
    args = (
        *ARGS,
        f"--host-resolver-rules=MAP {HOST} {elsewhere.server}",
        f"--ignore-certificate-errors-spki-list={certificate.pin}",
    )
    async with async_playwright() as playwright:
        program = elsewhere.program(tmp_path, tool("chromium"))
        browser = await playwright.chromium.launch(executable_path=program, args=args)
        yield browser
        await browser.close()


async def test_two_desks_on_another_computer_talk_with_a_patient_over_https(chromium: Browser, demo: Hospital) -> None:
    one = await ready_agent(chromium, demo, "agent1")
    assert demo.url.startswith(f"https://{HOST}:")
    cookies = await one.page.context.cookies()
    assert any(cookie["name"] == "__Host-hcrm_session" and cookie["secure"] for cookie in cookies)
    patient = await patient_calls(chromium, demo, "13800138000")
    await ask_for_a_person(patient, one)
    await one.page.wait_for_selector("#pop h2:has-text('张三丰')")
    await one.page.click("[data-do=answer]")
    await one.page.wait_for_selector("#dock[data-call=talking]")
    assert await hears(one.page, AGENT)
    assert await hears(patient.page, PATIENT)

    two = await ready_agent(chromium, demo, "agent2")
    await transfer(one, two)
    assert await hears(two.page, AGENT)
    assert await hears(patient.page, PATIENT)
    await two.page.keyboard.press("Alt+h")
    await patient.page.wait_for_selector("#handset[data-call=idle]")
    assert one.complaints == two.complaints == []
