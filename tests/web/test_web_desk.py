"""The agent's desk: the screen pop, who may see it, and what is written down about a call."""

import json
import re
from datetime import timedelta

import pytest

from crm_core.calls import agents
from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Linkedid
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import Channel
from ivr import service as flows
from overview.desk import RECENT
from tests.web.house import MORNING, ZHANG, Browser, Dialing, House

pytestmark = pytest.mark.web


async def ring(house: House, agent: Browser, linkedid: str, caller: str | None = ZHANG) -> Call:
    """The first desk rings with a new call."""
    await agent.post("/desk/state", {"state": "available"})
    call = await house.call(linkedid, caller)
    await calls.agent_rang(house.db, Linkedid(linkedid), "desk-01")
    return call


async def test_the_ringing_agent_sees_the_patient_and_nobody_else_does(house: House) -> None:
    await house.sessions()
    await house.patient()
    async with (
        await house.browser("agent1", "agent", desk=True) as one,
        await house.browser("agent2", "agent", desk=True) as other,
    ):
        call = await ring(house, one, "1.1")
        status, text = await one.get(f"/desk/pop/{call.id}")
        assert (status, "张三丰" in text, "138 0013 8000" in text) == (200, True, True)
        assert "张三丰" in (await one.get(f"/desk/caller/{call.id}"))[1]
        for part in ("pop", "caller", "calls"):
            status, text = await other.get(f"/desk/{part}/{call.id}")
            assert (part, status, "张三丰" in text) == (part, 403, False)


