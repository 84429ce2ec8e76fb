"""The docs name functions that exist."""

import importlib
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
NAMED = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)(?:\([^`]*\))?`")
FILES = re.compile(r"\.(py|md|sql|toml|html|js|json|conf)$")
DECISION = re.compile(r"decisions/(\d{4}-[a-z0-9-]+)\.md")
PAGES = sorted(ROOT.glob("docs/*.md"))


def exists(name: str) -> bool:
    """A module, or what a module or a class of it holds."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return _holds(module, parts[length:])
    return False


def _holds(found: object, names: list[str]) -> bool:
    for name in names:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_function_that_a_page_names_is_there(page: Path) -> None:
    named = {name for name in NAMED.findall(page.read_text("utf-8")) if not FILES.search(name)}
    assert sorted(name for name in named if not exists(name)) == []


def test_a_name_that_is_not_there_is_found_out() -> None:
    assert exists("web.app.insist_on_https")
    assert exists("web.live.LiveHub.hear")
    assert not exists("web.app.insist_on_http")
    assert not exists("web.nothing")


def test_every_decision_that_code_or_a_page_names_is_there() -> None:
    sources = [
        path for room in (*ROOMS, "docs", "tests") for path in (ROOT / room).rglob("*") if FILES.search(path.name)
    ]
    named = {(match[1], path) for path in sources for match in DECISION.finditer(path.read_text("utf-8"))}
    there = {path.stem for path in ROOT.glob("docs/decisions/*.md")}
    assert sorted((name, str(path)) for name, path in named if name not in there) == []
    assert len({name for name, _ in named}) > 10
