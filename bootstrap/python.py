"""The virtual environment and what is in it, also where Debian's python3 has neither ensurepip nor pip."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bootstrap.steps import CHECKOUT, VENV, digest, forget_stamps, run
from telephony.provision import debian, roots
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import Report

PYTHON = VENV / "bin" / "python"
REQUIREMENTS = CHECKOUT / "requirements"
PORTION = 8
SIDE_BY_SIDE = 3
WHEEL_PACKAGE = "python3-pip-whl"
COMMAND = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
from server.__main__ import main
main()
"""


def environment_key() -> str:
    """Another Python, another environment."""
    return digest(sys.version_info[:2], VENV)


def environment_is_there() -> bool:
    """Whether its Python runs and is new enough: an upgraded Debian leaves a broken link."""
    return _answer("import sys; print(sys.version_info >= (3, 11))") == "True"


def make_environment(report: Report) -> None:
    """A new one without pip; an old one that does not run is replaced."""
    if environment_is_there():
        return
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
        raise ProvisionError(f"{VENV} is not a virtual environment", mend=f"Move {VENV} away.")
    report("making .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise ProvisionError(
            f"{sys.executable} cannot make a virtual environment: {done.stderr.strip()[-300:]}",
            mend="Install Debian's python3, or name another: make PYTHON=/path/to/python3.11",
        )
    forget_stamps()


def pip_is_there() -> bool:
    """Whether the environment has pip."""
    return _answer("import pip; print(1)") == "1"


def add_pip(cache: Path, report: Report) -> None:
    """From Python itself, else from Debian's package, verified by apt."""
    if pip_is_there():
        return
    log = cache / "logs" / "pip.log"
    if importlib.util.find_spec("ensurepip"):
        run([PYTHON, "-m", "ensurepip"], report, log=log)
        return
    wheel = _debian_wheel(cache, report)
    run([PYTHON, wheel / "pip", "install", "--no-index", "--no-deps", wheel], report, log=log)


def _debian_wheel(cache: Path, report: Report) -> Path:
    folder = cache / "pip-wheel"
    with roots.locked(cache / "pip-wheel.lock", report):
        if not folder.exists():
            mirror = debian.own_mirror()
            apt = debian.Apt(cache / "apt" / "pip", mirror, debian.architecture())
            report(f"reading the package lists of {mirror.suite}")
            apt.prepare()
            report(f"downloading {WHEEL_PACKAGE}")
            deb = apt.download_alone(WHEEL_PACKAGE, apt.state / "alone")
            partial = cache / "pip-wheel.partial"
            shutil.rmtree(partial, ignore_errors=True)
            debian.unpack([deb], partial)
            partial.rename(folder)
            shutil.rmtree(apt.state, ignore_errors=True)
    return next(folder.glob("usr/share/python-wheels/pip-*.whl"))


def packages_key(name: str) -> str:
    """The lock file and the Python it is for."""
    return digest(environment_key(), files=[REQUIREMENTS / f"{name}.txt"])


def install(name: str, cache: Path, report: Report, *, target: Path | None = None) -> None:
    """What the lock file names, each checked against its hash; nothing is built. Finished downloads are kept."""
    lock = REQUIREMENTS / f"{name}.txt"
    wheels = cache / "wheels"
    wheels.mkdir(exist_ok=True)
    _download(lock, wheels, cache, report)
    report("installing")
    command: list[str | Path] = [*_pip("install"), "--no-index", "--find-links", wheels, "-r", lock]
    command += ["--no-warn-script-location"]
    if target:
        command += ["--target", target]
    run(command, report, log=cache / "logs" / f"packages-{name}.log", env={"PYTHONDONTWRITEBYTECODE": ""})


def _pip(action: str) -> list[str | Path]:
    options = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input")
    return [PYTHON, "-m", "pip", action, *options, "--progress-bar", "off"]


def _download(lock: Path, wheels: Path, cache: Path, report: Report) -> None:
    """A few at a time, some side by side: a run that breaks off goes on where it was."""
    ours = "-".join(map(str, sys.version_info[:2]))
    with tempfile.TemporaryDirectory(prefix="hcrm-lock-") as folder:
        waiting: list[tuple[Path, Path]] = []
        for text in _portions(lock):
            done = wheels / f".done-{ours}-{digest(text)}"
            if not done.exists():
                portion = Path(folder) / f"{done.name}.txt"
                portion.write_text(text)
                waiting.append((portion, done))
        log = cache / "logs"
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(lambda one: _download_portion(one[0], one[1], wheels, log, report), waiting))


def _download_portion(portion: Path, done: Path, wheels: Path, log: Path, report: Report) -> None:
    command: list[str | Path] = [*_pip("download"), "--dest", wheels, "-r", portion]
    run(command, report, log=log / f"{portion.stem.lstrip('.')}.log")
    done.touch()


def _portions(lock: Path) -> list[str]:
    """The tests' lock holds the product's, which is fetched already."""
    known = entries(REQUIREMENTS / "run.txt") if lock.stem == "test" else []
    waiting = [entry for entry in entries(lock) if entry not in known]
    return ["".join(waiting[at : at + PORTION]) for at in range(0, len(waiting), PORTION)]


def entries(lock: Path) -> list[str]:
    """One text per library: its version and its hashes."""
    found: list[str] = []
    for line in lock.read_text("utf-8").splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            found.append("")
        found[-1] += line
    return found


def packages_are_there(*modules: str) -> bool:
    """Whether these can be found, without importing them."""
    code = "import importlib.util as u, sys; print(all(u.find_spec(m) for m in sys.argv[1:]))"
    return _answer(code, *modules) == "True"


def command_key() -> str:
    """A checkout that was moved needs it anew."""
    return digest(CHECKOUT, COMMAND, environment_key())


def command_is_there() -> bool:
    """Whether `hcrm` is there."""
    return os.access(VENV / "bin" / "hcrm", os.X_OK)


def write_command(_: Report) -> None:
    """`.venv/bin/hcrm`, and the checkout on the environment's path."""
    places = json.loads(_answer("import json, site; print(json.dumps(site.getsitepackages()))") or "[]")
    (Path(places[0]) / "hcrm.pth").write_text(f"{CHECKOUT}\n", "utf-8")
    command = VENV / "bin" / "hcrm"
    command.write_text(COMMAND.format(python=PYTHON), "utf-8")
    command.chmod(0o755)


def _answer(code: str, *words: str) -> str:
    try:
        done = subprocess.run(
            [PYTHON, "-c", code, *words], capture_output=True, text=True, timeout=60, check=False, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
