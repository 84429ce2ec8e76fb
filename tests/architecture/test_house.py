"""Machines hold the rules of the house."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "crm_core",
    "telephony",
    "ivr",
    "dialer",
    "sms",
    "recordings",
    "letters",
    "overview",
    "web",
    "server",
    "demo",
)
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "base.py"}
VENDORS = {
    "panoramisk": "telephony/ami.py",
    "serial_asyncio_fast": "sms/at.py",
    "pgqueuer": "crm_core/kernel/jobs.py",
    "argon2": "crm_core/users/passwords.py",
    "zxcvbn": "crm_core/users/rules.py",
    "pyotp": "crm_core/users/second_factor.py",
    "segno": "web/qr.py",
    "fpdf": "letters/pdf.py",
    "fontTools": "letters/pdf.py",
}
PURE_FORBIDDEN = {"asyncio", "asyncpg", "aiohttp", "logging", "os", "socket", "time"}
PURE = (
    "crm_core/*/model.py",
    "crm_core/*/rules.py",
    "crm_core/users/rights.py",
    "crm_core/users/throttle.py",
    "web/browsers.py",
    "crm_core/kernel/calendar.py",
    "telephony/reconcile.py",
    "ivr/flow.py",
    "ivr/engine.py",
    "ivr/nodes/*.py",
    "dialer/attempt.py",
    "dialer/retry.py",
    "sms/segments.py",
    "sms/pdu.py",
    "sms/routing.py",
    "sms/news.py",
    "sms/keywords/*.py",
    "sms/conversations/*.py",
    "recordings/retention.py",
    "letters/addresses.py",
    "letters/batches.py",
    "letters/layout.py",
    "letters/lines.py",
    "letters/papers.py",
)


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in sources() if path.name in FORBIDDEN_NAMES] == []


def test_files_and_functions_stay_small() -> None:
    too_long = [str(p.relative_to(ROOT)) for p in sources() if len(p.read_text("utf-8").splitlines()) > 400]
    sizes = sorted(
        node.end_lineno - node.lineno + 1
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
    )
    assert too_long == []
    assert sizes[int(len(sizes) * 0.9)] < 25


def test_each_vendor_library_is_known_to_one_module() -> None:
    strays = [
        (name, str(path.relative_to(ROOT)))
        for path in sources()
        for name in set(imports(path)) & set(VENDORS)
        if str(path.relative_to(ROOT)) != VENDORS[name]
    ]
    assert strays == []


def test_pure_modules_touch_neither_clock_nor_network() -> None:
    impure = [
        (str(path.relative_to(ROOT)), name)
        for pattern in PURE
        for path in ROOT.glob(pattern)
        for name in set(imports(path)) & PURE_FORBIDDEN
    ]
    assert impure == []
    assert all(list(ROOT.glob(pattern)) for pattern in PURE if "*" not in pattern)


def test_nobody_prints_or_names_a_default_password() -> None:
    done = subprocess.run(
        [
            "git",
            "grep",
            "-nIiE",
            r"(password|secret|passwd)\s*[:=]\s*[\"'][A-Za-z0-9]{3,}[\"']",
            "--",
            "*.py",
            "*.conf*",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if not line.startswith("tests/")]
    assert found == []


def test_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_web_may_import_no_store_whatever_it_is_called() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one.get("source_modules") == ["web"]]
    below = [path for path in sources() if path.relative_to(ROOT).parts[0] not in ("web", "server", "demo")]
    stores = [path for path in below if path.stem == "store" or path.stem.endswith("_store")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in stores}
    assert names == set(contract["forbidden_modules"])
