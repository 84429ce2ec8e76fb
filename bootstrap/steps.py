"""Steps that are done once: each has a key made of its inputs and is skipped while its result is there."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from telephony.provision.errors import ProvisionError
from telephony.provision.roots import Report, locked

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
STAMPS = VENV / "hcrm-setup.json"
LEAST_FREE_MB = 700
BEAT_S = 15.0
TICK_S = 0.2
STEP_TIMEOUT_S = 3600.0
TAIL_CHARACTERS = 700
OFFLINE = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "NewConnectionError",
    "Connection refused",
    "Network is unreachable",
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "Read timed out",
)
stopping = threading.Event()  # a signal came: what runs in threads ends too


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`key` names the inputs; `is_there` looks whether the result still exists; `do` makes it."""

    name: str
    key: Callable[[], str]
    is_there: Callable[[], bool]
    do: Callable[[Report], None]
    mend: str


def perform(plan: Sequence[Step], *, cache: Path) -> None:
    """Do what is missing, in order. A second run beside this one waits. Raises ProvisionError with the step's name."""
    _make_cache(cache)
    ours = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    with locked(cache / f"checkout-{ours}.lock", _say):
        began = time.monotonic()
        done = [_perform_one(step, f"{number}/{len(plan)}") for number, step in enumerate(plan, 1)]
        if any(done):
            _say(f"complete ({time.monotonic() - began:.0f} s)")


def _perform_one(step: Step, number: str) -> bool:
    if is_done(step):
        return False
    key = step.key()
    _require_space()
    with Line(f"[{number}] {step.name}") as line:
        try:
            step.do(line.report)
        except ProvisionError as error:
            raise ProvisionError(f'step "{step.name}": {error}', mend=error.mend or step.mend) from None
        except OSError as error:
            raise ProvisionError(f'step "{step.name}": {error}', mend=step.mend) from None
        if not step.is_there():
            raise ProvisionError(f'step "{step.name}" ended, but its result is not there', mend=step.mend)
    _stamp(step.name, key)
    return True


def is_done(step: Step) -> bool:
    """Whether its inputs are those it was done with, and its result is there."""
    return _stamps().get(step.name) == step.key() and step.is_there()


def _make_cache(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "logs").mkdir(exist_ok=True)
        if not os.access(cache, os.W_OK):
            raise PermissionError(13, "Permission denied", str(cache))
    except OSError as error:
        raise ProvisionError(
            f"the cache cannot be written: {error}", mend="Point HCRM_CACHE to a folder of yours."
        ) from None


def _require_space() -> None:
    free_mb = shutil.disk_usage(CHECKOUT).free // 2**20
    if free_mb < LEAST_FREE_MB:
        raise ProvisionError(
            f"{free_mb} MB are free below {CHECKOUT}, {LEAST_FREE_MB} MB are needed", mend="Free some disk space."
        )


def _stamps() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _stamp(name: str, key: str) -> None:
    partial = STAMPS.with_suffix(".partial")
    partial.write_text(json.dumps({**_stamps(), name: key}, indent=1))
    partial.rename(STAMPS)


def forget_stamps() -> None:
    """The virtual environment is new: everything in it is gone."""
    STAMPS.unlink(missing_ok=True)


def digest(*parts: object, files: Iterable[Path] = ()) -> str:
    """A key of these words and of the contents of these files."""
    found = hashlib.sha256(json.dumps([str(part) for part in parts]).encode())
    for path in sorted(files):
        found.update(str(path.relative_to(CHECKOUT)).encode())
        found.update(path.read_bytes() if path.is_file() else b"-")
    return found.hexdigest()[:16]


class Line:
    """One line per step with its time; a terminal sees it change, a log sees the beginning, a beat, and the end."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._detail = ""
        self._began = time.monotonic()
        self._live = sys.stdout.isatty()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Line":
        if not self._live:
            _say(f"{self._title} ...")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        self._thread.join()
        verdict = "FAILED" if kind else "done"
        if self._live:
            sys.stdout.write("\r\033[K")
        _say(f"{self._title} {verdict} ({self._elapsed():.1f} s)")

    def report(self, detail: str) -> None:
        """What is being done now."""
        self._detail = detail.strip()

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _tick(self) -> None:
        beat = BEAT_S
        while not self._over.wait(TICK_S):
            if self._live:
                width = shutil.get_terminal_size().columns - 1
                text = f"hcrm set-up: {self._title} {self._elapsed():.0f} s {self._detail}"
                sys.stdout.write(f"\r\033[K{text[:width]}")
                sys.stdout.flush()
            elif self._elapsed() > beat:
                beat += BEAT_S
                _say(f"{self._title} {self._elapsed():.0f} s {self._detail[:120]}")


def _say(line: str) -> None:
    sys.stdout.write(f"hcrm set-up: {line}\n")
    sys.stdout.flush()


def complain(error: ProvisionError) -> None:
    """What failed and how to mend it."""
    sys.stdout.flush()
    sys.stderr.write(f"hcrm set-up failed: {error}\n  How to mend it: {error.mend}\n")


def run(command: Sequence[str | Path], report: Report, *, log: Path, env: dict[str, str] | None = None) -> None:
    """A program with its output in `log` and its last line in the progress. Raises ProvisionError."""
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _await_end(process, report, log)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise _explained(Path(str(command[0])).name, log)


def _await_end(process: subprocess.Popen[bytes], report: Report, log: Path) -> None:
    end = time.monotonic() + STEP_TIMEOUT_S
    while time.monotonic() < end:
        with suppress(subprocess.TimeoutExpired):
            process.wait(TICK_S)
            return
        if stopping.is_set():
            raise KeyboardInterrupt
        report(_tail(log).rpartition("\n")[2])
    raise ProvisionError(f"no end after {STEP_TIMEOUT_S:.0f} s", mend=f"See {log}.")


def _tail(log: Path) -> str:
    return log.read_bytes()[-TAIL_CHARACTERS:].decode("utf-8", "replace").strip()


def _explained(name: str, log: Path) -> ProvisionError:
    output = log.read_text("utf-8", "replace")
    if any(word in output for word in OFFLINE):
        mend = "Check the network or the proxy settings and run it again; what was downloaded is kept."
    elif "No space left" in output or "ENOSPC" in output:
        mend = "Free some disk space and run it again."
    elif "DO NOT MATCH THE HASHES" in output or "EINTEGRITY" in output:
        mend = "A download is not what the lock file names. Try again; if it stays, do not trust the mirror in use."
    else:
        mend = f"The whole output is in {log}."
    return ProvisionError(f"{name} failed: {_tail(log)}", mend=mend)
