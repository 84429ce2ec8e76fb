"""Texts on pages and in the API: every role sees what it may read, whatever it asks for."""

import pytest

from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.ids import PatientId
from crm_core.users.rights import Right, allows
from tests.web.api_client import client
from tests.web.house import MORNING, ZHANG, House
from web import routes
from web.access import Route

pytestmark = pytest.mark.web
SECRET, NAME = "我的检查结果出来了吗", "张三丰"
OFFER = "【医院】体检优惠，拒收请回复R"
FORM = {"to": "13800138000", "text": OFFER}


async def texted(house: House) -> int:
    """A patient wrote something nobody but the desk may read."""
    patient = await house.patient(NAME)
    async with house.db.transaction(SYSTEM) as tx:
        await consent.record_in(tx, ZHANG, purpose="marketing", channel="sms", choice="opt_in", source="staff")
        return int(
            await tx.conn.fetchval(
                "INSERT INTO sms (direction, peer, text, state, patient_id, created_by, created_at, not_before) "
                "VALUES ('in', $1, $2, 'received', $3, 'modem', $4, $4) RETURNING id",
                ZHANG,
                SECRET,
                patient.id,
                MORNING,
            )
        )


def sms_routes() -> list[Route]:
    return [row for row in routes.table(with_demo=True) if "/sms" in row.path]


def filled(path: str, sms_id: int) -> str:
    return path.replace(r"{id:\d+}", str(sms_id)).replace("{id}", str(sms_id))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.API])
async def test_no_route_shows_a_text_to_who_may_not_read_texts(house: House, role: Role) -> None:
    sms_id = await texted(house)
    may_read = allows(role, Right.SEE_SMS)
    shown = set()
    async with await house.browser(role.value) as browser:
        for row in sms_routes():
            if row.method == "GET":
                _status, text = await browser.get(filled(row.path, sms_id))
            else:
                form = FORM | {"purpose": "marketing" if role is Role.MARKETER else "care"}
                _status, text = await browser.post(filled(row.path, sms_id), form)
            if SECRET in text or NAME in text:
                shown.add(row.path)
    assert bool(shown) == may_read, shown


async def test_a_marketer_writes_without_reading(house: House) -> None:
    await texted(house)
    async with await house.browser("marketer") as marketer:
        status, text = await marketer.get("/sms/new")
        assert (status, 'name="text"' in text) == (200, True)
        assert [f'value="{purpose}"' in text for purpose in ("care", "notice", "marketing")] == [False, False, True]
        status, text = await marketer.post("/sms", FORM | {"purpose": "marketing"})
        assert (status, 'name="text"' in text, OFFER in text) == (200, True, False)
        status, text = await marketer.post("/sms", FORM | {"purpose": "care"})
        assert (status, "Choose another purpose" in text) == (422, True)
    async with house.db.connection() as conn:
        assert await conn.fetchval("SELECT array_agg(purpose) FROM sms WHERE direction = 'out'") == ["marketing"]


async def test_advertising_without_the_right_is_refused_and_not_sent_as_a_notice(house: House) -> None:
    async with await house.browser("agent") as agent:
        status, text = await agent.post("/sms", FORM | {"purpose": "marketing"})
        assert (status, "Choose another purpose" in text) == (422, True)
    async with client(house, Role.NURSE) as nurse:
        status, answer = await nurse.post("/sms", FORM | {"purpose": "marketing"})
        assert (status, answer["code"]) == (403, "purpose_forbidden")
    async with house.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM sms") == 0


async def test_a_text_for_a_patient_goes_to_their_number_or_is_refused(house: House) -> None:
    patient = await house.patient()
    text = {"text": "您好", "purpose": "care"}
    async with client(house) as system:
        assert (await system.post("/sms", text | {"to": ZHANG, "patient_id": patient.id}))[0] == 202
        status, answer = await system.post("/sms", text | {"to": "13911112222", "patient_id": patient.id})
        assert (status, answer["code"]) == (409, "not_their_number")
        for nobody in (PatientId(999), 0, 2**63):
            status, answer = await system.post("/sms", text | {"to": ZHANG, "patient_id": nobody})
            assert (status, answer["code"]) == (422, "invalid_input")
