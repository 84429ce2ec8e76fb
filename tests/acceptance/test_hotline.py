"""Patients phone 4000 with SIPp, a telephone that is not ours, and press keys."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import people, sipp, sound
from tests.acceptance.api import Api
from tests.acceptance.hospital import Hospital
from tests.asterisk.phone import phone
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

SPEAKS_UNTIL_S, QUIET_FROM_S = 1.25, 3.5
BY_DIGITS = {"every_ms": 1200}


@dataclass(frozen=True, slots=True)
class Phoned:
    """How a call went: SIPp's exit status, the call log's entry, what this patient is booked for since."""

    status: int
    call: dict[str, Any]
    booked: list[dict[str, Any]]


SILENT = "silent"


@pytest.fixture(scope="module")
def phoned(demo: Hospital, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Phoned]:
    """Four patients at once: known, in English, from a telephone nobody knows, and one who says and presses nothing."""
    demo.await_well()
    return asyncio.run(_phone_at_once(demo, tmp_path_factory.mktemp("sipp")))


async def _phone_at_once(demo: Hospital, folder: Path) -> dict[str, Phoned]:
    card = [*sipp.keys(people.LI_CARD, **BY_DIGITS), *sipp.keys("#", **BY_DIGITS)]
    steps: dict[str, list[sipp.Step]] = {
        people.ZHANG: [sipp.Speak(), *sipp.keys("1111")],
        people.ENGLISH: sipp.keys("91211"),  # another department: nobody else wants the same slot at the same moment
        people.STRANGER: [*sipp.keys("1"), *card, *sipp.keys(people.LI_BORN, **BY_DIGITS), *sipp.keys("111")],
    }
    began = datetime.now(UTC)
    calls = [sipp.call(demo.sip, who, what, folder) for who, what in steps.items()]
    silent, *done = await asyncio.gather(_stay_silent(demo), *calls)
    found = {SILENT: Phoned(0, silent, [])}
    for caller, status in zip(steps, done, strict=True):
        whose = people.LI if caller == people.STRANGER else caller
        found[caller] = Phoned(status, await demo.api.call_of(caller), await _booked(demo.api, whose, began))
    return found


async def _stay_silent(demo: Hospital) -> dict[str, Any]:
    """The call as the log shows it once this caller waits for a person."""
    caller = (await people.free_patients(demo.api))[0].phone
    async with phone(demo.sip, caller) as patient:
        line = await patient.call("4000")

        async def queued() -> dict[str, Any]:
            call = await demo.api.call_of(caller)
            return call if call.get("state") == "queued" else {}

        call: dict[str, Any] = await eventually(queued, within_s=110, every_s=0.5, what="the queue")
        assert line.is_up
        return call


async def _booked(api: Api, number: str, since: datetime) -> list[dict[str, Any]]:
    (patient,) = (await api.get("/patients", phone=number))["items"]
    found = await api.items("/appointments", patient_id=patient["id"])
    return [one for one in found if datetime.fromisoformat(one["booked_at"]) >= since]


def _in_order(path: list[str], *nodes: str) -> bool:
    rest = iter(path)
    return all(node in rest for node in nodes)


def test_a_known_caller_is_greeted_by_name_and_books_with_four_times_one(phoned: dict[str, Phoned]) -> None:
    done = phoned[people.ZHANG]
    assert done.status == 0
    (booked,) = done.booked
    assert (booked["status"], booked["channel"]) == ("booked", "ivr")
    assert (done.call["direction"], done.call["did"], done.call["state"]) == ("in", "4000", "ended")
    assert done.call["patient_id"] == booked["patient_id"]
    assert done.call["caller"] == "+8613800138000"
    path = done.call["path"]
    assert _in_order(path, "recognise", "greet_by_name", "main", "who_books", "book", "anything_else", "goodbye"), path


def test_the_same_in_english_after_nine(phoned: dict[str, Phoned]) -> None:
    done = phoned[people.ENGLISH]
    assert done.status == 0
    assert [(one["status"], one["channel"]) for one in done.booked] == [("booked", "ivr")]
    assert done.call["language"] == "en"
    assert _in_order(done.call["path"], "main", "to_english", "main", "book", "goodbye"), done.call["path"]


def test_an_unknown_caller_books_by_card_number_and_date_of_birth(phoned: dict[str, Phoned]) -> None:
    done = phoned[people.STRANGER]
    assert done.status == 0, done.call
    assert [(one["status"], one["channel"]) for one in done.booked] == [("booked", "ivr")]
    assert done.call["caller"] == f"+86{people.STRANGER}"
    assert done.call["patient_id"] == done.booked[0]["patient_id"]
    assert _in_order(done.call["path"], "greet", "main", "who_books", "book", "goodbye"), done.call["path"]
    assert "greet_by_name" not in done.call["path"]


async def _recording_of(api: Api, call_id: str) -> str:
    async def stored() -> str | None:
        found: str | None = (await api.get(f"/calls/{call_id}"))["recording_id"]
        return found

    return str(await eventually(stored, every_s=0.3, what="the recording"))


async def test_the_recording_plays_with_both_sides_where_they_spoke(
    hospital: Hospital, phoned: dict[str, Phoned]
) -> None:
    api = hospital.api
    recording = await _recording_of(api, phoned[people.ZHANG].call["id"])
    known = await api.get(f"/recordings/{recording}")
    assert (known["channels"], known["kind"]) == (2, "call")
    audio = await api.ask("GET", f"/recordings/{recording}/audio")
    assert (audio.status, audio.headers["Content-Type"], len(audio.body)) == (200, "audio/wav", known["size_bytes"])
    both = sound.sides(audio.body)
    assert both.share_loud(both.patient, 0.0, SPEAKS_UNTIL_S) > 0.9  # SIPp spoke as soon as it was connected
    assert both.share_loud(both.patient, QUIET_FROM_S) < 0.05  # and only pressed keys afterwards
    assert both.share_loud(both.hospital, 0.5) > 0.6  # menus, times, goodbye


async def test_the_recording_plays_from_the_middle(hospital: Hospital, phoned: dict[str, Phoned]) -> None:
    api = hospital.api
    recording = await _recording_of(api, phoned[people.ENGLISH].call["id"])
    whole = (await api.ask("GET", f"/recordings/{recording}/audio")).body
    part = await api.ask("GET", f"/recordings/{recording}/audio", headers={"Range": "bytes=100000-100999"})
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes 100000-100999/{len(whole)}")
    assert part.body == whole[100_000:101_000]
    end = await api.ask("GET", f"/recordings/{recording}/audio", headers={"Range": f"bytes={len(whole) - 500}-"})
    assert (end.status, end.body) == (206, whole[-500:])
    beyond = await api.ask("GET", f"/recordings/{recording}/audio", headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status == 416


async def test_each_play_is_in_the_audit(hospital: Hospital, phoned: dict[str, Phoned]) -> None:
    recording = await _recording_of(hospital.api, phoned[people.ZHANG].call["id"])
    played = "SELECT count(*) FROM audit WHERE action = 'play recording' AND subject_id = $1 AND actor_kind = 'token'"
    (before,) = await hospital.ask_database(played, recording)
    await hospital.api.ask("GET", f"/recordings/{recording}/audio")
    (after,) = await hospital.ask_database(played, recording)
    assert after[0] > before[0]


def test_three_silences_reach_the_queue(phoned: dict[str, Phoned]) -> None:
    done = phoned[SILENT]
    assert done.call["state"] == "queued"
    assert done.call["path"][-2:] == ["main", "operators"]
    assert done.booked == []
