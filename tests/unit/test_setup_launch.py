"""How programs are started: as whom, what they reach, and that they end with us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server import launch, launcher, processes
from server.launch import Program
from telephony.provision.errors import ProvisionError
from tests.soon import soon

pytestmark = pytest.mark.unit

CHECKOUT = Path(__file__).parents[2]
LONG = ("sleep", "600")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up root")


def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time; from server import launch\n"
        "child = launch.start(launch.Program(name='long', argv=('sleep', '600')), pathlib.Path(sys.argv[1]))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        child = int(supervisor.stdout.readline())
        soon(lambda: Path(f"/proc/{child}/comm").read_text().strip() == "sleep")
        supervisor.kill()
    soon(lambda: processes.began(child) is None)


def test_a_program_is_stopped_politely_and_killed_when_deaf(tmp_path: Path) -> None:
    polite = Program(name="polite", argv=LONG)
    process = launch.start(polite, tmp_path / "log")
    launch.stop(process, polite)
    assert process.returncode == -signal.SIGTERM
    deaf = Program(name="deaf", argv=("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 600; done"))
    process = launch.start(deaf, tmp_path / "deaf.log")
    soon(lambda: "deaf" in (tmp_path / "deaf.log").read_text())
    launch.stop(process, deaf, grace_s=0.2)
    assert process.returncode == -signal.SIGKILL


def test_a_service_sees_nothing_of_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HCRM_DATABASE_URL", "postgresql://me:hush@db/x")
    program = Program(name="env", argv=("env",), env={"TZ": "Asia/Shanghai"})
    process = launch.start(program, tmp_path / "log")
    assert process.wait(60) == 0
    seen = (tmp_path / "log").read_text()
    assert "hush" not in seen
    assert "TZ=Asia/Shanghai" in seen


def test_a_program_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="No such file"):
        launch.run(Program(name="ghost", argv=("/nowhere/ghost",)), timeout_s=20)


@needs_root
def test_a_service_gives_up_root_for_good_and_still_dies_with_us(tmp_path: Path) -> None:
    user = launch.ServiceUser("nobody", 65534, 65534)
    program = Program(name="id", argv=("sh", "-c", "id -u; id -G; grep CapEff /proc/self/status"), user=user)
    process = launch.start(program, tmp_path / "log")
    assert process.wait(60) == 0
    assert (tmp_path / "log").read_text().split() == ["65534", "65534", "CapEff:", "0000000000000000"]


@needs_root
@pytest.mark.skipif(not launcher.may_uncover(), reason="no mount namespace here; set-up then keeps its folders in /var")
def test_a_service_reaches_its_files_beneath_a_closed_folder_and_nothing_else_there(tmp_path: Path) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    closed = tmp_path / "closed"
    needed, private = closed / "deep" / "needed", closed / "private"
    for folder in (needed, private):
        folder.mkdir(parents=True)
    user = launch.ServiceUser("nobody", 65534, 65534)
    launch.own(needed, user)
    closed.chmod(0o700)
    for folder in tmp_path.parents[:-2]:
        folder.chmod(folder.stat().st_mode | 0o011)
    program = Program(
        name="reach", argv=("sh", "-c", f"echo hello > {needed}/file; ls {closed}"), user=user, reach=(needed,)
    )
    launch.require_reach(program)
    process = launch.start(program, tmp_path / "log")
    assert process.wait(60) == 0
    assert (needed / "file").read_text() == "hello\n"
    assert (tmp_path / "log").read_text().split() == ["deep"]
    assert Path("/proc/self/mounts").read_text() == mounts
    assert closed.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_run_left_is_found_by_pid_and_birth_never_by_pid_alone(tmp_path: Path) -> None:
    left, stranger = (subprocess.Popen(LONG, start_new_session=True) for _ in range(2))
    try:
        book = processes.Book(tmp_path / "book.json")
        book.write("left", left.pid)
        book.path.write_text(f'{{"left": [{left.pid}, {processes.began(left.pid)}], "stranger": [{stranger.pid}, 1]}}')
        assert processes.Book(book.path).sweep() == ["left"]
        assert left.wait(60) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait(60)
