"""A whole hospital as `make run` starts it: ready, kept alive, and gone without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import config as configuration
from server import processes
from server.config import Config
from tests import ports
from tests.acceptance.hospital import settings as hospital_on
from tests.soon import soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

CHECKOUT = Path(__file__).parents[2]
READY_S = 240.0
END_S = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[dict[str, str]]:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    with ports.row() as first_port:
        yield hospital_on(tmp_path / "home", first_port)


class Hospital:
    """`hcrm demo` in a process of its own."""

    def __init__(self, settings: dict[str, str], out: Path) -> None:
        self.settings, self.out = settings, out
        self.config: Config = configuration.load(settings)
        with out.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server", "demo"],
                cwd=CHECKOUT,
                env=settings,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def said(self) -> str:
        return self.out.read_text()

    def await_ready(self) -> None:
        soon(self._is_ready, within_s=READY_S, every_s=0.2, what=self.out)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        return "hcrm ready: http://127.0.0.1:" in self.said()

    def children(self) -> dict[str, int]:
        rows = json.loads((self.config.places.home / "processes.json").read_text())
        return {name: pid for name, (pid, _) in rows.items()}

    def parts(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.config.ports.http}/api/v1/status"
        with urllib.request.urlopen(address, timeout=5) as answer:
            parts: dict[str, str] = json.load(answer)["parts"]
        return parts

    def stop(self, number: signal.Signals) -> float:
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - began


@pytest.fixture
def hospital(settings: dict[str, str], tmp_path: Path) -> Iterator[Hospital]:
    hospital = Hospital(settings, tmp_path / "out")
    yield hospital
    if hospital.process.poll() is None:
        hospital.process.terminate()
        hospital.process.wait(60)


def await_gone(pids: list[int], limit_s: float) -> None:
    soon(lambda: all(processes.began(pid) is None for pid in pids), within_s=limit_s, what=pids)


def test_a_hospital_is_ready_survives_its_server_and_leaves_nothing(
    hospital: Hospital, settings: dict[str, str], tmp_path: Path
) -> None:
    hospital.await_ready()
    assert hospital.said().count("hcrm ready") == 1
    assert set(hospital.parts().values()) == {"ok"}
    assert "admin" in hospital.config.places.logins.read_text()
    children = hospital.children()
    assert set(children) == {"asterisk", "carrier", "gsm", "postgres", "serve"}
    _services_are_not_root(children)

    second = subprocess.run(
        [sys.executable, "-m", "server", "demo"],
        cwd=CHECKOUT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"already running in {settings['HCRM_HOME']} (process {hospital.process.pid})" in second.stderr

    os.kill(children["serve"], signal.SIGKILL)
    await_gone([children["serve"]], 10)
    soon(lambda: _is_well(hospital))
    children = hospital.children()

    assert hospital.stop(signal.SIGINT) < END_S
    assert hospital.process.returncode == 0
    await_gone(list(children.values()), 1)
    assert not hospital.config.places.modem.is_symlink()
    _killed_run_is_cleaned_up(settings, tmp_path)


def _services_are_not_root(children: dict[str, int]) -> None:
    owners = {name: Path(f"/proc/{pid}").owner() for name, pid in children.items()}
    expected = ("hcrm-asterisk", "hcrm-asterisk", "hcrm-postgres") if os.geteuid() == 0 else (owners["serve"],) * 3
    assert (owners["asterisk"], owners["carrier"], owners["postgres"]) == expected


def _is_well(hospital: Hospital) -> bool:
    try:
        return set(hospital.parts().values()) == {"ok"}
    except OSError:
        return False


def _killed_run_is_cleaned_up(settings: dict[str, str], tmp_path: Path) -> None:
    killed = Hospital(settings, tmp_path / "killed")
    killed.await_ready()
    assert "logins" not in killed.said()
    children = killed.children()
    killed.stop(signal.SIGKILL)
    again = Hospital(settings, tmp_path / "again")
    try:
        again.await_ready()
        await_gone(list(children.values()), 1)
        assert set(again.parts().values()) == {"ok"}
    finally:
        assert again.stop(signal.SIGTERM) < END_S
