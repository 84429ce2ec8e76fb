"""How many workers run the tests side by side, and which tests stay together."""

from collections.abc import Sequence
from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

PER_CORE = 2  # half of the time a test waits: for a call, a clock, another process
MOST = 8
FILES_PER_WORKER = 2
FEW = (
    "-k",
    "--lf",
    "--last-failed",
    "--ff",
    "--failed-first",
    "--sw",
    "--stepwise",
)  # who asks for these wants few tests
LEFT_OUT = ("--deselect", "--ignore")
BY_HAND = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-s", "--capture", "--co", "--collect-only", "-h")

SLOW_FIRST = (
    "acceptance",
    "asterisk",
    "browser",
    "modem",
    "contracts",
)  # folders; what is quick fills the gaps at the end
HOSPITALS = ("tests/acceptance/",)
PHONED_FROM_BROWSERS = (
    "tests/browser/test_browser_call.py",
    "tests/browser/test_browser_day.py",
    "tests/browser/test_browser_telephone",
)
BREAKING = ("tests/acceptance/test_survival.py", "tests/acceptance/test_starts.py")
TOGETHER = (  # what they start lives as long as the module
    "tests/asterisk/test_carrier.py",
    "tests/asterisk/test_reminder_calls.py",
    "tests/browser/test_browser_second_host.py",
    "tests/contracts/test_ami.py",
    "tests/db/test_day.py",
    "tests/db/test_fortnight.py",
    "tests/db/test_fortnight_voices.py",
    "tests/db/test_overview_plans.py",
    "tests/db/test_seed.py",
)


def options(args: Sequence[str], cores: int) -> list[str]:
    """What pytest is told beside `args`: nothing when it is about few tests."""
    count = workers(args, cores)
    return ["-n", str(count), "--dist", "loadscope"] if count > 1 else []


def workers(args: Sequence[str], cores: int) -> int:
    """A whole folder takes all, some files a few, single tests one."""
    most = min(MOST, PER_CORE * cores)
    before = ("", *args)
    named = [arg for arg, option in zip(args, before, strict=False) if option not in LEFT_OUT]
    if any(_name(arg) in (*FEW, *BY_HAND) or "::" in arg for arg in named):
        return 1
    files = [arg for arg in named if arg.endswith(".py")]
    if not files or any(arg.startswith("tests") and arg not in files for arg in named):
        return most
    return max(1, min(most, len(files) // FILES_PER_WORKER))


def _name(arg: str) -> str:
    """`--lf` of `--lf`, `-n` of `-n3`, `--dist` of `--dist=load`."""
    return arg.partition("=")[0] if arg.startswith("--") else arg[:2]


def rank(nodeid: str) -> int:
    """Place in the order of slowness."""
    folder = PurePath(nodeid).parts[1]
    return SLOW_FIRST.index(folder) if folder in SLOW_FIRST else len(SLOW_FIRST)


def company(nodeid: str) -> str:
    """Tests with the same one run on one worker, because they share what takes long to start."""
    file = nodeid.partition("::")[0]
    if file.startswith(PHONED_FROM_BROWSERS):
        return "a hospital that is phoned from browsers"
    if file.startswith(HOSPITALS):
        return "a hospital that is harmed" if file in BREAKING else "a hospital"
    return file if file in TOGETHER else nodeid


class Companies(LoadScopeScheduling):  # type: ignore[misc]
    """One queue of companies, the largest first; a worker takes the next when it has nearly done its last."""

    def _split_scope(self, nodeid: str) -> str:
        return company(nodeid)