async def test_the_pop_shows_what_the_patient_is_expected_for(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    call = await house.call("1.1")
    async with await house.browser("agent1", "agent", desk=True) as agent:
        await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        await agent.post("/desk/state", {"state": "available"})
        await calls.agent_rang(house.db, Linkedid("1.1"), "desk-01")
        status, text = await agent.get(f"/desk/pop/{call.id}")
        assert (status, "Tue 3 Mar" in text) == (200, True)


async def test_an_unknown_number_brings_a_new_consultation_with_the_number_filled_in(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1", "+8613900000009")
        _, text = await agent.get(f"/desk/pop/{call.id}")
        assert ("New consultation" in text, "139 0000 0009" in text) == (True, True)
        status, _ = await agent.post(f"/desk/calls/{call.id}/consultation", {"text": "问体检价格"})
        assert status == 200
        _, text = await agent.get(f"/patients/new?call={call.id}")
        assert "+8613900000009" in text
    async with house.db.connection() as conn:
        row = await conn.fetchrow("SELECT msisdn, source, text FROM consultation")
    assert row is not None
    assert tuple(row) == ("+8613900000009", "phone", "问体检价格")


async def test_a_familys_telephone_brings_a_choice_and_the_choice_stays_with_the_call(house: House) -> None:
    await house.patient()
    child = await patients.register(house.db, SYSTEM, NewPatient(name="张小宝", phones=(ZHANG,)))
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        _, text = await agent.get(f"/desk/pop/{call.id}")
        assert ("Who is calling?" in text, "张三丰" in text, "张小宝" in text) == (True, True, True)
        await agent.post(f"/desk/calls/{call.id}/patient", {"patient_id": str(child.id)})
        _, text = await agent.get("/desk")
        assert ("张小宝" in text, "Who is calling?" in text) == (True, False)


async def test_after_the_call_the_disposition_is_kept_and_the_agent_is_free(house: House) -> None:
    await house.patient()
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        await calls.connected(house.db, Linkedid("1.1"), "desk-01")
        await calls.ended(house.db, Linkedid("1.1"), "normal")
        assert "Wrap-up" in (await agent.get("/desk/state"))[1]
        assert (await agent.post(f"/desk/calls/{call.id}/disposition", {"disposition": "nonsense"}))[0] == 422
        form = {"disposition": "question_answered", "notes": "问门诊时间"}
        assert (await agent.post(f"/desk/calls/{call.id}/disposition", form))[0] == 200
        assert "Available" in (await agent.get("/desk/state"))[1]
        _, text = await agent.get(f"/calls/{call.id}")
        assert ("问门诊时间" in text, "Question answered" in text) == (True, True)


async def test_a_break_has_a_reason_and_no_desk_means_no_calls(house: House) -> None:
    async with (
        await house.browser("agent1", "agent", desk=True) as agent,
        await house.browser("agent2", "agent") as guest,
    ):
        _, text = await agent.post("/desk/state", {"state": "break", "reason": "meal"})
        assert re.search(r"On a break</strong>.*Meal", text)
        status, _ = await guest.post("/desk/state", {"state": "available"})
        assert status == 409
        assert "This account has no desk" in (await guest.get("/desk"))[1]


async def test_colleagues_who_work_are_offered_for_a_transfer(house: House) -> None:
    async with (
        await house.browser("agent1", "agent", desk=True) as one,
        await house.browser("agent2", "agent", desk=True) as other,
    ):
        assert "desk-02" not in (await one.get("/desk/colleagues"))[1]
        await other.post("/desk/state", {"state": "available"})
        assert "telephone not connected" in (await one.get("/desk/colleagues"))[1]
        await agents.set_lines(house.db, {"desk-02": True})
        _, text = await one.get("/desk/colleagues")
        assert "telephone not connected" not in text
        assert ('data-transfer-to="desk-02"' in text, 'data-transfer-to="operators"' in text) == (True, True)
        assert 'data-transfer-to="desk-01"' not in text


async def test_after_a_transfer_each_agent_writes_down_their_own_part_and_reads_the_others(house: House) -> None:
    await house.patient()
    async with (
        await house.browser("agent1", "agent", desk=True) as one,
        await house.browser("agent2", "agent", desk=True) as other,
        await house.browser("agent3", "agent", desk=True) as stranger,
    ):
        call = await ring(house, one, "1.1")
        await calls.connected(house.db, Linkedid("1.1"), "desk-01")
        await calls.agent_rang(house.db, Linkedid("1.1"), "desk-02")
        await calls.connected(house.db, Linkedid("1.1"), "desk-02")
        _, text = await one.get("/desk")
        assert ("How did the call end?" in text, "Agent2 has this call now." in text) == (True, True)
        form = {"disposition": "transferred", "notes": "问医保报销"}
        assert (await one.post(f"/desk/calls/{call.id}/disposition", form))[0] == 200
        assert "Available" in (await one.get("/desk/state"))[1]
        _, text = await other.get(f"/desk/pop/{call.id}")
        assert ("问医保报销" in text, 'placeholder="Notes"></textarea>' in text) == (True, True)
        assert (await stranger.get(f"/desk/pop/{call.id}"))[0] == 403
        form = {"disposition": "question_answered", "notes": "已解释"}
        assert (await other.post(f"/desk/calls/{call.id}/disposition", form))[0] == 200
        for browser in (one, other):
            _, text = await browser.get(f"/calls/{call.id}")
            assert all(word in text for word in ("Who spoke with the patient", "Agent1", "问医保报销", "已解释"))
            assert str(call.id) in (await browser.get("/desk"))[1]  # among their recent calls


async def test_a_call_whose_telephone_is_gone_is_brought_back_to_its_own_agent_only(house: House) -> None:
    async with (
        await house.browser("agent1", "agent", desk=True) as one,
        await house.browser("agent2", "agent", desk=True) as other,
    ):
        call = await ring(house, one, "1.1")
        assert (await one.post(f"/desk/calls/{call.id}/bring", {}))[0] == 403  # it only rings
        await calls.connected(house.db, Linkedid("1.1"), "desk-01")
        assert "Ring my telephone" in (await one.get("/desk"))[1]
        assert (await other.post(f"/desk/calls/{call.id}/bring", {}))[0] == 403
        assert (await one.post(f"/desk/calls/{call.id}/bring", {}))[0] == 204
        assert isinstance(house.deps.dialing, Dialing)
        assert house.deps.dialing.brought_back == [("desk-01", str(call.uniqueid))]


async def test_nobody_writes_about_a_call_that_was_never_theirs_even_when_it_was_nobodys(house: House) -> None:
    patient = await house.patient()
    async with (
        await house.browser("agent1", "agent", desk=True) as agent,
        await house.browser("boss", "supervisor") as boss,
    ):
        call = await house.call("1.1", "+8613900000009")
        await calls.ended(house.db, Linkedid("1.1"), "normal")
        path, form = f"/desk/calls/{call.id}", {"disposition": "complaint", "notes": "别人的"}
        assert (await agent.get(path))[0] == 403
        assert (await agent.post(f"{path}/disposition", form))[0] == 403
        assert (await agent.post(f"{path}/patient", {"patient_id": str(patient.id)}))[0] == 403
        assert (await agent.post(f"{path}/consultation", {"text": "问"}))[0] == 403
        assert "别人的" not in (await agent.get(f"/calls/{call.id}"))[1]
        assert (await boss.post(f"{path}/disposition", form))[0] == 200


async def test_the_desk_and_the_call_log_go_on_where_they_ended(house: House) -> None:
    async with (
        await house.browser("agent1", "agent", desk=True) as agent,
        await house.browser("boss", "supervisor") as boss,
    ):
        for number in range(RECENT + 2):
            call = await ring(house, agent, f"{number}.1", f"+86139000000{number:02}")
            await calls.connected(house.db, call.linkedid, "desk-01")
            await calls.ended(house.db, call.linkedid, "normal")
            await calls.set_disposition(house.db, house.users["agent1"].actor, call.id, "question_answered")
        _, text = await agent.get("/desk")
        following = re.search(r'hx-get="(/desk/recent\?after=[^"]+)"', text)
        assert following is not None
        _, more = await agent.get(following[1])
        assert (text.count("data-row-link"), more.count("data-row-link"), "Show more" in more) == (RECENT, 2, False)
        assert (await agent.get("/desk/recent?after=nonsense"))[0] == 422
        assert (await agent.get("/desk/recent"))[1].count("data-row-link") == RECENT
        after = following[1].partition("=")[2]
        _, more = await boss.get(f"/calls?agent_id={house.users['agent1'].id}&after={after}")
        assert more.count('class="row-link"') == 2
        assert (await boss.get(f"/calls?after={after}"))[0] == 422  # the cursor of another list


async def test_what_is_typed_about_a_call_is_there_again_on_the_desk(house: House) -> None:
    await house.patient()
    async with (
        await house.browser("agent1", "agent", desk=True) as agent,
        await house.browser("agent2", "agent", desk=True) as other,
    ):
        call = await ring(house, agent, "1.1")
        path, form = f"/drafts/call?call={call.id}", {"notes": "问医保<b>", "disposition": "complaint"}
        assert "Draft kept" in json.loads((await agent.post(path, form))[1])["said"]
        assert json.loads((await agent.get(path))[1]) == form
        assert (await other.get(path))[1] == "{}"
        assert (await agent.post(path, {"nonsense": "1"}))[0] == 422
        assert (await agent.post("/drafts/call?call=nonsense", form))[0] == 404
        for page in ("/desk", f"/desk/pop/{call.id}"):
            _, text = await agent.get(page)
            assert ("问医保&lt;b&gt;</textarea>" in text, 'value="complaint" checked' in text) == (True, True)


async def test_a_page_that_was_logged_out_asks_who_is_there_now(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        status, text = await agent.get("/session")
        assert (status, json.loads(text)["csrf"], json.loads(text)["user_id"]) == (
            200,
            agent.csrf,
            house.users["agent1"].id,
        )
    async with house.nobody() as nobody:
        assert (await nobody.get("/session"))[0] == 401


async def test_a_call_without_a_result_is_found_from_the_desk_and_written_on_its_page(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        await calls.connected(house.db, Linkedid("1.1"), "desk-01")
        await calls.ended(house.db, Linkedid("1.1"), "normal")
        _, text = await agent.get("/desk/state")
        assert ("Ready without a result" in text, "data-until=" in text) == (True, True)
        await agent.post("/desk/state", {"state": "available"})
        assert "Calls without a result: 1" in (await agent.get("/desk/without-result"))[1]
        assert f"/calls/{call.id}" in (await agent.get("/calls/without-result"))[1]
        assert "How did the call end?" in (await agent.get(f"/calls/{call.id}"))[1]
        assert (await agent.post(f"/desk/calls/{call.id}/disposition", {"disposition": "complaint"}))[0] == 200
        assert f"/calls/{call.id}" not in (await agent.get("/calls/without-result"))[1]
        assert (await agent.get("/desk/without-result"))[1].strip() == ""


async def test_on_another_day_neither_form_nor_page_lets_an_agent_write_and_a_supervisor_may(house: House) -> None:
    await house.user("boss", "supervisor")
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        await calls.connected(house.db, Linkedid("1.1"), "desk-01")
        await calls.ended(house.db, Linkedid("1.1"), "normal")
        await agent.post("/desk/state", {"state": "available"})
        house.db.clock = lambda: MORNING + timedelta(days=1)
        path, form = f"/desk/calls/{call.id}/disposition", {"disposition": "complaint", "notes": "晚了"}
        async with await house.browser("agent1") as next_day, await house.browser("boss") as their_boss:
            assert "How did the call end?" not in (await next_day.get(f"/calls/{call.id}"))[1]
            assert (await next_day.post(path, form))[0] == 403
            assert "How did the call end?" in (await their_boss.get(f"/calls/{call.id}"))[1]
            assert (await their_boss.post(path, form))[0] == 200


async def test_a_stranger_is_registered_in_the_call_and_keeps_the_call_and_what_they_asked(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1", "+8613900000009")
        await calls.connected(house.db, Linkedid("1.1"), "desk-01")
        await agent.post(f"/desk/calls/{call.id}/consultation", {"text": "问体检价格"})
        path = f"/desk/calls/{call.id}/register"
        for form, said in (({"name": ""}, "alert-danger"), ({"name": "王小明", "age": "400"}, "alert-danger")):
            status, text = await agent.post(path, form)
            assert (status, said in text) == (422, True)
        status, text = await agent.post(path, {"name": "王小明", "sex": "male", "age": "41"})
        assert (status, "王小明" in text, 'id="caller"' in text, "1985-01-01" in text) == (200, True, True, True)
        await calls.ended(house.db, Linkedid("1.1"), "normal")
        async with house.db.connection() as conn:
            patient_id = await conn.fetchval("SELECT patient_id FROM call WHERE id = $1", call.id)
        _, text = await agent.get(f"/patients/{patient_id}")
        assert ("139 0000 0009" in text, "问体检价格" in text, "Incoming call, answered by Agent1" in text) == (
            True,
            True,
            True,
        )


async def test_who_is_on_file_already_is_offered_before_a_second_record_is_made(house: House) -> None:
    zhang = await house.patient()
    await patients.register(house.db, SYSTEM, NewPatient(name="张小宝", phones=(ZHANG,)))
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        path = f"/desk/calls/{call.id}/register"
        status, text = await agent.post(path, {"name": "张三丰"})
        assert (status, "already on file" in text, f'"patient_id": "{zhang.id}"' in text) == (409, True, True)
        status, text = await agent.post(path, {"name": "张三丰", "anyway": "yes"})
        assert (status, "Somebody else" in text) == (200, True)
    async with house.db.connection() as conn:
        found = await conn.fetchval("SELECT patient_id FROM call WHERE id = $1", call.id)
    assert found > zhang.id


async def test_one_person_at_a_number_is_not_called_several(house: House) -> None:
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        await house.patient()
        _, text = await agent.get(f"/desk/pop/{call.id}")
        assert ("On file with this number:" in text, "Several people" in text) == (True, False)


async def test_what_was_asked_goes_with_the_caller_who_turns_out_to_be_somebody_else(house: House) -> None:
    zhang = await house.patient()
    child = await patients.register(house.db, SYSTEM, NewPatient(name="张小宝", phones=(ZHANG,)))
    async with await house.browser("agent1", "agent", desk=True) as agent:
        call = await ring(house, agent, "1.1")
        await agent.post(f"/desk/calls/{call.id}/consultation", {"text": "问疫苗"})
        for chosen in (zhang, child):
            await agent.post(f"/desk/calls/{call.id}/patient", {"patient_id": str(chosen.id)})
            owns = ["问疫苗" in (await agent.get(f"/patients/{one.id}/timeline"))[1] for one in (zhang, child)]
            assert owns == [chosen is zhang, chosen is child]
        await agent.post(f"/desk/calls/{call.id}/patient", {"patient_id": ""})
        assert "问疫苗" not in (await agent.get(f"/patients/{child.id}/timeline"))[1]


async def test_the_pop_says_why_they_may_call_what_they_missed_and_whom_no_machine_may_call(house: House) -> None:
    slots = await house.sessions()
    patient = await house.patient()
    await scheduling.book(house.db, SYSTEM, patient_id=patient.id, slot_id=slots[0], channel=Channel.WEB)
    async with house.db.connection() as conn:
        await conn.execute("UPDATE appointment SET status = 'noshow'")
        await conn.execute(
            "UPDATE slot SET starts_at = starts_at - '9 days'::interval, ends_at = ends_at - '9 days'::interval"
        )
    await flows.ensure_shipped(house.db)
    async with house.db.transaction(SYSTEM) as tx:
        await consent.never_dial_in(tx, ZHANG, "asked")
    async with (
        await house.browser("agent1", "agent", desk=True) as agent,
        await house.browser("agent2", "agent", desk=True) as other,
    ):
        call = await ring(house, agent, "1.1")
        await calls.visit(house.db, call.id, ("greet", "hours", "main", "person"), "hotline/1")
        assert f"/patients/{patient.id}/sms" in (await agent.get(f"/desk/pop/{call.id}"))[1]
        status, text = await agent.get(f"/desk/calls/{call.id}/why")
        said = ("For a person, press zero", "Internal medicine", "Did not come", "is not to be called")
        assert (status, [one in text for one in said]) == (200, [True] * 4)
        assert (await other.get(f"/desk/calls/{call.id}/why"))[0] == 403
