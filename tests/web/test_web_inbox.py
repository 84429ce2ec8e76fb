"""The inbox on its page: filters in the address, who wrote, whose it is, canned answers, a recipient by name."""

import re

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn
from sms import answering, inbound, pdu
from sms import service as sms
from tests.sms_deliver import deliver
from tests.web.house import MORNING, SETTINGS, ZHANG, ZONE, House

pytestmark = pytest.mark.web
ASKED = "我上周三做的胃镜报告出了吗"


async def asks(house: House, text: str = ASKED, sender: str = ZHANG) -> str:
    """A text comes in and the machine answers; the conversation's address."""
    (hex_text,) = deliver(text, sender, at=MORNING, reference=len(text))
    read = pdu.decode(hex_text)
    assert isinstance(read, pdu.Deliver)
    sms_id = await inbound.keep(house.db, "sim1", hex_text, read)
    assert sms_id is not None
    await answering.answer(house.db, sms_id, SETTINGS.letterhead)
    async with house.db.connection() as conn:
        thread = await conn.fetchval("SELECT id FROM sms_thread WHERE peer = $1", sender)
    return f"/sms/threads/{thread}"


def row_of(text: str, peer: str) -> str:
    found = re.search(rf'<a href="{peer}\?[^"]*".*?</a>', text, re.DOTALL)
    assert found, peer
    return found[0]


async def test_a_row_says_what_was_asked_and_not_what_the_machine_answered(house: House) -> None:
    await house.patient()
    path = await asks(house)
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.get("/sms")
        row = row_of(text, path)
        assert (ASKED in row, "Unanswered" in row, "您的短信已收到" in row) == (True, True, False)
        _status, text = await nurse.get(path)
        assert '<span class="writer">Automatic</span>' in text
        status, text = await nurse.post("/sms", {"to": ZHANG, "text": "报告已出", "purpose": "care"})
        assert (status, '<span class="writer">Nurse</span>' in text, "报告已出" in text) == (200, True, True)
        assert "Unanswered</span>" not in row_of(text, path)


async def test_filters_stand_in_the_address_and_go_along(house: House) -> None:
    await house.patient()
    path = await asks(house)
    await sms.queue(house.db, SYSTEM, to=Msisdn("+8613911112222"), text="x", purpose="care", zone=ZONE)
    async with await house.browser("nurse") as nurse:
        shown = {}
        for name in ("unanswered", "unread", "mine", "all"):
            _status, text = await nurse.get(f"/sms?filter={name}")
            shown[name] = len(set(re.findall(r'href="/sms/threads/(\d+)', text)))
        assert shown == {"unanswered": 1, "unread": 1, "mine": 0, "all": 2}
        assert "?filter=unanswered" in row_of((await nurse.get("/sms?filter=unanswered"))[1], path)
        assert (await nurse.get("/sms?filter=odd"))[0] == 422


async def test_a_conversation_is_taken_and_left_and_needs_no_answer(house: House) -> None:
    await house.patient()
    path = await asks(house)
    async with await house.browser("nurse") as nurse:
        me = str(house.users["nurse"].id)
        status, text = await nurse.post(f"{path}/owner", {"user_id": me})
        assert (status, f'value="{me}" selected' in text) == (200, True)
        assert row_of((await nurse.get("/sms?filter=mine"))[1], path)
        assert ASKED in (await nurse.get("/tasks?view=mine"))[1]
        status, text = await nurse.post(f"{path}/settled")
        assert (status, "Unanswered" in text) == (200, False)
        assert "Unanswered" not in (await nurse.get(f"{path}/head"))[1]
        status, text = await nurse.post(f"{path}/owner", {"user_id": ""})
        assert (status, f'value="{me}" selected' in text) == (200, False)


async def test_the_record_stands_beside_the_conversation(house: House) -> None:
    patient = await house.patient()
    path = await asks(house)
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.get(path)
        record = text.partition('<aside class="card record"')[2]
        assert (f'href="/patients/{patient.id}"' in record, "No appointment ahead." in record) == (True, True)


async def test_a_recipient_is_found_by_name_and_only_by_who_may_see_patients(house: House) -> None:
    await house.patient()
    async with await house.browser("nurse") as nurse:
        assert 'hx-post="/sms/recipients"' in (await nurse.get("/sms/new"))[1]
        _status, text = await nurse.post("/sms/recipients", {"to": "zsf"})
        assert ("张三丰" in text, f'data-value="{ZHANG}"' in text) == (True, True)
        assert "data-fill" not in (await nurse.post("/sms/recipients", {"to": "1380013"}))[1]
    async with await house.browser("marketer") as marketer:
        assert "/sms/recipients" not in (await marketer.get("/sms/new"))[1]
        assert (await marketer.post("/sms/recipients", {"to": "zsf"}))[0] == 403


async def test_canned_answers_are_kept_by_a_supervisor_and_chosen_by_a_nurse(house: House) -> None:
    await house.patient()
    path = await asks(house)
    new = {"title": "报告", "text": "{name}您好，报告已出", "text_en": ""}
    async with await house.browser("supervisor") as supervisor, await house.browser("nurse") as nurse:
        assert (await supervisor.get("/sms/answers"))[0] == 200
        status, text = await supervisor.post("/sms/answers", new)
        assert (status, "报告已出" in text) == (200, True)
        status, text = await supervisor.post("/sms/answers", {**new, "title": "另一个", "text": "{who}"})
        assert (status, "{who}" in text, "data-problem" in text) == (422, True, True)
        assert '<option value="张三丰您好，报告已出">报告</option>' in (await nurse.get(path))[1]
        assert (await nurse.get("/sms/answers"))[0] == 403
        assert (await nurse.post("/sms/answers", new))[0] == 403
        status, text = await nurse.post("/sms", {"to": ZHANG, "text": "{name}您好", "purpose": "care"})
        assert (status, "in braces" in text) == (422, True)
        status, text = await supervisor.post("/sms/answers/1", {**new, "text": "报告已出", "version": "9"})
        assert (status, "Somebody else changed this" in text) == (422, True)
        status, text = await supervisor.post("/sms/answers/1/remove", {"version": "1"})
        assert (status, "No canned answer yet." in text) == (200, True)


async def test_purposes_are_explained_and_the_writer_reads_only_what_they_may_send(house: House) -> None:
    async with await house.browser("agent") as agent:
        _status, text = await agent.get("/sms/new")
        assert ("Always allowed, unless they refused everything" in text, "Health offer:" in text) == (True, False)
