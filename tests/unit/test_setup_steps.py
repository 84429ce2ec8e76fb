"""Steps of set-up are done once, and say which failed and how to mend it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import openness, plan, python, steps
from bootstrap.steps import Step
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import Report

pytestmark = pytest.mark.unit

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(steps, "STAMPS", tmp_path / "stamps.json")
    return tmp_path / "cache"


def step(made: Path, inputs: Path, fault: Exception | None = None) -> Step:
    def do(report: Report) -> None:
        report("working")
        if fault:
            raise fault
        made.write_text(made.read_text() + "x" if made.exists() else "x")

    return Step(name="a thing", key=inputs.read_text, is_there=made.exists, do=do, mend="Do it by hand.")


def test_a_step_is_done_once_and_again_when_its_inputs_or_its_result_change(cache: Path, tmp_path: Path) -> None:
    made, inputs = tmp_path / "made", tmp_path / "inputs"
    inputs.write_text("1")
    for _ in range(3):
        steps.perform([step(made, inputs)], cache=cache)
    assert made.read_text() == "x"
    inputs.write_text("2")
    steps.perform([step(made, inputs)], cache=cache)
    assert made.read_text() == "xx"
    made.unlink()
    steps.perform([step(made, inputs)], cache=cache)
    assert made.read_text() == "x"


def test_a_step_that_fails_is_named_and_done_by_the_next_run(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, inputs = tmp_path / "made", tmp_path / "inputs"
    inputs.write_text("1")
    with pytest.raises(ProvisionError, match='step "a thing": No space') as caught:
        steps.perform([step(made, inputs, ProvisionError("No space", mend="Free some."))], cache=cache)
    steps.complain(caught.value)
    assert "How to mend it: Free some." in capsys.readouterr().err
    with pytest.raises(ProvisionError) as caught:
        steps.perform([step(made, inputs, OSError("broken"))], cache=cache)
    assert caught.value.mend == "Do it by hand."
    steps.perform([step(made, inputs)], cache=cache)
    assert made.exists()


def test_a_program_that_fails_without_network_or_with_a_wrong_hash_says_so(cache: Path, tmp_path: Path) -> None:
    said = {
        "Temporary failure in name resolution": "network",
        "THESE PACKAGES DO NOT MATCH THE HASHES": "do not trust",
        "OSError: [Errno 28] No space left on device": "disk space",
        "something else": "whole output",
    }
    for line, advice in said.items():
        with pytest.raises(ProvisionError) as caught:
            steps.run(["sh", "-c", f"echo '{line}'; exit 1"], lambda _: None, log=tmp_path / "log")
        assert advice in caught.value.mend
        assert line in str(caught.value)


def test_a_cache_that_cannot_be_written_is_told_with_the_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProvisionError) as caught:
        steps.perform([], cache=tmp_path / "file" / "cache")
    assert "HCRM_CACHE" in caught.value.mend


def test_make_run_fetches_nothing_that_only_tests_need() -> None:
    run, test = [one.name for one in plan.for_run()], [one.name for one in plan.for_tests()]
    assert test[: len(run)] == run
    assert {"Python packages for tests", "programs for tests"} == set(test) - set(run)


def test_an_old_python_is_told_what_is_needed() -> None:
    code = "import sys, runpy; sys.version_info = (3, 9, 2); runpy.run_module('bootstrap', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, this is 3.9" in done.stderr


def test_set_up_reads_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, bootstrap.plan, bootstrap.openness\n"
        "files = [str(getattr(module, '__file__', '')) for module in sys.modules.values()]\n"
        "print([file for file in files if 'site-packages' in file])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_lock_is_fetched_in_portions_and_tests_fetch_only_what_they_add() -> None:
    run, test = python.REQUIREMENTS / "run.txt", python.REQUIREMENTS / "test.txt"
    assert "".join(python._portions(run)) == run.read_text() == "".join(python.entries(run))
    added = "".join(python._portions(test))
    assert "pytest==" in added
    assert "aiohttp==" not in added
    assert all(len(re.findall(r"^[a-z]", portion, re.M)) <= python.PORTION for portion in python._portions(run))


def test_the_settings_file_moves_home_and_cache_for_set_up_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hcrm.toml"
    file.write_text('home = "/srv/hospital"\nCACHE = "/srv/cache"\nhttp_port = 8081\n')
    monkeypatch.setenv("HCRM_CONFIG", str(file))
    monkeypatch.setenv("HCRM_CACHE", "/srv/chosen")
    monkeypatch.setenv("HCRM_HOME", "")
    plan.heed_settings_file()
    assert (os.environ["HCRM_HOME"], os.environ["HCRM_CACHE"]) == ("/srv/hospital", "/srv/chosen")
    file.write_text("home = ")
    with pytest.raises(ProvisionError):
        plan.heed_settings_file()


def test_a_folder_only_its_owner_passes_is_closed(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        if folder.owner() == Path.home().owner() or os.geteuid() == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    assert not openness.is_closed(inner)
    (tmp_path / "closed").chmod(0o700)
    assert openness.is_closed(inner)
