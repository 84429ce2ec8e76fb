"""One's own account, other people's accounts, other systems' keys, and how fast one may ask."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pyotp
import pytest

from crm_core.calls import agents
from crm_core.users.throttle import KNOCKS, STRANGER
from tests.web.api_client import client
from tests.web.house import KEY, MORNING, Browser, House
from web import cookies
from web.security import BACKGROUND_HEADER

pytestmark = pytest.mark.web


def said(text: str) -> list[str]:
    return re.findall(r"data-problem>([^<]+)<", text)


def set_house(house: House, **changes: Any) -> None:
    object.__setattr__(house.deps, "settings", replace(house.deps.settings, **changes))


def require_second_factor(house: House, *roles: str) -> None:
    set_house(house, second_factor_for=frozenset(roles))


async def set_up_factor(house: House, person: Browser) -> tuple[str, list[str]]:
    """As the pages lead through it: the secret, the recovery codes."""
    status, _ = await person.post("/account/second-factor", {"password": KEY})
    assert status == 303
    _, text = await person.get("/account/second-factor")
    (secret,) = re.findall(r"<code[^>]*>([A-Z2-7]{32})</code>", text)
    assert "<svg" in text
    code = pyotp.TOTP(secret).at(house.db.clock())
    status, text = await person.post("/account/second-factor/confirm", {"code": code})
    assert status == 200
    return secret, re.findall(r'<code class="user-select-all fs-3">([^<]+)</code>', text)


async def test_an_administrator_sets_up_a_second_factor_before_anything_else(house: House) -> None:
    async with await house.browser("admin") as admin:
        require_second_factor(house, "admin", "auditor")
        async with admin.http.get(house.base + "/users", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/account/second-factor")
        status, text = await admin.post("/account/second-factor", {"password": "wrong"})
        assert (status, "This is not your present password." in text) == (422, True)
        _secret, codes = await set_up_factor(house, admin)
        assert len(codes) == 10
        assert (await admin.get("/users"))[0] == 200
        assert (await admin.get("/account"))[0] == 200
    async with house.nobody() as later:
        status, text = await later.post("/login", {"login": "admin", "password": KEY, "next": "/users"})
        assert (status, 'action="/login/code"' in text, 'value="/users"' in text) == (200, True, True)
        assert (await later.get("/users"))[0] == 401
        status, text = await later.post("/login/code", {"code": "000000"})
        assert (status, len(said(text))) == (401, 1)
        form = {"code": codes[0], "next": "/users"}
        async with later.http.post(house.base + "/login/code", data=form, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/users")
        assert (await later.get("/users"))[0] == 200


async def test_a_code_without_a_password_before_leads_back_to_the_password(house: House) -> None:
    async with house.nobody() as stranger:
        status, text = await stranger.post("/login/code", {"code": "000000"})
        assert (status, 'action="/login"' in text) == (401, True)


async def test_a_second_factor_may_be_removed_where_the_role_does_not_need_it(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        await set_up_factor(house, agent)
        status, text = await agent.post("/account/second-factor/codes", {"password": KEY})
        assert (status, len(re.findall("<code", text))) == (200, 10)
        require_second_factor(house, "agent")
        assert (await agent.post("/account/second-factor/remove", {"password": KEY}))[0] == 409
        require_second_factor(house)
        assert (await agent.post("/account/second-factor/remove", {"password": "wrong"}))[0] == 422
        assert (await agent.post("/account/second-factor/remove", {"password": KEY}))[0] == 303
        assert "Not set up" in (await agent.get("/account"))[1]


async def test_people_end_their_other_browsers_and_administrators_anybodys(house: House) -> None:
    async with (
        await house.browser("agent1", "agent") as here,
        await house.browser("agent1") as there,
        await house.browser("admin") as admin,
    ):
        _, text = await here.get("/account")
        assert len(re.findall("data-session=", text)) == 2
        assert text.count("this browser") == 1
        assert (await here.post("/account/sessions/end"))[0] == 303
        assert ((await there.get("/patients"))[0], (await here.get("/patients"))[0]) == (401, 200)
        user = f"/users/{house.users['agent1'].id}"
        (session,) = re.findall(r'data-session="(\d+)"', (await admin.get(user))[1])
        assert (await here.post(f"/account/sessions/{int(session) + 99}/end"))[0] == 404
        assert (await admin.post(f"{user}/sessions/{session}/end"))[0] == 200
        assert (await here.get("/patients"))[0] == 401
    assert ("admin", "end session", "done") in await house.audit()


async def test_logging_out_asks_the_browser_to_forget(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        headers = {"X-CSRF-Token": agent.csrf}
        async with agent.http.post(house.base + "/logout", headers=headers, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Clear-Site-Data"]) == (303, '"cache", "storage"')


async def test_an_open_page_alone_does_not_keep_an_unattended_browser_logged_in(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        now = MORNING
        house.db.clock = lambda: now
        for minutes in range(0, 125, 5):
            now = MORNING + timedelta(minutes=minutes)
            status, _ = await agent.get("/sms/unread", **{BACKGROUND_HEADER: "1"})
            async with agent.http.get(house.base + "/live") as stream:
                assert (minutes, status, stream.status) == (minutes, *((200, 200) if minutes < 120 else (401, 401)))


async def test_an_agent_who_waits_for_calls_stays_logged_in_and_on_a_break_no_longer(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        user = house.users["agent1"]
        await agents.set_lines(house.db, {"desk-01": True})
        await agents.set_state(house.db, user.actor, user.id, "available")
        now = MORNING
        house.db.clock = lambda: now
        for minutes in range(0, 185, 5):
            now = MORNING + timedelta(minutes=minutes)
            assert (minutes, (await agent.get("/sms/unread", **{BACKGROUND_HEADER: "1"}))[0]) == (minutes, 200)
        await agents.set_state(house.db, user.actor, user.id, "break")
        now += timedelta(minutes=121)
        assert (await agent.get("/sms/unread", **{BACKGROUND_HEADER: "1"}))[0] == 401


async def test_what_cannot_be_done_to_an_account_is_said_and_nothing_is_changed(house: House) -> None:
    async with await house.browser("admin") as admin:
        user = f"/users/{house.users['admin'].id}"
        last = ["This is the last administrator. Make another one first."]
        version = str(house.users["admin"].version)
        role = {"name": "x", "role": "agent", "version": version}
        for path, form in ((f"{user}/active", {"active": "no"}), (user, role)):
            status, text = await admin.post(path, form)
            assert (status, said(text)) == (422, last)
        async with house.db.connection() as conn:
            await conn.execute(
                "INSERT INTO app_user (login, name, role, password_hash, desk) "
                "SELECT d, d, 'agent', 'x', d FROM (SELECT 'desk-' || lpad(n::text, 2, '0') d "
                "FROM generate_series(1, 40) n) desks"
            )
        form = {"login": "agent99", "name": "x", "role": "agent", "desk": "yes"}
        status, text = await admin.post("/users", form)
        assert (status, said(text)) == (422, ["All desks are taken."])
        assert "agent99" not in (await admin.get("/users"))[1]
        status, text = await admin.post("/users", {**form, "desk": ""})
        assert (status, "the first password is shown only now" in text) == (200, True)


async def test_an_administrator_takes_a_lost_second_factor_away(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent, await house.browser("admin") as admin:
        await set_up_factor(house, agent)
        user = f"/users/{house.users['agent1'].id}"
        assert f"{user}/second-factor" in (await admin.get(user))[1]
        assert (await admin.post(f"{user}/second-factor"))[0] == 200
        assert f"{user}/second-factor" not in (await admin.get(user))[1]
    assert ("admin", "reset second factor", "done") in await house.audit()


async def test_a_token_is_shown_once_may_little_and_is_taken_back(house: House) -> None:
    async with await house.browser("admin") as admin:
        form = {"name": "kiosk", "days": "30", "right": "see messages"}
        _, text = await admin.post("/tokens", form)
        (token,) = re.findall(r"<code[^>]*>(hcrm_[^<]+)</code>", text)
        assert token not in (await admin.get("/tokens"))[1]
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(house.base, headers=headers) as http:
            statuses = [(await http.get(path)).status for path in ("/api/v1/sms", "/api/v1/patients?q=x")]
            assert statuses == [200, 403]
            (revoke,) = re.findall(r'hx-post="(/tokens/\d+/revoke)"', text)
            assert (await admin.post(revoke))[0] == 200
            assert (await http.get("/api/v1/sms")).status == 401
        status, text = await admin.post("/tokens", {**form, "days": "0"})
        assert (status, len(said(text))) == (422, 1)


async def test_a_thousand_requests_of_nobody_are_two_rows_and_no_audit(house: House) -> None:
    async with house.nobody() as stranger:
        statuses = [(await stranger.get("/patients"))[0] for _ in range(STRANGER.burst + 50)]
        assert (statuses.count(401), statuses.count(429)) == (STRANGER.burst, 50)
        async with stranger.http.get(house.base + "/api/v1/patients?q=x") as answer:
            problem = await answer.json(content_type="application/problem+json")
            assert (answer.status, problem["code"], answer.headers["Retry-After"]) == (429, "too_many_requests", "1")
        assert (await stranger.get("/static/none"))[0] == 404
    assert await house.refusals() == [
        ("127.0.0.1", "not logged in", STRANGER.burst),
        ("127.0.0.1", "too many requests", 1),
    ]
    assert await house.audit() == []
    house.db.clock = lambda: MORNING + timedelta(minutes=1)
    async with await house.browser("auditor") as auditor:
        _, text = await auditor.get("/audit/refusals")
        assert re.search(rf'<td class="num text-end"[^>]*><div>{STRANGER.burst}</div></td>', text)


async def test_a_flood_of_logins_is_stopped_before_it_takes_the_databases_time(house: House) -> None:
    async with house.nobody() as stranger:
        answers = [
            await stranger.post("/login", {"login": f"a{number}", "password": "x"})
            for number in range(KNOCKS.burst + 1)
        ]
    assert [status for status, _ in answers] == [401] * KNOCKS.burst + [429]
    assert "Too many requests." in answers[-1][1]
    assert await house.refusals() == [("127.0.0.1", "too many requests", 1)]


async def test_a_flood_from_one_address_behind_our_proxy_stops_nobody_else(house: House) -> None:
    set_house(house, trusted_proxies=("127.0.0.1",))
    async with house.nobody() as stranger:
        flood = {"X-Forwarded-For": "203.0.113.9"}
        for _ in range(STRANGER.burst + 1):
            status, _text = await stranger.get("/login", **flood)
        assert status == 429
        assert (await stranger.get("/login", **{"X-Forwarded-For": "10.0.0.7"}))[0] == 200
    async with client(house) as program:
        assert (await program.get("/patients", q="x"))[0] == 200


async def test_a_stolen_half_session_is_no_session(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        await set_up_factor(house, agent)
    async with house.nobody() as thief:
        await thief.post("/login", {"login": "agent1", "password": KEY})
        (half,) = [cookie.value for cookie in thief.http.cookie_jar if cookie.key == cookies.SESSION]
        for path in ("/patients", "/account", "/account/second-factor", "/live"):
            assert (path, (await thief.get(path, Cookie=f"{cookies.SESSION}={half}"))[0]) == (path, 401)
