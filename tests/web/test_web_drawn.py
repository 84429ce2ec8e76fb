"""What is drawn: for each role, every page and part it may open, with nothing on it that the role may not see or do."""

import re

import pytest

from crm_core.kernel.actor import Role
from crm_core.users.rights import RIGHTS, Right
from tests.web.furnished import GETS, filled, furnish
from tests.web.house import House
from web import routes
from web.access import Access, Open, Route

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

DRAWN = {  # words that stand in the furnished hospital once, and who may read them
    "慕容紫英": {
        Right.SEE_PATIENTS,
        Right.SEE_CALLS,
        Right.SEE_SMS,
        Right.DO_TASKS,
        Right.SEE_CONSULTATIONS,
        Right.SEE_AUDIT,  # who looked at whom, by name
    },
    "高血压三级": {Right.SEE_PATIENTS},
    "短信里的秘密": {Right.SEE_SMS},
    "咨询里的秘密": {Right.SEE_CONSULTATIONS, Right.SEE_PATIENTS},  # the timeline of a patient has their words
    "通话里的秘密": {Right.SEE_CALLS, Right.TAKE_CALLS},
}
ROLES = [role for role in Role if role is not Role.API]
AT_PAGE = re.compile(r'\b(href|hx-get|hx-post|action)="(/[^"#]*)"')


def allows(role: Role, access: Access) -> bool:
    """As the middleware decides for somebody who is logged in."""
    return isinstance(access, Open) or access in RIGHTS[role]


def leads_to(method: str, path: str) -> Route | None:
    """The row of the table that answers an address."""
    for route in routes.PAGES:
        pattern = re.sub(r"\{\w+:([^}]*)\}", r"\1", re.sub(r"\{\w+\}", "[^/]+", route.path))
        if route.method == method and re.fullmatch(pattern, path.partition("?")[0]):
            return route
    return None


@pytest.mark.parametrize("role", ROLES)
async def test_nothing_is_drawn_that_the_role_may_not_see_or_do(house: House, role: Role) -> None:
    ids = await furnish(house)
    faults: list[tuple[str, str]] = []
    opened = 0
    async with await house.browser(role.value, role.value, desk=role in (Role.AGENT, Role.NURSE)) as somebody:
        for route in GETS:
            if not allows(role, route.access):
                continue
            status, text = await somebody.get(filled(route, ids))
            assert status in (200, 303, 403, 404), (route.path, status)  # 403: another agent's call
            opened += status == 200
            faults += [
                (route.path, word) for word, rights in DRAWN.items() if word in text and not rights & RIGHTS[role]
            ]
            for attribute, path in AT_PAGE.findall(text):
                method = "POST" if attribute in ("hx-post", "action") else "GET"
                target = leads_to(method, path)
                if target is not None and not allows(role, target.access):
                    faults.append((route.path, f"{method} {path}"))
    assert sorted(set(faults)) == []
    assert opened


async def test_the_words_are_really_there_for_who_may_read_them(house: House) -> None:
    ids = await furnish(house)
    seen: set[str] = set()
    async with await house.browser("admin", "admin", desk=True) as admin:
        for route in GETS:
            _status, text = await admin.get(filled(route, ids))
            seen |= {word for word in DRAWN if word in text}
    assert seen == set(DRAWN)
