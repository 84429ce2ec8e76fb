"""Starting again, being killed, being stopped: the data stays, processes do not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server import processes
from tests.acceptance import people
from tests.acceptance.hospital import CHECKOUT, END_S, PARTS, READY_AGAIN_S, Hospital
from tests.soon import soon

pytestmark = pytest.mark.asterisk


async def _booked(hospital: Hospital) -> dict[str, object]:
    slot = (await people.free_slots(hospital.api))[-1]
    patient = (await people.free_patients(hospital.api))[0]
    order = {"patient_id": patient.id, "slot_id": slot["id"], "channel": "api"}
    made: dict[str, object] = await hospital.api.post("/appointments", order)
    return made


def test_it_says_once_that_it_is_ready_and_its_services_are_not_root(hospital: Hospital) -> None:
    assert hospital.said().count("hcrm ready") == 1
    owners = {name: Path(f"/proc/{hospital.pid(name)}").owner() for name in PARTS}
    ours = "hcrm-asterisk", "hcrm-asterisk", "hcrm-postgres"
    expected = ours if os.geteuid() == 0 else (owners["serve"],) * 3
    assert (owners["asterisk"], owners["carrier"], owners["postgres"]) == expected


def test_a_second_one_in_the_same_home_is_refused_and_told_who_runs(hospital: Hospital) -> None:
    command = [sys.executable, "-m", "server", "demo"]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=hospital.settings, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 1
    assert hospital.process
    assert f"already running in {hospital.home} (process {hospital.process.pid})" in done.stderr


async def test_after_an_interrupt_nothing_runs_and_the_next_start_is_quick_and_has_the_data(hospital: Hospital) -> None:
    made = await _booked(hospital)
    everyone = hospital.everyone()
    assert {hospital.pid(name) for name in PARTS} <= everyone
    assert hospital.stop(signal.SIGINT) < END_S
    assert hospital.process
    assert hospital.process.returncode == 0
    assert not [pid for pid in everyone if processes.began(pid)]
    assert not hospital.config.places.modem.is_symlink()
    hospital.start(within_s=READY_AGAIN_S)
    assert (await hospital.api.get(f"/appointments/{made['id']}"))["status"] == "booked"
    assert "logins" not in hospital.said()


async def test_a_start_after_the_supervisor_was_killed_cleans_up(hospital: Hospital) -> None:
    made = await _booked(hospital)
    left = hospital.everyone()
    assert hospital.process
    os.kill(hospital.process.pid, signal.SIGKILL)
    hospital.process.wait(60)
    hospital.start(within_s=READY_AGAIN_S)
    soon(lambda: not [pid for pid in left if processes.began(pid)], what="what the kill left")
    assert hospital.unwell() == {}
    assert (await hospital.api.get(f"/appointments/{made['id']}"))["status"] == "booked"
