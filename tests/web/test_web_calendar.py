"""Appointments by week and month, the free places of a day, a new appointment that begins with a place."""

import re
from datetime import date, timedelta

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.scheduling import service as scheduling
from tests.web.house import MORNING, House
from web.pages.calendar import month_of, week_of

pytestmark = pytest.mark.web


async def book(house: House, name: str = "张三丰", phone: str = "13800138000", slot: int = 0) -> None:
    patient = await house.patient(name, phone)
    await scheduling.book(house.db, SYSTEM, patient_id=patient.id, slot_id=house.slots[slot], channel="agent")


def cell(text: str, query: str) -> str:
    """What the link to that day says."""
    found = re.search(rf'href="/appointments\?{re.escape(query)}"[^>]*>(.*?)</a>', text, re.DOTALL)
    assert found is not None, query
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


async def test_a_week_says_what_is_booked_and_left_by_department_and_day(house: House) -> None:
    await house.sessions(capacity=2)
    await book(house)
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get("/appointments/calendar?span=week&day=2026-03-04")
        assert cell(text, "day=2026-03-03&amp;department=1") == "1 booked 7 left"
        assert 'department=1" ' not in re.findall(r'href="/appointments\?day=2026-03-05[^"]*" ', text)
        assert all(f"day=2026-03-0{n}" in text for n in range(2, 9))
        assert 'data-shows="day:2026-03-02 day:2026-03-03' in text
        assert "张三丰" not in text
        _, part = await agent.get("/appointments/calendar?span=week&day=2026-03-04", **{"HX-Target": "calendar"})
        assert ("<html" in part, 'id="calendar"' in part) == (False, True)


async def test_what_is_over_has_nothing_left(house: House) -> None:
    await house.sessions(capacity=2)
    await book(house)
    house.db.clock = lambda: MORNING.replace(day=4)
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get("/appointments/calendar?span=week&day=2026-03-04")
        assert cell(text, "day=2026-03-03&amp;department=1") == "1 booked"


async def test_a_month_is_whole_weeks_and_each_day_leads_to_its_list(house: House) -> None:
    await house.sessions(capacity=2)
    await book(house)
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get("/appointments/calendar?span=month&day=2026-03-20&department=1")
        assert cell(text, "day=2026-03-03&amp;department=1&amp;practitioner=").endswith("1 booked 7 left")
        assert len(re.findall(r'class="month-day', text)) == 42
        assert "span=month&amp;day=2026-02-01" in text
        assert "span=month&amp;day=2026-04-01" in text
        assert (await agent.get("/appointments/calendar?span=year"))[0] == 422


def test_weeks_begin_on_monday_and_months_are_not_cut() -> None:
    assert week_of(date(2026, 3, 1)) == [date(2026, 2, 23 + n) for n in range(6)] + [date(2026, 3, 1)]
    for day in (date(2026, 2, 14), date(2026, 3, 31), date(2027, 2, 1), date(2026, 12, 31)):
        days = month_of(day)
        assert (days[0].weekday(), len(days) % 7) == (0, 0)
        assert {one for one in days if one.month == day.month} >= {day, day.replace(day=1)}
        assert len([one for one in days if one.month == day.month]) in (28, 29, 30, 31)
    assert len(month_of(date(2027, 2, 1))) == 28  # a month of four whole weeks


async def test_a_new_appointment_begins_with_a_free_place(house: House) -> None:
    await house.sessions()
    await book(house)
    await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent:
        assert 'hx-get="/appointments/free?day=2026-03-03' in (await agent.get("/appointments?day=2026-03-03"))[1]
        _, text = await agent.get("/appointments/free?day=2026-03-03&department=&practitioner=")
        places = re.findall(r'href="/appointments/new\?slot=(\d+)"', text)
        assert places == [str(slot) for slot in house.slots[1:]]
        _, text = await agent.get(f"/appointments/new?slot={places[0]}")
        assert all(word in text for word in ("Dr Wang", "10:30", "1 left"))
        assert "李秀英" not in text
        _, text = await agent.post("/appointments/new/find", {"slot": places[0], "q": "lxy"})
        assert ("李秀英" in text, "张三丰" in text) == (True, False)
        found = re.search(r"hx-vals='\{([^}]+)\}'", text)
        assert found is not None
        wish = dict(re.findall(r'"(\w+)": "(\d+)"', found[1]))
        status, text = await agent.post("/appointments", wish)
        assert (status, "Booked." in text, "李秀英" in text) == (200, True, True)
        assert (await agent.get("/appointments/new?slot=999"))[0] == 404


async def test_who_may_not_book_is_offered_no_place(house: House) -> None:
    await house.sessions()
    async with await house.browser("auditor1", "auditor") as auditor:
        assert (await auditor.get("/appointments/free?day=2026-03-03"))[0] == 403
        assert (await auditor.get(f"/appointments/new?slot={house.slots[0]}"))[0] == 403


async def test_free_places_turn_to_other_days_but_not_to_what_is_over(house: House) -> None:
    await house.sessions()
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get("/appointments/free?day=2026-03-03&department=1")
        assert text.count("data-slot=") == 4
        assert "free?day=2026-03-02&amp;department=1&amp;" in text
        assert "free?day=2026-03-04&amp;department=1&amp;" in text
        _, text = await agent.get("/appointments/free?day=2026-03-02")
        assert "free?day=2026-03-01" not in text
        assert "Nothing is free on this day." in text


async def test_only_an_appointment_ahead_can_be_dragged_and_says_to_which_places(house: House) -> None:
    await house.sessions()
    await book(house)
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get("/appointments?day=2026-03-03")
        assert 'draggable="true" data-moves="1"' in text
        assert "free?day=2026-03-03&amp;department=1" in text
        house.db.clock = lambda: MORNING + timedelta(days=1, minutes=1)
        assert "data-moves" not in (await agent.get("/appointments?day=2026-03-03"))[1]
