"""The hospital phones patients about their appointments. The simulated carrier answers by the number's last digit."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.acceptance import people
from tests.acceptance.hospital import Hospital
from tests.acceptance.people import Anyone
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

COMES, CANNOT_COME, MAILBOX, BUSY, NOBODY_HOME, NO_SUCH_NUMBER = "1", "2", "5", "6", "7", "9"
WITHIN_S = 120.0
AGAIN_MIN = {"busy": 10, "no_answer": 120, "machine": 180}  # dialer/retry.py


@pytest.fixture(scope="module")
def reminded(demo: Hospital) -> dict[str, dict[str, Any]]:
    """One appointment for each kind of telephone, all reminded at once: the appointment by last digit."""
    demo.await_well()
    return asyncio.run(_remind_all(demo))


async def _remind_all(demo: Hospital) -> dict[str, dict[str, Any]]:
    api = demo.api
    free = await people.free_patients(api)
    slots = [slot for slot in await _days_ahead(demo) if slot["free"]]
    booked = {}
    for digit, slot in zip((COMES, CANNOT_COME, MAILBOX, BUSY, NOBODY_HOME, NO_SUCH_NUMBER), slots, strict=False):
        patient: Anyone = people.with_last_digit(free, digit)[0]
        order = {"patient_id": patient.id, "slot_id": slot["id"], "channel": "api"}
        booked[digit] = await api.post("/appointments", order)
        said = await api.post(f"/appointments/{booked[digit]['id']}/remind", {"channel": "call"})
        assert said["channel"] == "call"
        again = await api.ask("POST", f"/appointments/{booked[digit]['id']}/remind", body={"channel": "call"})
        assert (again.status, again.json["rule"]) == (409, "attempt_open")  # nobody is called twice for one wish
    return booked


async def _days_ahead(demo: Hospital) -> list[dict[str, Any]]:
    """So late that a retry in three hours still makes sense."""
    now = datetime.now(UTC).timestamp()
    later = [
        slot
        for slot in await people.free_slots(demo.api, from_=datetime.fromtimestamp(now + 3 * 86_400, UTC).isoformat())
        if slot["capacity"] > 1
    ]
    return later[:: max(1, len(later) // 8)]


async def attempts(hospital: Hospital, appointment: dict[str, Any]) -> list[asyncpg.Record]:
    return await hospital.ask_database(
        "SELECT number, state, result, not_before, ended_at FROM dial_attempt "
        "WHERE appointment_id = $1 ORDER BY number",
        appointment["id"],
    )


async def first_is_over(hospital: Hospital, appointment: dict[str, Any]) -> list[asyncpg.Record]:
    async def over() -> list[asyncpg.Record]:
        found = await attempts(hospital, appointment)
        return found if found and found[0]["state"] not in ("planned", "dialing", "answered") else []

    found: list[asyncpg.Record] = await eventually(over, within_s=WITHIN_S, every_s=0.5, what="the end of the call")
    return found


async def status_becomes(hospital: Hospital, appointment: dict[str, Any], status: str) -> dict[str, Any]:
    async def as_wished() -> dict[str, Any]:
        now: dict[str, Any] = await hospital.api.get(f"/appointments/{appointment['id']}")
        return now if now["status"] == status else {}

    found: dict[str, Any] = await eventually(as_wished, within_s=WITHIN_S, every_s=0.5, what=status)
    return found


async def test_who_presses_one_has_confirmed(hospital: Hospital, reminded: dict[str, dict[str, Any]]) -> None:
    confirmed = await status_becomes(hospital, reminded[COMES], "confirmed")
    assert confirmed["confirmed_at"]
    (attempt,) = await first_is_over(hospital, reminded[COMES])
    assert (attempt["state"], attempt["result"]) == ("done", "human")

    async def recorded() -> dict[str, Any] | None:
        return next((one for one in await _calls_out(hospital, reminded[COMES]) if one["recording_id"]), None)

    call = await eventually(recorded, every_s=0.5, what="the recording of the reminder")
    assert call["path"]


async def _calls_out(hospital: Hospital, appointment: dict[str, Any]) -> list[dict[str, Any]]:
    patient = await hospital.api.get(f"/patients/{appointment['patient_id']}")
    found: list[dict[str, Any]] = (await hospital.api.get("/calls", caller=patient["phones"][0], direction="out"))[
        "items"
    ]
    return [call for call in found if call["started_at"] >= appointment["booked_at"]]


async def test_who_presses_two_frees_the_place(hospital: Hospital, reminded: dict[str, dict[str, Any]]) -> None:
    before = reminded[CANNOT_COME]["slot"]
    await status_becomes(hospital, reminded[CANNOT_COME], "cancelled")
    now = await people.free_slots(hospital.api, practitioner=before["practitioner_id"])
    (slot,) = [slot for slot in now if slot["id"] == before["id"]]
    assert slot["free"] >= 1


@pytest.mark.parametrize(
    ("digit", "result"), [(BUSY, "busy"), (NOBODY_HOME, "no_answer"), (MAILBOX, "machine")], ids=["busy", "away", "box"]
)
async def test_who_is_not_reached_is_tried_again_later(
    hospital: Hospital, reminded: dict[str, dict[str, Any]], digit: str, result: str
) -> None:
    first, *more = await first_is_over(hospital, reminded[digit])
    assert (first["state"], first["result"]) == ("done", result)
    (second,) = more
    assert (second["number"], second["state"]) == (2, "planned")
    waits_min = (second["not_before"] - first["ended_at"]).total_seconds() / 60
    assert AGAIN_MIN[result] - 1 <= waits_min
    assert (await hospital.api.get(f"/appointments/{reminded[digit]['id']}"))["status"] == "booked"


async def test_a_number_that_does_not_exist_is_no_confirmation(
    hospital: Hospital, reminded: dict[str, dict[str, Any]]
) -> None:
    first, *_ = await first_is_over(hospital, reminded[NO_SUCH_NUMBER])
    assert (first["state"], first["result"]) == ("done", "failed")
    assert (await hospital.api.get(f"/appointments/{reminded[NO_SUCH_NUMBER]['id']}"))["status"] == "booked"
