"""What staff write down about whom may be contacted, and what the day shows of reminders."""

import re
from datetime import timedelta

import pytest

from crm_core.consent.service import may_contact
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import AppointmentId
from dialer import store as attempts
from dialer.attempt import State
from sms import service as sms
from tests.web.house import MORNING, ZHANG, ZONE, House
from tests.web.test_web_register import form_of

pytestmark = pytest.mark.web


async def allowed(house: House, purpose: str, channel: str) -> str:
    async with house.db.connection() as conn:
        found = await may_contact(conn, purpose=purpose, channel=channel, msisdn=ZHANG, now=MORNING, zone=ZONE)
    return found.rule


async def test_a_refusal_told_to_an_agent_counts_at_once_and_is_taken_back_by_the_same_button(house: House) -> None:
    patient = await house.patient()
    said = {"msisdn": ZHANG, "purpose": "care", "channel": "call", "source": "phone", "seen": "0"}
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{patient.id}")
        assert re.search(r"Not asked", text)
        status, text = await agent.post(f"/patients/{patient.id}/wishes", said | {"choice": "opt_out"})
        assert (status, await allowed(house, "care", "call")) == (200, "opted_out")
        assert 'aria-pressed="false" aria-label="Treatment and appointments · Telephone: ' in text
        assert await allowed(house, "care", "sms") == "allowed"
        newest = re.search(r'"call", "choice": "opt_in", "seen": "(\d+)"', text)
        assert newest is not None
        await agent.post(f"/patients/{patient.id}/wishes", said | {"choice": "opt_in", "seen": newest[1]})
        assert await allowed(house, "care", "call") == "allowed"
        _, text = await agent.get(f"/patients/{patient.id}/timeline?kind=consent")
        assert "Refused Care by Telephone" in text
        assert "Agreed to Care by Telephone" in text


async def test_advertising_may_be_sent_once_the_patient_agreed_to_it_on_paper(house: House) -> None:
    patient = await house.patient()
    said = {
        "msisdn": ZHANG,
        "purpose": "marketing",
        "channel": "sms",
        "source": "paper",
        "choice": "opt_in",
        "seen": "0",
    }
    assert await allowed(house, "marketing", "sms") == "no_consent"
    async with await house.browser("agent1", "agent") as agent:
        assert (await agent.post(f"/patients/{patient.id}/wishes", said))[0] == 200
    assert await allowed(house, "marketing", "sms") == "allowed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"msisdn": "+8613900000009"},
        {"msisdn": ""},
        {"purpose": "fun"},
        {"channel": "pigeon"},
        {"choice": "perhaps"},
        {"source": "hearsay"},
        {"seen": ""},
    ],
)
async def test_what_nobody_can_mean_is_refused_and_changes_nothing(house: House, wrong: dict[str, str]) -> None:
    patient = await house.patient()
    said = {"msisdn": ZHANG, "purpose": "care", "channel": "sms", "source": "phone", "choice": "opt_out", "seen": "0"}
    async with await house.browser("agent1", "agent") as agent:
        assert (await agent.post(f"/patients/{patient.id}/wishes", said | wrong))[0] == 422
    assert await allowed(house, "care", "sms") == "allowed"


async def test_a_number_that_must_be_left_alone_says_why_until_it_is_allowed_again(house: House) -> None:
    patient = await house.patient()
    path = f"/patients/{patient.id}/never-dial"
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.post(path, {"msisdn": ZHANG, "choice": "never", "reason": "病房 <3>"})
        assert "病房 &lt;3&gt;" in text
        assert await allowed(house, "care", "sms") == "never_dial"
        assert (await agent.post(path, {"msisdn": ZHANG, "choice": "perhaps"}))[0] == 422
        since = re.search(r'"since": "([^"]+)"', text)
        assert since is not None
        await agent.post(path, {"msisdn": ZHANG, "choice": "again", "since": since[1]})
        _, text = await agent.get(f"/patients/{patient.id}/timeline?kind=consent")
        assert text.index("Taken off the never-contact list") < text.index(
            "Put on the never-contact list: 病房 &lt;3&gt;"
        )
    assert await allowed(house, "care", "sms") == "allowed"


async def test_who_may_not_see_patients_changes_no_wishes(house: House) -> None:
    patient = await house.patient()
    said = {"msisdn": ZHANG, "purpose": "care", "channel": "sms", "source": "phone", "choice": "opt_out", "seen": "0"}
    async with await house.browser("auditor", "auditor") as auditor:
        for part in ("wishes", "never-dial"):
            assert (await auditor.post(f"/patients/{patient.id}/{part}", said))[0] == 403
        assert (await auditor.get(f"/patients/{patient.id}/wishes"))[0] == 403
    assert await allowed(house, "care", "sms") == "allowed"


