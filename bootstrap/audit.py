"""`make check` asks whether a library is known to be unsafe: pip-audit and npm audit on what the lock files name.

A finding is red. Where nobody can be asked (no network, a registry without advisories) that is said, and is no reason
for red: a check that needs a stranger's server would fail when that server does.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootstrap import frontend, plan
from bootstrap.python import PYTHON, REQUIREMENTS
from bootstrap.steps import CHECKOUT
from telephony.provision.errors import ProvisionError

LIMIT_S = 180.0
REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """`findings` are reasons for red; `unasked` says what nobody could be asked about, and why."""

    findings: tuple[str, ...] = ()
    unasked: str = ""


def main() -> int:
    """Exit code 1 when something is known to be unsafe."""
    verdicts = {"Python": of_pip(*_pip()), "npm": of_npm(*_npm())}
    for name, verdict in verdicts.items():
        for line in lines(name, verdict):
            sys.stdout.write(f"{line}\n")
    return exit_code(verdicts.values())


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Red for findings, never for silence."""
    return int(any(verdict.findings for verdict in verdicts))


def lines(name: str, verdict: Verdict) -> list[str]:
    """What is shown."""
    said = [f"audit of {name}: UNSAFE {finding}" for finding in verdict.findings]
    if verdict.unasked:
        said.append(f"audit of {name}: could not ask: {verdict.unasked}")
    return said or [f"audit of {name}: nothing known"]


def of_pip(output: str, complaint: str) -> Verdict:
    """pip-audit's JSON. A registry without advisories makes it skip each package, one by one."""
    found = _parsed(output) or {}
    if "dependencies" not in found:
        return Verdict(unasked=_reason(complaint or output))
    packages = found["dependencies"]
    skipped = [one for one in packages if "skip_reason" in one]
    unsafe = tuple(
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version'}"
        for one in packages
        for fault in one.get("vulns", ())
    )
    return Verdict(unsafe, f"{len(skipped)} of {len(packages)} packages are not known there" if skipped else "")


def of_npm(output: str, complaint: str) -> Verdict:
    """npm audit's JSON."""
    found = _parsed(output) or {}
    if "vulnerabilities" not in found:
        return Verdict(unasked=_reason(str(found.get("message") or complaint or output)))
    return Verdict(tuple(f"{name}: {one['severity']}" for name, one in found["vulnerabilities"].items()))


def _parsed(output: str) -> dict[str, Any] | None:
    try:
        found = json.loads(output)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _reason(text: str) -> str:
    """The last line, which is where programs say what was wrong."""
    told = [line.strip() for line in text.splitlines() if line.strip(" {}[]")]
    return told[-1][:REASON_CHARACTERS] if told else "no answer"


def _pip() -> tuple[str, str]:
    lock = REQUIREMENTS / "test.txt"
    options = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")
    return _output([PYTHON, "-m", "pip_audit", "-r", lock, *options])


def _npm() -> tuple[str, str]:
    try:
        node, npm = frontend.find_node(plan.cache(), _say_nothing)
    except ProvisionError as error:
        return "", str(error)
    return _output([node, npm, "audit", "--json"])


def _say_nothing(_: str) -> None:
    """Progress of fetching node."""


def _output(command: Sequence[str | Path]) -> tuple[str, str]:
    try:
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {LIMIT_S:.0f} s"
    return done.stdout, done.stderr


if __name__ == "__main__":
    sys.exit(main())
