"""What is drawn: for each role, every page and part it may open, with nothing on it that the role may not see or do."""

import re

import pytest

from crm_core.calls import service as calls
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.ids import Linkedid, Msisdn
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from crm_core.users.rights import RIGHTS, Right
from sms import inbound, pdu
from tests.sms_deliver import deliver
from tests.web.house import MORNING, House
from web import routes
from web.access import Access, Open, Route

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

PHONE = Msisdn("+8613912345678")
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
GETS = [route for route in routes.PAGES if route.method == "GET" and route.path not in ("/live", "/ws", "/login")]


async def furnish(house: House) -> dict[str, str]:
    """One of each, about one patient; the ids to put into paths."""
    slots = await house.sessions()
    new = NewPatient(name="慕容紫英", phones=(PHONE,), diseases=("高血压三级",))
    patient = await patients.register(house.db, SYSTEM, new)
    call = await house.call("1.1", PHONE)
    await calls.set_patient(house.db, call.id, patient.id, SYSTEM)
    await calls.ended(house.db, Linkedid("1.1"), "Normal Clearing")
    await calls.set_disposition(house.db, SYSTEM, call.id, "question_answered", "通话里的秘密")
    for text in deliver("短信里的秘密", PHONE, at=MORNING, reference=1):
        read = pdu.decode(text)
        assert isinstance(read, pdu.Deliver)
        await inbound.keep(house.db, "sim1", text, read)
    await scheduling.book(house.db, SYSTEM, patient_id=patient.id, slot_id=slots[0], channel="agent")
    async with house.db.transaction(SYSTEM) as tx:
        await consultations.open_in(tx, PHONE, "phone", "咨询里的秘密", patient.id)
        await tasks.open_in(tx, "call_back", PHONE, call.ref, patient.id)
    return {"id": "1", "session": "1", "call": str(call.id)}


def filled(route: Route, ids: dict[str, str]) -> str:
    """A path that the route matches."""
    path = re.sub(r"\{(\w+):[^}]*\}", lambda match: ids[match[1]], route.path)
    return path.replace("{id}", ids["call"])


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
