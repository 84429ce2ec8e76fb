"""Texts on pages and in the API: every role sees what it may read, whatever it asks for."""

import re
from datetime import timedelta

import pytest

from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.ids import Msisdn, PatientId, SmsId
from crm_core.users.rights import Right, allows
from sms import inbound, store
from sms import service as sms
from tests.web.api_client import client
from tests.web.house import MORNING, ZHANG, ZONE, House
from web import routes
from web.access import Route

pytestmark = pytest.mark.web
SECRET, NAME = "我的检查结果出来了吗", "张三丰"
LOOKS = """
    SELECT action, subject, subject_id, detail -> 'patient_ids' FROM audit WHERE actor_kind = 'token' ORDER BY id
"""
OFFER = "【医院】体检优惠，拒收请回复R"
FORM = {"to": "13800138000", "text": OFFER}


async def texted(house: House) -> int:
    """A patient wrote something nobody but the desk may read."""
    patient = await house.patient(NAME)
    await consent.record(house.db, SYSTEM, ZHANG, purpose="marketing", channel="sms", choice="opt_in", source="staff")
    async with house.db.transaction(SYSTEM) as tx:
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


async def queued(house: House, state: str = "unknown", *, to: Msisdn = ZHANG) -> SmsId:
    """A text of ours in a state."""
    sms_id = await sms.queue(house.db, SYSTEM, to=to, text="您好", purpose="care", zone=ZONE)
    async with house.db.connection() as conn:
        await conn.execute("UPDATE sms SET state = $2 WHERE id = $1", sms_id, state)
    return sms_id


async def thread_path(house: House, sms_id: int) -> str:
    async with house.db.connection() as conn:
        found = await store.get(conn, SmsId(sms_id))
    assert found is not None
    return f"/sms/threads/{found.thread_id}"


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


async def test_a_text_in_doubt_has_the_buttons_that_decide_and_each_is_pressed_once(house: House) -> None:
    sms_id = await queued(house)
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.get(f"/sms/{sms_id}")
        assert ("Send again" in text, "It arrived, close" in text, "Take back" in text) == (True, True, False)
        status, text = await nurse.post(f"/sms/{sms_id}/arrived")
        assert (status, "Delivered" in text) == (200, True)
        assert "It arrived, close" not in text
        assert "Send again" not in text
        status, text = await nurse.post(f"/sms/{sms_id}/resend")
        assert (status, "Somebody else changed this" in text) == (422, True)
    assert ("nurse", "sms arrived", "done") in await house.audit()


async def test_what_failed_is_sent_again_and_what_waits_is_taken_back(house: House) -> None:
    sms_id = await queued(house, "failed")
    async with await house.browser("agent") as agent:
        status, text = await agent.post(f"/sms/{sms_id}/resend")
        assert (status, "Waiting to be sent" in text, "Take back" in text) == (200, True, True)
        status, text = await agent.post(f"/sms/{sms_id + 1}/withdraw")
        assert (status, "Somebody took it back." in text) == (200, True)


async def test_a_task_about_a_text_leads_to_its_conversation(house: House) -> None:
    sms_id = await texted(house)
    async with await house.browser("nurse") as nurse:
        status, by_text = await nurse.get(f"/sms/{sms_id}")
        assert (status, SECRET in by_text) == (200, True)
        status, by_thread = await nurse.get(await thread_path(house, sms_id))
        assert (status, SECRET in by_thread) == (200, True)
        assert (await nurse.get("/sms/999"))[0] == 404
        assert (await nurse.get("/sms/threads/999"))[0] == 404


async def test_a_conversation_is_searched_without_a_name_in_an_address(house: House) -> None:
    await texted(house)
    await queued(house, to=Msisdn("+8613911112222"))
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.post("/sms/search", {"q": "zsf"})
        assert (NAME in text, "139 1111 2222" in text) == (True, False)
        _status, text = await nurse.post("/sms/search", {"q": "2222"})
        assert (NAME in text, "139 1111 2222" in text) == (False, True)
        _status, text = await nurse.post("/sms/search", {"q": "", "filter": "unread"})
        assert (NAME in text, "139 1111 2222" in text) == (True, False)
        assert "No conversation." in (await nurse.post("/sms/search", {"q": "nobody"}))[1]


async def test_the_list_turns_its_pages_by_a_cursor_that_tells_nothing(house: House) -> None:
    for n in range(60):
        await queued(house, to=Msisdn(f"+861391111{n:04d}"))
    async with await house.browser("nurse") as nurse:
        _status, first = await nurse.get("/sms")
        cursor = re.search(r'{"after": "([^"]+)"}', first)
        assert cursor is not None
        _status, second = await nurse.post("/sms/search", {"after": cursor[1]})
        assert (threads_in(first), threads_in(second)) == (50, 10)
        assert "Show more" not in second
        for wrong in ("x", "!!", "WzEsMl0", cursor[1] * 9):
            assert (await nurse.post("/sms/search", {"after": wrong}))[0] == 422


def threads_in(text: str) -> int:
    return len(set(re.findall(r'href="/sms/threads/(\d+)\?', text)))


async def test_older_texts_come_when_asked_for(house: House) -> None:
    ids = [await queued(house, "delivered") for _ in range(60)]
    path = await thread_path(house, ids[0])
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.get(path)
        assert (f'id="sms-{ids[10]}"' in text, f'id="sms-{ids[9]}"' in text) == (True, False)
        _status, text = await nurse.get(f"{path}/messages?before={ids[10]}")
        assert (f'id="sms-{ids[9]}"' in text, f'id="sms-{ids[0]}"' in text) == (True, True)
        assert "Show older" not in text


async def test_a_text_nobody_can_read_is_shown_as_such(house: House) -> None:
    sms_id = await inbound.keep_unreadable(house.db, "sim1", "07NOT A PDU")
    async with await house.browser("nurse") as nurse:
        for path in ("/sms", f"/sms/{sms_id}"):
            _status, text = await nurse.get(path)
            assert "Messages that could not be read" in text
        assert "This message could not be read." in text
        assert f"/sms/{sms_id}" in (await nurse.get("/tasks"))[1]


async def test_a_program_that_reads_texts_is_in_the_audit_under_the_patient(house: House) -> None:
    sms_id = await texted(house)
    async with client(house) as system:
        for _ in range(2):
            assert (await system.get(f"/sms/{sms_id}"))[0] == 200
        assert (await system.get("/sms", peer=ZHANG))[0] == 200
    async with house.db.connection() as conn:
        rows = await conn.fetch(LOOKS)
    thread = (await thread_path(house, sms_id)).rpartition("/")[2]
    assert [tuple(row) for row in rows] == [
        *[("read sms", "sms", str(sms_id), [1])] * 2,
        ("list sms", "sms_thread", thread, [1]),
    ]


async def test_at_night_the_writer_is_told_that_a_text_waits_for_the_morning(house: House) -> None:
    house.db.clock = lambda: MORNING + timedelta(hours=12)  # ten in the evening
    async with await house.browser("nurse") as nurse, client(house) as system:
        headers = {"X-CSRF-Token": nurse.csrf, "Origin": nurse.base}
        form = {"to": ZHANG, "text": "请来取报告", "purpose": "care"}
        async with nurse.http.post(f"{nurse.base}/sms", data=form, headers=headers) as answer:
            assert "It will be sent when it is allowed again." in answer.headers["HX-Trigger"]
        await system.post("/sms", form)
    async with house.db.connection() as conn:
        due = await conn.fetch("SELECT DISTINCT not_before FROM sms")
    assert [row["not_before"] for row in due] == [MORNING + timedelta(hours=22)]
