"""Programs that hcrm starts: as whom, with what they may reach, and how they end when we do."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server import launcher
from telephony.provision.errors import ProvisionError

CALM = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR")  # all that a service sees of our environment
OPEN_FOLDERS = "Point HCRM_HOME and HCRM_CACHE to folders others may pass through, such as /var/lib/hcrm."


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """A user of the machine that owns nothing but one service's files."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process. `reach`: folders it needs, which may lie in a closed one. `end`: the signal for a clean stop."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # beside the calm part of ours
    inherit: bool = False  # our whole environment instead: for our own Python
    user: ServiceUser | None = None
    reach: tuple[Path, ...] = ()
    end: signal.Signals = signal.SIGTERM
    death: signal.Signals = signal.SIGKILL  # what it gets when we are killed

    def command(self) -> list[str]:
        """What to execute: the launcher, then the program. It must be started by this very process."""
        order = {
            "uid": self.user.uid if self.user else None,
            "gid": self.user.gid if self.user else None,
            "reach": [str(path) for path in self.reach],
            "parent": os.getpid(),
            "death_signal": int(self.death),
        }
        return [sys.executable, "-I", "-S", str(Path(launcher.__file__)), json.dumps(order), *map(str, self.argv)]

    def environment(self) -> dict[str, str]:
        """What it sees."""
        ours = os.environ if self.inherit else {name: os.environ[name] for name in CALM if name in os.environ}
        return {**ours, **self.env}


def service_user(name: str) -> ServiceUser | None:
    """As whom to run a service: nobody else unless we are root; then the system user, made when it is missing.

    Raises ProvisionError when it cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        _add_user(name)
        entry = pwd.getpwnam(name)
    return ServiceUser(name, entry.pw_uid, entry.pw_gid)


def _add_user(name: str) -> None:
    program = shutil.which("useradd", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    command = [program or "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        reason = done.stderr.strip()
    except OSError as error:
        reason = str(error)
    try:
        pwd.getpwnam(name)
    except KeyError:
        raise ProvisionError(
            f"the system user {name} could not be made: {reason}",
            mend="Run hcrm as an ordinary user instead of root, or make the user yourself.",
        ) from None


def own(folder: Path, user: ServiceUser | None, *, mode: int = 0o700) -> None:
    """Make the folder and give it, with all in it, to the user."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)
    if user is None:
        return
    for place, folders, files in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in (*folders, *files))):
            os.chown(path, user.uid, user.gid, follow_symlinks=False)


def require_reach(program: Program) -> None:
    """Raises ProvisionError when the program's user cannot come to its files, not even in a namespace of its own."""
    if program.user is None:
        return
    closed = {launcher.closed_ancestor(path, program.user.uid, program.user.gid) for path in program.reach} - {None}
    if not closed:
        return
    trial = Program(name="trial", argv=("/bin/true",), user=program.user, reach=program.reach)
    done = subprocess.run(trial.command(), capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise ProvisionError(
            f"{program.user.name} may not pass through {min(map(str, closed))}, and this machine allows no mount "
            f"namespace ({done.stderr.strip()})",
            mend=OPEN_FOLDERS,
        )


def run(program: Program, *, timeout_s: float) -> None:
    """Run it to its end. Raises ProvisionError with what it said last."""
    try:
        done = subprocess.run(
            program.command(),
            env=program.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProvisionError(
            f"{program.name} took longer than {timeout_s:g} s", mend="Look at `hcrm doctor`."
        ) from None
    if done.returncode:
        raise ProvisionError(f"{program.name} failed: {done.stdout.strip()[-600:]}", mend="Look at `hcrm doctor`.")


def start(program: Program, log: Path) -> subprocess.Popen[bytes]:
    """In the background, for tests and benchmarks; its output is appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(
            program.command(), env=program.environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )


def stop(process: subprocess.Popen[bytes], program: Program, *, grace_s: float = 5.0) -> None:
    """End it cleanly, or kill it when it takes longer."""
    if process.poll() is None:
        process.send_signal(program.end)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(grace_s)


async def start_async(program: Program, log: Path) -> asyncio.subprocess.Process:
    """As `start`, for the supervisor."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return await asyncio.create_subprocess_exec(
            *program.command(),
            env=program.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
