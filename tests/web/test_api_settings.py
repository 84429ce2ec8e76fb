"""What the hospital has set, as programs read it and people change it."""

import pytest

from tests.web.api_client import client
from tests.web.house import House

pytestmark = pytest.mark.web

HOURS, RULES = "/contact-hours", "/booking-rules"


async def test_a_program_reads_the_settings_and_changes_none(house: House) -> None:
    async with client(house) as api:
        status, hours = await api.get(HOURS)
        assert (status, hours["care"]["mon"], hours["marketing"]["holiday"]) == (200, "08:00-20:30", "09:00-19:00")
        assert await api.get(RULES) == (200, {"most_a_day": 3, "version": 1})
        del hours["version"]
        assert (await api.ask("PUT", HOURS, hours))[0] == 403
        assert (await api.ask("PUT", RULES, {"most_a_day": 5}))[0] == 403


async def test_a_supervisor_sets_hours_by_day_unless_somebody_else_has_meanwhile(house: House) -> None:
    async with client(house, "supervisor") as api:
        _status, hours = await api.get(HOURS)
        del hours["version"]
        hours["care"] |= {"sat": "00:00-24:00", "sun": None}
        status, now = await api.ask("PUT", HOURS, hours)
        assert (status, now) == (200, hours | {"version": 2})
        async with api.http.put(api.base + HOURS, json=hours, headers={"If-Match": '"1"'}) as stale:
            assert stale.status == 412
        for wrong in ("20:00-08:00", "08:00-24:01", "8-20", "24:00-24:00"):
            hours["care"]["mon"] = wrong
            assert (await api.ask("PUT", HOURS, hours))[0] == 422
        closed = dict.fromkeys(hours["care"])
        assert (await api.ask("PUT", HOURS, hours | {"care": closed}))[0] == 422
        assert (await api.get(HOURS))[1]["version"] == 2


async def test_a_supervisor_sets_how_many_appointments_a_day_a_patient_may_have(house: House) -> None:
    async with client(house, "supervisor") as api:
        assert await api.ask("PUT", RULES, {"most_a_day": 1}) == (200, {"most_a_day": 1, "version": 2})
        assert await api.ask("PUT", RULES, {"most_a_day": 1}) == (200, {"most_a_day": 1, "version": 2})
        for wrong in (0, 101, "2", None):
            assert (await api.ask("PUT", RULES, {"most_a_day": wrong}))[0] == 422
        patient, slots = await house.patient(), await house.sessions()
        first, second = [
            await api.post("/appointments", {"patient_id": patient.id, "slot_id": slot}) for slot in slots[:2]
        ]
        assert (first[0], second[0], second[1]["code"]) == (201, 409, "too_many_that_day")
