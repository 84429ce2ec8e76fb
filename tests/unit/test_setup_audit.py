"""What is known to be unsafe is red; what nobody could be asked about is shown and is not."""

import json
from collections.abc import Mapping

import pytest

from bootstrap import audit
from bootstrap.audit import Verdict

pytestmark = pytest.mark.unit

SAFE = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
UNSAFE = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "CVE-2024-1", "fix_versions": ["3.1.4"]}]}
UNKNOWN = {"name": "hcrm", "skip_reason": "Dependency not found"}


def pip(*packages: Mapping[str, object]) -> Verdict:
    return audit.of_pip(json.dumps({"dependencies": packages, "fixes": []}), "Found 1 known vulnerability")


def test_a_known_fault_is_red_and_names_the_version_that_mends_it() -> None:
    verdict = pip(SAFE, UNSAFE)
    assert audit.exit_code([verdict, Verdict()]) == 1
    assert audit.lines("Python", verdict) == ["audit of Python: UNSAFE jinja2 2.0: CVE-2024-1, mended in 3.1.4"]


def test_nothing_known_is_said_and_green() -> None:
    verdict = pip(SAFE)
    assert (audit.exit_code([verdict]), audit.lines("Python", verdict)) == (0, ["audit of Python: nothing known"])


def test_a_fault_is_red_though_others_could_not_be_asked_about() -> None:
    verdict = pip(UNKNOWN, UNSAFE)
    assert audit.exit_code([verdict]) == 1
    assert audit.lines("Python", verdict)[1:] == ["audit of Python: could not ask: 1 of 2 packages are not known there"]


@pytest.mark.parametrize(
    "verdict",
    [
        pip(UNKNOWN, UNKNOWN),
        audit.of_pip("", "ERROR:pip_audit._cli: connection refused"),
        audit.of_npm(
            '{"message": "request failed", "error": {"code": "ENOAUDIT"}}', "npm error audit: not implemented"
        ),
        audit.of_npm("<html>", ""),
        audit.of_npm("", "no answer within 180 s"),
        audit.of_npm("[]", ""),
    ],
)
def test_where_nobody_can_be_asked_that_is_shown_and_not_red(verdict: Verdict) -> None:
    assert audit.exit_code([verdict]) == 0
    (line,) = audit.lines("npm", verdict)
    assert line.startswith("audit of npm: could not ask: ")


def test_npms_findings_are_red() -> None:
    verdict = audit.of_npm(json.dumps({"vulnerabilities": {"jssip": {"severity": "high"}}}), "")
    assert audit.exit_code([verdict]) == 1
    assert audit.lines("npm", verdict) == ["audit of npm: UNSAFE jssip: high"]
