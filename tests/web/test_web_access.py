"""Who gets in, who does not, and what a refusal leaves behind."""

import re

import pytest

from tests.web.house import KEY, House
from web.cookies import SESSION

pytestmark = pytest.mark.web


async def test_a_stranger_gets_the_login_form_instead_of_a_page_and_it_is_noted(house: House) -> None:
    async with house.nobody() as stranger:
        status, text = await stranger.get("/patients/1")
        assert status == 401
        assert 'action="/login"' in text
        assert 'name="next" value="/patients/1"' in text
    assert await house.refusals() == [("127.0.0.1", "not logged in", 1)]
    assert await house.audit() == []


async def test_a_right_password_opens_the_page_that_was_asked_for(house: House) -> None:
    await house.user("agent1", "agent", desk=True)
    async with house.nobody() as browser:
        form = {"login": "agent1", "password": KEY, "next": "/patients"}
        async with browser.http.post(house.base + "/login", data=form, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert (answer.status, answer.headers["Location"]) == (303, "/patients")
        assert SESSION in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert (await browser.get("/patients"))[0] == 200


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_logging_in_never_leads_to_another_site(house: House, place: str) -> None:
    await house.user("agent1", "agent")
    async with house.nobody() as browser:
        form = {"login": "agent1", "password": KEY, "next": place}
        async with browser.http.post(house.base + "/login", data=form, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/"


async def test_a_wrong_password_is_not_told_apart_from_a_wrong_name(house: House) -> None:
    await house.user("agent1", "agent")
    said = []
    for login in ("agent1", "nobody"):
        async with house.nobody() as browser:
            status, text = await browser.post("/login", {"login": login, "password": "wrong"})
            assert status == 401
            said += re.findall(r"data-problem>([^<]+)<", text)
    assert said[0] == said[1] == "User name or password is wrong."


async def test_who_guesses_waits_in_the_same_words_whether_the_login_exists_or_not(house: House) -> None:
    await house.user("agent1", "agent")
    said = {}
    for login in ("agent1", "nobody"):
        async with house.nobody() as browser:
            for _ in range(5):
                assert (await browser.post("/login", {"login": login, "password": "wrong"}))[0] == 401
            form = {"login": login, "password": KEY}
            async with browser.http.post(house.base + "/login", data=form) as answer:
                words = re.findall(r"data-problem>([^<]+)<", await answer.text())
                said[login] = (answer.status, answer.headers["Retry-After"], words)
    assert said["agent1"] == said["nobody"] == (429, "60", ["Too many tries. Please wait a minute and try again."])


async def test_a_role_without_the_right_is_refused_and_it_is_noted(house: House) -> None:
    async with await house.browser("auditor") as auditor:
        status, text = await auditor.get("/patients")
        assert status == 403
        assert "Your role does not allow this." in text
    assert ("auditor", "GET /patients", "forbidden") in await house.audit()


async def test_a_form_from_another_site_changes_nothing(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        agent.csrf = "guessed"
        status, _ = await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        assert status == 403
    async with house.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM appointment") == 0
    assert ("agent1", "POST /appointments", "forged") in await house.audit()


async def test_a_login_posted_by_another_site_is_refused(house: House) -> None:
    await house.user("agent1", "agent")
    async with house.nobody() as browser:
        form = {"login": "agent1", "password": KEY}
        status, _ = await browser.post("/login", form, Origin="https://evil.example")
        assert status == 403
        status, _ = await browser.post("/login", form, **{"Sec-Fetch-Site": "cross-site"})
        assert status == 403


async def test_after_logging_out_the_old_cookie_opens_nothing(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        cookie = next(cookie.value for cookie in agent.http.cookie_jar if cookie.key == SESSION)
        assert (await agent.post("/logout"))[0] == 303
    async with house.nobody() as thief:
        status, _ = await thief.get("/patients", Cookie=f"{SESSION}={cookie}")
        assert status == 401


async def test_a_closed_account_is_out_at_once(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent, await house.browser("admin") as admin:
        user_id = house.users["agent1"].id
        assert (await admin.post(f"/users/{user_id}/active", {"active": "no"}))[0] == 200
        assert (await agent.get("/patients"))[0] == 401


async def test_pages_allow_no_foreign_script_and_no_frame(house: House) -> None:
    async with house.nobody() as browser, browser.http.get(house.base + "/login") as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self';" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=|https?://(?!www\.w3\.org)", text)


async def test_static_files_are_kept_for_ever_under_names_that_change(house: House) -> None:
    async with house.nobody() as browser:
        _, text = await browser.get("/login")
        urls = re.findall(r'(?:src|href)="(/static/[^"#]+)"', text)
        assert urls
        for url in urls:
            async with browser.http.get(house.base + url) as answer:
                assert answer.status == 200
                assert "immutable" in answer.headers["Cache-Control"]
        assert (await browser.get("/static/../deps.py"))[0] == 404
        assert (await browser.get("/static/manifest.txt"))[0] == 404


async def test_one_desk_gets_only_its_own_telephone(house: House) -> None:
    async with (
        await house.browser("agent1", "agent", desk=True) as one,
        await house.browser("agent2", "agent") as other,
    ):
        assert '"user": "desk-01"' in (await one.get("/desk/line"))[1]
        assert (await other.get("/desk/line"))[0] == 404
    assert ("agent1", "take line", "done") in await house.audit()


async def test_without_the_demo_there_is_no_handset(database_url: str, house: House) -> None:
    async with house.nobody() as patient:
        assert (await patient.get("/demo"))[0] == 200
    object.__setattr__(house.deps, "handset", None)
    async with house.nobody() as patient:
        assert (await patient.get("/demo"))[0] == 404


async def test_a_first_password_is_shown_once_and_must_be_changed_before_anything_else(house: House) -> None:
    await house.user("agent1", "agent")
    async with await house.browser("admin") as admin:
        _, text = await admin.post(f"/users/{house.users['agent1'].id}/password")
        found = re.search(r'user-select-all fs-3">([^<]+)<', text)
        assert found is not None
        _, text = await admin.get("/users")
        assert found[1] not in text
    async with house.nobody() as agent:
        assert (await agent.post("/login", {"login": "agent1", "password": found[1]}))[0] == 303
        async with agent.http.get(house.base + "/patients", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/account/password")
        async with agent.http.get(house.base + "/sms/unread", headers={"HX-Request": "true"}) as answer:
            assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/account/password")
        assert (await agent.get("/api/v1/patients?q=x"))[0] == 403
        agent.csrf = csrf_of((await agent.get("/account/password"))[1])
        form = {"old": found[1], "new": "moon tractor violet", "again": "moon tractor violett"}
        assert (await agent.post("/account/password", form))[0] == 422
        assert (await agent.post("/account/password", {**form, "again": form["new"]}))[0] == 303
        assert (await agent.get("/patients"))[0] == 200


def csrf_of(text: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', text)
    assert found is not None
    return found[1]
