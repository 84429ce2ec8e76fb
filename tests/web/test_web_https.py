"""The hospital behind https: cookies, headers, clear text, and telephones through our own origin."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from crm_core.kernel.actor import SYSTEM
from crm_core.users import service as users
from tests.web.house import KEY, SETTINGS, Browser, House, open_house
from web import telephone

pytestmark = pytest.mark.web

PUBLIC = "https://hotline.test"
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
async def asterisk() -> AsyncIterator[str]:
    """The other end of the telephones' WebSocket, as far as bytes go: it says back what it hears."""

    async def listen(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            if message.data == "BYE":
                break
            await socket.send_str(f"{socket.ws_protocol}: {message.data}")
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/ws", listen)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    await runner.cleanup()


@pytest.fixture
async def secure(database_url: str, tmp_path: Path, asterisk: str) -> AsyncIterator[House]:
    """A hospital that people reach by https through a proxy on this machine."""
    settings = replace(SETTINGS, public_url=PUBLIC, trusted_proxies=("127.0.0.1",), asterisk_ws_url=asterisk)
    async with open_house(database_url, tmp_path, settings=settings) as house:
        yield house


async def agent(house: House) -> Browser:
    """Logged in through the proxy; the jar would hold a secure cookie back, so it is sent by hand."""
    await house.user("agent1", "agent", desk=True)
    browser = house.nobody()
    form = {"login": "agent1", "password": KEY}
    headers = {**PROXIED, "Origin": PUBLIC}
    async with browser.http.post(house.base + "/login", data=form, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hcrm_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    browser.http.headers.update({**PROXIED, "Cookie": cookie.split(";")[0]})
    return browser


async def test_over_https_the_cookie_is_secure_and_the_browser_never_comes_back_without(secure: House) -> None:
    async with await agent(secure) as browser, browser.http.get(secure.base + "/desk") as answer:
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert "connect-src 'self' wss://hotline.test" in answer.headers["Content-Security-Policy"]


async def test_a_page_asked_for_in_clear_text_is_sent_to_https_and_a_token_is_refused(secure: House) -> None:
    plain = {"X-Forwarded-Proto": "http"}
    async with secure.nobody() as browser:
        async with browser.http.get(secure.base + "/login?a=1", headers=plain, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (308, f"{PUBLIC}/login?a=1")
        async with browser.http.post(secure.base + "/login", data={}, headers=plain) as answer:
            assert answer.status == 403
        async with browser.http.get(secure.base + "/api/v1/status", headers=plain) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "clear_text")


async def test_a_program_on_this_machine_needs_no_https(secure: House) -> None:
    async with secure.nobody() as browser:
        assert (await browser.get("/api/v1/status"))[0] == 200


async def test_without_https_nothing_promises_it(house: House) -> None:
    async with house.nobody() as browser, browser.http.get(house.base + "/login") as answer:
        assert "Strict-Transport-Security" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_json_about_patients_is_kept_by_nobody(house: House) -> None:
    async with await house.browser("agent1", "agent") as browser:
        await house.patient()
        async with browser.http.get(house.base + "/api/v1/patients") as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_desk_reaches_asterisk_through_our_own_origin(secure: House) -> None:
    async with await agent(secure) as browser:
        where = secure.base + telephone.PATH
        async with browser.http.ws_connect(where, protocols=("sip",), headers={"Origin": PUBLIC}) as line:
            await line.send_str("REGISTER")
            assert await line.receive_str(timeout=60) == "sip: REGISTER"
            await line.send_str("BYE")
            assert (await line.receive(timeout=60)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_a_stranger_and_a_page_of_another_site_get_no_telephone(secure: House) -> None:
    async with secure.nobody() as stranger:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stranger.http.ws_connect(secure.base + telephone.PATH, headers=PROXIED)
        assert refused.value.status == 401
    async with await agent(secure) as browser:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.http.ws_connect(secure.base + telephone.PATH, headers={"Origin": "https://evil.test"})
        assert refused.value.status == 403


async def test_a_telephone_ends_with_the_session(secure: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephone, "LOOK_EVERY_S", 0.05)
    async with (
        await agent(secure) as browser,
        browser.http.ws_connect(secure.base + telephone.PATH, headers={"Origin": PUBLIC}) as line,
    ):
        await line.send_str("REGISTER")
        await line.receive_str(timeout=60)
        await users.set_active(secure.db, SYSTEM, secure.users["agent1"].id, False)
        assert (await line.receive(timeout=60)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_when_asterisk_is_away_the_telephone_is_told_at_once(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as browser:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.http.ws_connect(house.base + telephone.PATH)
        assert refused.value.status == 503


async def test_a_server_that_ends_lets_go_of_the_telephones(database_url: str, tmp_path: Path, asterisk: str) -> None:
    async with open_house(database_url, tmp_path, settings=replace(SETTINGS, asterisk_ws_url=asterisk)) as house:
        browser = await house.browser("agent1", "agent", desk=True)
        line = await browser.http.ws_connect(house.base + telephone.PATH)
        await line.send_str("REGISTER")
        await line.receive_str(timeout=60)
    async with browser:
        assert (await line.receive(timeout=60)).data == aiohttp.WSCloseCode.GOING_AWAY
