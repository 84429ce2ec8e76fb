"""Choosing a time for a patient: who, of what rank, for how much, how many places are left, on which day."""

import re
from datetime import timedelta

import pytest

from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import SessionKind
from tests.web.house import MORNING, House

pytestmark = pytest.mark.web

SLOTS = re.compile(r'name="slot_id" value="(\d+)"')
STRIP = re.compile(r"<span>([^<]+)</span><small>([^<]+)</small>")


async def clinic(house: House) -> dict[str, int]:
    """Tomorrow and in ten days: an expert with one place a time, morning and afternoon, and a doctor with three."""
    ids: dict[str, int] = {}
    async with house.db.transaction(SYSTEM) as tx:
        department = await directory.put_department(tx.conn, code="im", name="内科", name_en="Internal medicine")
        for name, title, kind, fee, capacity in (
            ("Dr Wang", "Attending Physician", SessionKind.GENERAL, 1550, 3),
            ("Dr Li", "Chief Physician", SessionKind.EXPERT, 5000, 1),
        ):
            doctor = await directory.put_practitioner(
                tx.conn, department, name=name, name_en=name, title=title, title_en=title
            )
            ids[name] = doctor
            for days in (1, 10):
                for hours in (0, 4):  # ten and fourteen o'clock
                    start = MORNING + timedelta(days=days, hours=hours)
                    house.slots += await scheduling.open_schedule(
                        tx, doctor, start, start + timedelta(hours=1), 30, capacity, kind=kind, fee=fee
                    )
        await directory.put_department(tx.conn, code="gyn", name="妇科", name_en="Gynaecology", position=1)
    return ids


async def test_a_doctor_has_a_rank_a_kind_a_fee_and_places_in_words(house: House) -> None:
    await clinic(house)
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{patient.id}/book")
    first, second = re.findall(r'<fieldset class="doctor">(.*?)</fieldset>', text, re.DOTALL)
    for part, said in (
        (first, ("Dr Li", "Chief Physician", "Expert session", "¥50<", "4 left", "Morning", "Afternoon", "1 left")),
        (second, ("Dr Wang", "Attending Physician", "General session", "¥15.50", "12 left", "3 left")),
    ):
        assert [word for word in said if word not in part] == []
    assert first.index("Morning") < first.index("10:00") < first.index("Afternoon") < first.index("14:00")


async def test_one_day_is_shown_and_a_strip_says_what_the_others_have(house: House) -> None:
    await clinic(house)
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{patient.id}/book")
        strip = STRIP.findall(text)
        assert (len(strip), len(SLOTS.findall(text))) == (14, 8)
        assert [places for _, places in strip] == ["full", "16 left", *["full"] * 8, "16 left", *["full"] * 3]
        assert re.search(r'aria-current="date"[^>]+>\s*<span>Tue 3 Mar', text)  # the first with a free place
        _, text = await agent.get(f"/patients/{patient.id}/book?day=2026-03-12")
        assert (len(SLOTS.findall(text)), STRIP.findall(text)[0][1]) == (8, "full")
        _, text = await agent.get(f"/patients/{patient.id}/book?day=2026-04-20")  # far away: the strip goes along
        assert (SLOTS.findall(text), STRIP.findall(text)[0][0]) == ([], "Mon 20 Apr")
        assert "No free time on this day." in text
        _, text = await agent.get(f"/patients/{patient.id}/book?day=2026-01-01")  # nobody books the past
        assert 'aria-current="date"' in text
        assert STRIP.findall(text)[0][0] == "Mon 2 Mar"


async def test_who_wants_one_doctor_sees_that_doctors_times_and_places(house: House) -> None:
    ids = await clinic(house)
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{patient.id}/book?practitioner={ids['Dr Li']}")
        assert (len(SLOTS.findall(text)), "Dr Wang</strong>" in text, STRIP.findall(text)[1][1]) == (4, False, "4 left")
        _, text = await agent.get(f"/patients/{patient.id}/book?department=2&practitioner={ids['Dr Li']}")
        assert (SLOTS.findall(text), "Dr Li" in text) == ([], False)  # not of this department


async def test_what_was_just_taken_brings_back_the_same_day_and_doctor(house: House) -> None:
    ids = await clinic(house)
    one, other = await house.patient(), await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{one.id}/book?practitioner={ids['Dr Li']}&day=2026-03-12")
        wish = {"slot_id": SLOTS.findall(text)[0], "day": "2026-03-12", "practitioner": str(ids["Dr Li"])}
        wish |= {"department": "1", "from": "2026-03-02"}
        assert (await agent.post("/appointments", wish | {"patient_id": str(one.id)}))[0] == 200
        status, text = await agent.post("/appointments", wish | {"patient_id": str(other.id)})
        assert (status, len(SLOTS.findall(text)), wish["slot_id"] in SLOTS.findall(text)) == (409, 3, False)
        assert re.search(r'aria-current="date"[^>]+>\s*<span>Thu 12 Mar', text)


async def test_a_fee_that_nobody_has_said_is_not_shown_as_free(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{patient.id}/book")
        assert "¥" not in text
        _, text = await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        assert "¥" not in text


async def test_times_the_patient_may_not_have_are_not_counted(house: House) -> None:
    await clinic(house)
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        _, text = await agent.get(f"/patients/{patient.id}/book")
        assert STRIP.findall(text)[1][1] == "12 left"  # of sixteen: one is theirs, three more lie at that time
