"""How `make test` spreads its tests over workers."""

import re
from pathlib import Path

import pytest

from tests import spread

pytestmark = pytest.mark.unit

MODULE = re.compile(r'^@pytest.fixture\(scope="module"', re.MULTILINE)


@pytest.mark.parametrize(
    ("args", "count"),
    [
        ([], 4),
        (["tests/db", "-q"], 4),
        (["tests/unit/test_sms_pdu.py"], 1),
        (["tests/unit/test_sms_pdu.py::test_one"], 1),
        (["tests/unit/test_a.py", "tests/unit/test_b.py", "tests/db/test_c.py", "tests/db/test_d.py"], 2),
        (["-k", "booking"], 1),
        (["--last-failed"], 1),
        (["tests/db", "tests/unit/test_a.py"], 4),
        (["--deselect", "tests/db/test_a.py::test_a"], 4),
        (["--ignore", "tests/db/test_a.py"], 4),
        (["tests/db", "--pdb"], 1),
        (["--durations=60", "--maxfail=3"], 4),
        (["--cov"], 4),
        (["--collect-only"], 1),
        (["-kbooking"], 1),
        (["--dist=load"], 1),
    ],
)
def test_many_tests_have_many_workers_and_few_have_one(args: list[str], count: int) -> None:
    assert spread.workers(args, cores=2) == count


def test_who_says_how_many_is_asked_no_more() -> None:
    assert spread.options(["-n3"], cores=2) == []
    assert spread.options(["-n", "0"], cores=2) == []


def test_a_large_machine_is_not_filled_with_asterisks() -> None:
    assert spread.options([], cores=64)[:2] == ["-n", "8"]


def test_tests_that_share_what_starts_slowly_stay_together() -> None:
    calls = {spread.company(f"tests/acceptance/test_hotline.py::test_{name}") for name in "ab"}
    assert len(calls) == 1
    phoned = {spread.company(f"tests/browser/test_browser_{file}.py::test_a") for file in ("call", "day", "telephone")}
    assert len(phoned) == 1
    assert phoned.isdisjoint(calls)
    assert spread.company("tests/acceptance/test_survival.py::test_a") not in calls
    assert spread.company("tests/db/test_a.py::test_a") != spread.company("tests/db/test_a.py::test_b")


def test_what_a_module_starts_is_started_once() -> None:
    tests = Path(__file__).parents[1]
    sharing = [path for path in tests.rglob("test_*.py") if MODULE.search(path.read_text("utf-8"))]
    assert sharing
    for path in sharing:
        file = path.relative_to(tests.parent)
        assert spread.company(f"{file}::test_a") == spread.company(f"{file}::test_b"), file


def test_no_test_looks_at_or_ends_what_other_workers_do_in_the_same_postgresql() -> None:
    """These views show the whole server; copies of one database even have the same numbers for their tables."""
    for path in Path(__file__).parents[1].rglob("*.py"):
        text = path.read_text("utf-8")
        views = len(re.findall(r"FROM pg_(?:locks|stat_activity)\b", text))
        assert text.count("current_database()") >= views, path


def test_what_takes_long_begins_first() -> None:
    order = sorted(("tests/unit/test_a.py::a", "tests/modem/test_a.py::a", "tests/acceptance/a.py::a"), key=spread.rank)
    assert [nodeid.split("/")[1] for nodeid in order] == ["acceptance", "modem", "unit"]
