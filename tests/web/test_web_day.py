"""The page of a day: its first stretch, what `show more` brings, and what a live refresh of each asks for."""

import re

import pytest

from tests.web.house import House

pytestmark = pytest.mark.web

DAY = "/appointments?day=2026-03-03"
PEOPLE = 30
SHOWN = re.compile(r'id="appointment-(\d+)"')


async def crowd(house: House) -> None:
    """Thirty people in each of four half hours: 120 appointments."""
    await house.sessions(capacity=PEOPLE)
    people = [await house.patient(f"王{number}", f"139000000{number:02}") for number in range(PEOPLE)]
    async with house.db.connection() as conn:
        await conn.executemany(
            "INSERT INTO appointment (patient_id, slot_id, place, status, channel, booked_by, booked_at) "
            "VALUES ($1, $2, $3, 'booked', 'web', 'test', now())",
            [(one.id, slot, place) for slot in house.slots for place, one in enumerate(people, 1)],
        )


def address(text: str, part: str) -> tuple[str, str]:
    """Id of an element whose id begins so, and what it, or the button in it, fetches."""
    found = re.search(rf'id="({part}[^"]*)"(?:[^>]*>\s*<button)?[^>]*? hx-get="([^"]+)"', text)
    assert found is not None, text[:2000]
    return found[1], found[2].replace("&amp;", "&")


async def test_a_long_day_says_how_long_it_is_and_goes_on(house: House) -> None:
    await crowd(house)
    async with await house.browser("agent1", "agent") as agent:
        _, first = await agent.get(DAY)
        assert '<strong class="num">120</strong>' in first
        more, path = address(first, "day-more-")
        _, second = await agent.get(path, **{"HX-Target": more})
        assert (len(SHOWN.findall(first)), len(SHOWN.findall(second))) == (100, 20)
        assert set(SHOWN.findall(first)).isdisjoint(SHOWN.findall(second))
        assert ("<html" in second, "day-more-" in second, "page-title-row" in second) == (False, False, False)
        for text in (first, second):
            part, path = address(text, "day")
            _, again = await agent.get(path, **{"HX-Target": part})
            assert SHOWN.findall(again) == SHOWN.findall(text)
            assert (f'id="{part}"' in again, "day-more-" in again) == (True, False)
    assert [row for row in await house.audit() if row[1] == "list appointments"] == [
        ("agent1", "list appointments", "done")
    ] * 2


@pytest.mark.parametrize("query", ["after=x", "until=!", "status=lost", "practitioner=x"])
async def test_what_is_no_place_of_the_list_is_refused(house: House, query: str) -> None:
    async with await house.browser("agent1", "agent") as agent:
        assert (await agent.get(f"{DAY}&{query}"))[0] == 422


async def test_nobody_moves_another_patients_appointment_by_its_number(house: House) -> None:
    await house.sessions(capacity=1)
    one, other = await house.patient(), await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent:
        await agent.post("/appointments", {"patient_id": str(one.id), "slot_id": str(house.slots[0])})
        assert (await agent.get(f"/patients/{other.id}/book?move=1"))[0] == 404
        assert (await agent.get(f"/patients/{one.id}/book?move=1"))[0] == 200


async def test_who_books_too_much_for_one_patient_reads_why_and_sees_other_days(house: House) -> None:
    await house.sessions(capacity=1)
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        for slot in house.slots[:3]:
            wish = {"patient_id": str(patient.id), "slot_id": str(slot)}
            assert (await agent.post("/appointments", wish))[0] == 200
        assert 'name="slot_id"' not in (await agent.get(f"/patients/{patient.id}/book"))[1]
        status, text = await agent.post("/appointments", wish | {"slot_id": str(house.slots[3])})
        assert (status, "as many appointments on that day" in text) == (409, True)
        assert 'name="slot_id"' not in text
        _, text = await agent.get(f"/patients/{patient.id}/book?move=1")
        assert re.findall(r'name="slot_id" value="(\d+)"', text) == [str(house.slots[3])]
