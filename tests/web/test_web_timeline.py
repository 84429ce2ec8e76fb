"""A patient's timeline and head: what calls came to, days, links, and numbers that are left alone."""

import re

import pytest

from crm_core.calls import service as calls
from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Linkedid
from sms import service as sms
from tests.web.house import ZHANG, ZONE, House
from web.render import say_phone

pytestmark = pytest.mark.web


async def told_call(house: House) -> str:
    """An ended call of 张三丰 with a result, notes and a recording; its id."""
    patient = await house.patient()
    user = await house.user("agent1", "agent")
    call = await house.call("1.1")
    await calls.set_patient(house.db, call.id, patient.id)
    await calls.ended(house.db, Linkedid("1.1"), "normal")
    async with house.db.connection() as conn:
        await conn.execute(
            "INSERT INTO call_leg (call_id, user_id, connected_at, left_at, disposition, notes) "
            "VALUES ($1, $2, now(), now(), 'question_answered', '问过饮食')",
            call.id,
            user.id,
        )
        await conn.execute(
            "INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, "
            "created_at) VALUES (gen_random_uuid(), $1, 'call', 'a', 'a', '', '', 1, 1, 2, now())",
            call.id,
        )
    return str(call.id)


async def test_a_call_says_its_result_notes_and_whether_it_can_be_heard(house: House) -> None:
    call = await told_call(house)
    for login, hears in (("agent1", False), ("boss", True)):
        async with await house.browser(login, "supervisor" if hears else "agent") as reader:
            for path in ("/patients/1", "/patients/1/timeline", "/patients/1/timeline?kind=call"):
                _, text = await reader.get(path)
                assert all(word in text for word in ("Question answered", "问过饮食", f'href="/calls/{call}"')), path
                assert ('#player-play"></use></svg> Recording</a>' in text) is hears
                assert re.search(r'class="timeline-day"><h3>[^<]+2026', text)


async def test_a_text_leads_to_its_conversation(house: House) -> None:
    patient = await house.patient()
    one = await sms.queue(house.db, SYSTEM, to=ZHANG, text="您好", purpose="care", patient_id=patient.id, zone=ZONE)
    async with house.db.connection() as conn:
        await conn.execute(
            "INSERT INTO timeline_entry (patient_id, kind, at, code, args, ref) "
            "VALUES ($1, 'sms', now(), 'sms.sent', '{}', $2)",
            patient.id,
            f"sms/{one}",
        )
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get("/patients/1/timeline?kind=sms")
        assert f'href="/sms/{one}"' in text
        assert "SMS sent: 您好" in text
        async with house.db.connection() as conn:
            await conn.execute("UPDATE sms SET text = '' WHERE id = $1", one)  # erased
        _, text = await agent.get("/patients/1/timeline?kind=sms")
        assert "SMS sent<" in text
        assert "您好" not in text


async def test_a_number_that_is_left_alone_says_so_in_the_head(house: House) -> None:
    await house.patient()
    async with await house.browser("agent1", "agent", desk=True) as agent:
        for path in ("/patients/1", "/patients/1/numbers"):
            _, text = await agent.get(path)
            assert ("data-call-number" in text, "/sms?phone=0" in text) == (True, True)
        await consent.never_dial(house.db, SYSTEM, ZHANG, "ward")
        for path in ("/patients/1", "/patients/1/numbers"):
            _, text = await agent.get(path)
            assert ("data-call-number" in text, "/sms?phone=0" in text, "Do not contact" in text) == (
                False,
                False,
                True,
            )


async def test_a_landline_is_called_and_not_written_to(house: House) -> None:
    await house.patient(phone="057187654321")
    async with await house.browser("agent1", "agent", desk=True) as agent:
        _, text = await agent.get("/patients/1/numbers")
    assert ("0571 8765 4321" in text, "data-call-number" in text, "/sms?phone=0" in text) == (True, True, False)


def test_numbers_are_written_as_people_write_them() -> None:
    shown = [say_phone(one) for one in ("+8613800138000", "+8657187654321", "+862088886666", "10086", None)]
    assert shown == ["138 0013 8000", "0571 8765 4321", "020 8888 6666", "10086", "–"]


async def test_one_wish_is_written_down_in_its_own_words(house: House) -> None:
    await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        form = {
            "msisdn": ZHANG,
            "purpose": "notice",
            "channel": "sms",
            "choice": "opt_out",
            "seen": "0",
            "source": "phone",
        }
        headers = {"X-CSRF-Token": agent.csrf, "Origin": agent.base}
        async with agent.http.post(f"{agent.base}/patients/1/wishes", data=form, headers=headers) as answer:
            assert "Written down: Notices and follow-up surveys, SMS: no." in answer.headers["HX-Trigger"]
