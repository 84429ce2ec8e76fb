"""Forms: what was typed stays, what is wrong is said beside its field, and nobody is registered twice by mistake."""

import re
from html import unescape

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.users import service as users
from tests.web.house import KEY, Browser, House

pytestmark = pytest.mark.web


def problem_of(text: str, field: str) -> str:
    """What is said beside a field."""
    found = re.search(rf'<div id="{field}-problem"[^>]*>([^<]*)</div>', text)
    assert found is not None, field
    return unescape(found[1])


def is_marked(text: str, field: str) -> tuple[bool, bool, bool]:
    """Whether a field is said to be wrong, is described by what is said, and has the focus."""
    control = re.search(rf'<(?:input|textarea|select)[^>]*id="{field}"[^>]*>', text)
    assert control is not None, field
    described = re.search(rf'aria-describedby="[^"]*{field}-problem"', control[0]) is not None
    return 'aria-invalid="true"' in control[0], described, "autofocus" in control[0]


async def test_a_registration_names_every_mistake_beside_its_field_and_keeps_what_was_typed(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        typed = {"name": "", "phones": "13800138000\n12", "birth_date": "1890-13-01", "region": "广州"}
        status, text = await agent.post("/patients", typed)
    assert status == 422
    assert problem_of(text, "f-name") == "Please fill this in."
    assert problem_of(text, "f-phones") == "12 is not a telephone number. Example: 13800138000"
    assert problem_of(text, "f-birth_date") == "Please give a day that has been, like 1980-03-31."
    assert problem_of(text, "f-region") == ""
    assert is_marked(text, "f-name") == (True, True, True)
    assert is_marked(text, "f-phones") == (True, True, False)
    assert is_marked(text, "f-region") == (False, True, False)
    assert all(word in text for word in ("13800138000\n12", 'value="1890-13-01"', 'value="广州"'))


async def test_nobody_is_born_tomorrow(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        status, text = await agent.post("/patients", {"name": "王小明", "birth_date": "2090-01-01"})
    assert (status, problem_of(text, "f-birth_date")) == (422, "Please give a day that has been, like 1980-03-31.")


async def test_who_is_on_file_is_shown_before_they_are_registered_again(house: House) -> None:
    known = await house.patient()
    typed = {"name": "张三丰", "phones": "138 0013 8000", "region": "广州"}
    async with await house.browser("agent1", "agent") as agent:
        status, text = await agent.post("/patients", typed)
        assert (status, f'href="/patients/{known.id}"' in text, 'value="广州"' in text) == (409, True, True)
        assert (await agent.post("/patients", typed | {"name": "张小宝"}))[0] == 200  # family shares telephones
        assert (await agent.post("/patients", typed | {"anyway": "yes"}))[0] == 200
    async with house.db.connection() as conn:
        rows = await conn.fetch("SELECT name FROM patient ORDER BY id")
        looks = await conn.fetch("SELECT detail FROM audit WHERE actor = 'agent1' AND action = 'list patients'")
    assert [row["name"] for row in rows] == ["张三丰", "张小宝", "张三丰"]
    assert [one["detail"]["patient_ids"] for one in looks] == [[known.id]]


async def test_a_new_account_that_is_not_taken_keeps_what_was_typed(house: House) -> None:
    async with await house.browser("admin") as admin:
        typed = {"login": "Agent 9!", "name": "陈静", "role": "nurse", "desk": "yes"}
        status, text = await admin.post("/users", typed)
        assert (status, 'value="陈静"' in text, 'value="Agent 9!"' in text) == (422, True, True)
        assert problem_of(text, "u-login").startswith("2 to 40 small letters")
        assert re.search(r'value="nurse" selected', text)
        status, text = await admin.post("/users", typed | {"login": "admin"})
        assert (status, "Somebody already has this user name." in text) == (422, True)


async def account(admin: Browser, user_id: int) -> dict[str, str]:
    """The form of an account."""
    _, text = await admin.get(f"/users/{user_id}")
    version = re.search(r'name="version" value="(\d+)"', text)
    assert version is not None
    return {"name": "Agent1", "role": "agent", "version": version[1]}


async def test_of_two_who_change_an_account_the_slower_sees_what_counts_now(house: House) -> None:
    agent = await house.user("agent1", "agent")
    async with await house.browser("admin") as admin:
        form = await account(admin, agent.id)
        await users.change_role(house.db, SYSTEM, agent.id, name="陈静", role="nurse")
        status, text = await admin.post(f"/users/{agent.id}", form | {"name": "李静"})
        assert (status, "nothing was saved yet" in text, 'value="李静"' in text) == (409, True, True)
        assert 'data-take="name" data-value="陈静"' in text
        assert (await users.get(house.db, SYSTEM, agent.id)).name == "陈静"
        again = {**form, "name": "李静", "version": (await account(admin, agent.id))["version"]}
        assert (await admin.post(f"/users/{agent.id}", again))[0] == 200
    assert (await users.get(house.db, SYSTEM, agent.id)).name == "李静"


async def test_a_desk_is_taken_back_and_free_for_somebody_else(house: House) -> None:
    agent, other = await house.user("agent1", "agent", desk=True), await house.user("agent2", "agent")
    async with await house.browser("admin") as admin:
        _, text = await admin.get(f"/users/{agent.id}")
        assert "Take desk 01 back from Agent1?" in text
        assert "Close the account of Agent1 (agent1)?" in text
        assert (await admin.post(f"/users/{agent.id}/desk/take"))[0] == 200
        assert (await users.get(house.db, SYSTEM, agent.id)).desk is None
        assert (await admin.post(f"/users/{other.id}/desk"))[0] == 200
    assert (await users.get(house.db, SYSTEM, other.id)).desk == "desk-01"
    assert ("admin", "take desk", "done") in await house.audit()


async def test_a_password_form_says_which_of_the_three_is_wrong_and_shows_none(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        new = "correct horse battery"
        for typed, field in (
            ({"old": "not mine", "new": new, "again": new}, "p-old"),
            ({"old": KEY, "new": "1234567890", "again": "1234567890"}, "p-new"),
            ({"old": KEY, "new": new, "again": new + "x"}, "p-again"),
        ):
            status, text = await agent.post("/account/password", typed)
            assert (field, status, is_marked(text, field)) == (field, 422, (True, True, True))
            assert problem_of(text, field)
            assert not any(secret in text for secret in (*typed.values(), KEY))


async def test_a_token_form_names_the_days_and_keeps_the_rights_that_were_ticked(house: House) -> None:
    async with await house.browser("admin") as admin:
        typed = {"name": "his", "days": "99999", "right": "see calls"}
        status, text = await admin.post("/tokens", typed)
        assert (status, problem_of(text, "t-days")) == (422, "At most 3650.")
        assert re.search(r'value="see calls" checked', text)
        status, text = await admin.post("/tokens", typed | {"days": "30"})
        assert (status, "hcrm_" in text) == (200, True)
