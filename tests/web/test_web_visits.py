"""What one does with an appointment after it is made: card, undo, text, slip, who came, finding somebody."""

import re

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.model import Channel
from tests.web.house import MORNING, Browser, House

pytestmark = pytest.mark.web

DAY = "/appointments?day=2026-03-03"


async def booked(house: House, agent: Browser, slot: int = 0, name: str = "张三丰", phone: str = "13800138000") -> str:
    """A card of a new appointment; the number of the appointment in it."""
    patient = await house.patient(name, phone)
    wish = {"patient_id": str(patient.id), "slot_id": str(house.slots[slot])}
    status, text = await agent.post("/appointments", wish)
    assert status == 200, text
    return text


def number(text: str) -> str:
    found = re.search(r"/appointments/(\d+)/", text)
    assert found is not None, text
    return found[1]


async def test_the_card_says_what_was_booked_and_offers_undo_text_and_slip(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        text = await booked(house, agent)
        assert all(word in text for word in ("Booked.", "张三丰", "10:00", "Internal medicine", "Dr Wang"))
        one = number(text)
        assert all(f"/appointments/{one}/{what}" in text for what in ("cancel", "tell", "slip"))
        _, text = await agent.post(f"/appointments/{one}/tell", {"card": "1"})
        assert "booked-card" in text
        assert house.reminders.asked == [("news", int(one))]
        house.reminders.forbidden = "opted_out"
        status, text = await agent.post(f"/appointments/{one}/tell", {"card": "1"})
        assert (status >= 400, "This person has refused such messages." in text) == (True, True)


async def test_an_undone_booking_is_no_dead_end(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        one = number(await booked(house, agent))
        _, text = await agent.post(f"/appointments/{one}/cancel", {"card": "1"})
        assert all(word in text for word in ("Cancelled.", "Restore", "Choose another time", "booked-card"))
        _, text = await agent.post(f"/appointments/{one}/restore", {"card": "1"})
        assert ("Booked." in text, number(text) != one) == (True, True)


async def test_a_move_is_moved_back_with_one_press(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        one = number(await booked(house, agent))
        wish = {"patient_id": "1", "slot_id": str(house.slots[2]), "move": one}
        _, text = await agent.post("/appointments", wish)
        found = re.search(r"hx-vals='(\{\"patient_id\"[^']+)'", text)
        assert found is not None
        assert f'"slot_id": "{house.slots[0]}"' in found[1]
        back = dict(re.findall(r'"(\w+)": "(\d+)"', found[1]))
        _, text = await agent.post("/appointments", back)
        assert ("Moved." in text, "10:00" in text) == (True, True)


async def test_a_cancelled_card_can_be_restored_on_the_day_and_on_the_patients_page(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        one = number(await booked(house, agent))
        await agent.post(f"/appointments/{one}/cancel")
        for path in (DAY, "/patients/1", "/patients/1/cards"):
            assert f'hx-post="/appointments/{one}/restore"' in (await agent.get(path))[1], path
        await agent.post(f"/appointments/{one}/restore")
        for path in (DAY, "/patients/1"):
            assert f"/appointments/{one}/restore" not in (await agent.get(path))[1]


async def test_who_came_is_said_on_the_day_and_taken_back(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        one = number(await booked(house, agent))
        assert "/settle" not in (await agent.get(DAY))[1]  # it is tomorrow
        assert (await agent.post(f"/appointments/{one}/settle", {"status": "arrived"}))[0] == 409
    house.db.clock = lambda: MORNING.replace(day=3, hour=3)
    async with await house.browser("agent2", "agent") as agent:
        assert "Did not come" in (await agent.get(DAY))[1]
        for status, said in (("noshow", "Did not come"), ("arrived", "Arrived"), ("booked", "Booked")):
            _, text = await agent.post(f"/appointments/{one}/settle", {"status": status, "names": "1"})
            assert re.search(rf"badge ms-auto [^>]+>{said}<", text), text
        for wrong in ("", "lost", "cancelled"):
            assert (await agent.post(f"/appointments/{one}/settle", {"status": wrong}))[0] == 422


@pytest.mark.parametrize("typed", ["李", "lixy", "lixiuying", "390000", "139 0000 0001", "0001"])
async def test_somebody_of_the_day_is_found_by_name_or_number(house: House, typed: str) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        await booked(house, agent)
        await booked(house, agent, 1, "李秀英", "13900000001")
        typed = "lxy" if typed == "lixy" else typed
        _, text = await agent.post("/appointments/find", {"q": typed, "day": "2026-03-03"})
        assert ("李秀英" in text, "139 0000 0001" in text, "张三丰" in text) == (True, True, False)
        _, text = await agent.post("/appointments/find", {"q": typed, "day": "2026-03-04"})
        assert "Nobody of this name or number" in text
    found = [row for row in await house.audit() if row[1] == "list appointments"]
    assert found == [("agent1", "list appointments", "done")]


async def test_nothing_typed_finds_nobody(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        await booked(house, agent)
        for typed in ("", "%", "_", "13"):
            _, text = await agent.post("/appointments/find", {"q": typed, "day": "2026-03-03"})
            assert "张三丰" not in text


async def test_a_slip_names_one_patient_and_no_other(house: House) -> None:
    await house.sessions(capacity=2)
    async with await house.browser("agent1", "agent") as agent:
        one = number(await booked(house, agent))
        await booked(house, agent, 0, "李秀英", "13900000001")
        status, text = await agent.get(f"/appointments/{one}/slip")
        assert status == 200
        assert all(word in text for word in ("张三丰", "10:00", "Dr Wang", "General session", "data-print"))
        assert not any(word in text for word in ("李秀英", "139 0000", "138 0013", "hcrm-nav", "dock"))
        assert (await agent.get("/appointments/999/slip"))[0] == 404
    assert ("agent1", "view patient", "done") in await house.audit()


async def test_the_day_on_paper_has_every_department_and_nobody_who_cancelled(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        await booked(house, agent)
        gone = number(await booked(house, agent, 1, "李秀英", "13900000001"))
        await agent.post(f"/appointments/{gone}/cancel")
        _, text = await agent.get("/appointments/print?day=2026-03-03")
        assert ("张三丰" in text, "138 0013 8000" in text, "李秀英" in text) == (True, True, False)
        assert not any(word in text for word in ("hcrm-nav", "hx-post", "dock"))
        _, text = await agent.get("/appointments/print?day=2026-03-09")
        assert "No appointments on this day." in text


async def test_the_day_shows_whose_number_it_is(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    await scheduling.book(house.db, SYSTEM, patient_id=patient.id, slot_id=house.slots[0], channel=Channel.AGENT)
    async with await house.browser("agent1", "agent") as agent:
        assert "138 0013 8000" in (await agent.get(DAY))[1]