async def test_the_day_says_how_each_patient_was_reminded(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        async with house.db.connection() as conn:
            appointment = AppointmentId(await conn.fetchval("SELECT id FROM appointment"))
        async with house.db.transaction(SYSTEM) as tx:
            attempt = await attempts.insert(
                tx.conn,
                appointment_id=appointment,
                patient_id=patient.id,
                msisdn=ZHANG,
                purpose="care",
                requested_by="test",
                not_before=tx.now + timedelta(hours=1),
                now=tx.now,
            )
        await sms.queue(
            house.db,
            SYSTEM,
            to=ZHANG,
            text="您好",
            purpose="care",
            patient_id=patient.id,
            appointment_id=appointment,
            zone=ZONE,
        )
        _, text = await agent.get("/appointments?day=2026-03-03")
        assert "Reminder call planned for" in text
        assert "Waiting to be sent" in text
        async with house.db.transaction(SYSTEM) as tx:
            await attempts.mark_over(tx.conn, attempt, State.DONE, "no_answer", tx.now)
        for path in ("/appointments?day=2026-03-03", f"/patients/{patient.id}"):
            _, text = await agent.get(path)
            assert "Reminder call: nobody answered" in text
        async with house.db.transaction(SYSTEM) as tx:
            await attempts.mark_over(tx.conn, attempt, State.SUPPRESSED, "opted_out", tx.now)
        _, text = await agent.get(f"/patients/{patient.id}/cards")
        assert "No reminder call. This person has refused such messages." in text


async def test_the_hospital_sets_the_hours_in_which_people_are_contacted(house: House) -> None:
    async with await house.browser("boss", "supervisor") as boss:
        _, text = await boss.get("/hours")
        form = form_of(text)
        assert (form["care_mon"], form["marketing_holiday"]) == ("08:00-20:30", "09:00-19:00")
        at_noon = form | {"care_mon": "12：00 – 13：30", "care_sat": "00:00-24:00", "care_sun": ""}
        assert (await boss.post("/hours", at_noon))[0] == 200
        assert await allowed(house, "care", "call") == "quiet_hours"
        _, text = await boss.get("/hours")
        form = form_of(text)
        assert [form[f"care_{day}"] for day in ("mon", "sat", "sun")] == ["12:00-13:30", "00:00-24:00", ""]
        assert "Monday 12:00-13:30, Saturday 00:00-24:00, Sunday –" in text
        for wrong in ("14:00-13:00", "noon", "08:00-25:00"):
            status, text = await boss.post("/hours", form | {"care_tue": wrong})
            assert (status, len(re.findall(r"field-problem[^>]*>[^<]", text))) == (422, 1)
            assert form_of(text) == form | {"care_tue": wrong}
        status, text = await boss.post("/hours", dict.fromkeys(form, "") | {"version": form["version"]})
        assert (status, "from Monday to Friday" in text) == (422, True)
    async with house.db.connection() as conn:
        detail = await conn.fetchval("SELECT detail -> 'care' FROM audit WHERE action = 'change contact hours'")
    assert detail == ["mon 12:00-13:30", "sat 00:00-24:00", "sun -"]


async def test_a_supervisor_sets_how_many_appointments_a_day_a_patient_may_have(house: House) -> None:
    path = "/booking-rules"
    async with await house.browser("boss", "supervisor") as boss, await house.browser("agent1", "agent") as agent:
        form = form_of((await boss.get(path))[1])
        assert form["most_a_day"] == "3"
        assert (await boss.post(path, form | {"most_a_day": "5"}))[0] == 200
        status, text = await boss.post(path, form | {"most_a_day": "7"})
        assert (status, "changed this meanwhile" in text, form_of(text)["most_a_day"]) == (409, True, "7")
        assert (await boss.post(path, form_of(text)))[0] == 200
        _, text = await boss.get(path)
        assert ("7 appointments a day" in text, "before: 5" in text) == (True, True)
        for wrong in ("0", "101", "many", ""):
            assert (await boss.post(path, form_of(text) | {"most_a_day": wrong}))[0] == 422
        assert (await agent.get(path))[0] == 403
        assert (await agent.post(path, form | {"most_a_day": "9"}))[0] == 403
        assert f'href="{path}"' not in (await agent.get("/patients"))[1]
    async with house.db.connection() as conn:
        assert await conn.fetchval("SELECT most_a_day FROM booking_rule") == 7


async def test_agents_do_not_set_contact_hours(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        assert (await agent.get("/hours"))[0] == 403
        _, text = await agent.get("/patients")
        assert 'href="/hours"' not in text
