"""Starting again, being killed, being stopped: the data stays, processes do not."""

import os
import signal

import pytest

from server import processes
from tests.acceptance import people
from tests.acceptance.hospital import END_S, PARTS, READY_AGAIN_S, Hospital
from tests.soon import soon

pytestmark = pytest.mark.asterisk


async def _booked(hospital: Hospital) -> dict[str, object]:
    slot = (await people.free_slots(hospital.api))[-1]
    patient = (await people.free_patients(hospital.api))[0]
    order = {"patient_id": patient.id, "slot_id": slot["id"], "channel": "api"}
    made: dict[str, object] = await hospital.api.post("/appointments", order)
    return made


def _quickest_start(hospital: Hospital) -> float:
    """Of two at most: the other tests of the run may have had the processors during the first."""
    took_s = hospital.start(within_s=60)
    if took_s < READY_AGAIN_S:
        return took_s
    hospital.stop()
    return hospital.start(within_s=60)


async def test_after_an_interrupt_nothing_runs_and_the_next_start_is_quick_and_has_the_data(hospital: Hospital) -> None:
    made = await _booked(hospital)
    everyone = hospital.everyone()
    assert {hospital.pid(name) for name in PARTS} <= everyone
    assert hospital.stop(signal.SIGINT) < END_S
    assert hospital.process
    assert hospital.process.returncode == 0
    assert not [pid for pid in everyone if processes.began(pid)]
    assert not hospital.config.places.modem.is_symlink()
    assert _quickest_start(hospital) < READY_AGAIN_S
    assert (await hospital.api.get(f"/appointments/{made['id']}"))["status"] == "booked"
    assert "logins" not in hospital.said()


async def test_a_start_after_the_supervisor_was_killed_cleans_up(hospital: Hospital) -> None:
    made = await _booked(hospital)
    left = hospital.everyone()
    assert hospital.process
    os.kill(hospital.process.pid, signal.SIGKILL)
    hospital.process.wait(60)
    hospital.start(within_s=60)
    soon(lambda: not [pid for pid in left if processes.began(pid)], what="what the kill left")
    assert hospital.unwell() == {}
    assert (await hospital.api.get(f"/appointments/{made['id']}"))["status"] == "booked"
