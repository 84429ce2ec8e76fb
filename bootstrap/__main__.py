"""`python3 -m bootstrap run|test|tools`: do what set-up is missing, then become the command that follows."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    found = "{}.{}".format(*sys.version_info)
    sys.exit("hcrm needs Python 3.11 or newer, this is " + found + ". Name another: make run PYTHON=python3.13")

import ctypes
import os
import signal
from pathlib import Path

from bootstrap import openness, plan, steps
from telephony.provision.errors import ProvisionError

PR_SET_PDEATHSIG = 1


def end(number: int, _: object) -> None:
    """A signal ends what we wait for, too."""
    steps.stopping.set()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def main() -> int:
    """Exit code of set-up, when it does not become another program."""
    purpose, rest = (sys.argv[1:2] or ["run"])[0], sys.argv[2:]
    if purpose not in plan.PLANS:
        sys.exit(f"python3 -m bootstrap: one of {', '.join(plan.PLANS)}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    os.umask(0o022)  # what we unpack must be readable by the services' users
    try:
        plan.heed_settings_file()
        openness.open_folders()
        steps.perform(plan.PLANS[purpose](), cache=plan.cache())
    except ProvisionError as error:
        steps.complain(error)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nhcrm set-up: interrupted; run it again and it goes on from here.\n")
        return 130
    if rest:
        become(rest)
    return 0


def become(command: list[str]) -> None:
    """The command takes our place: signals for us reach it, and it is told to stop when `make` is killed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    parent = os.getppid()
    if "make" in Path(f"/proc/{parent}/comm").read_text():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() == parent:
        sys.stdout.flush()
        os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
