"""What keys mean in the pages: the pure part of it, asked of Node."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bootstrap import plan
from bootstrap.frontend import find_node

pytestmark = pytest.mark.unit

ASSETS = Path(__file__).parents[2] / "web" / "assets"
TEMPLATES = ASSETS.parent / "templates"
HELP = (TEMPLATES / "_keys.html").read_text("utf-8")
LINES = [3, 1, 2]
ONE = [3]


def asked(*questions: str) -> list[Any]:
    """Each is an expression of JavaScript about the module `keys`; what they come to."""
    node, _ = find_node(plan.cache(), lambda _line: None)
    module = json.dumps((ASSETS / "shortcuts.js").as_uri())
    script = f"import * as keys from {module}; console.log(JSON.stringify([{','.join(questions)}]))"
    done = subprocess.run(
        [str(node), "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


def meant(typing: bool, **event: object) -> str:
    return f"keys.meant({json.dumps(event)}, {json.dumps(typing)})"


def moved(key: str, at: list[int], lengths: list[int], *, ctrl: bool = False) -> str:
    return f"keys.moved({json.dumps({'key': key, 'ctrlKey': ctrl})}, {at}, {lengths})"


def test_a_key_means_the_same_wherever_one_types_and_a_sign_only_elsewhere() -> None:
    answer = {"code": "KeyA", "key": "a", "altKey": True}
    help_ = {"code": "Slash", "key": "?", "shiftKey": True}
    assert asked(
        meant(True, **answer),
        meant(False, **answer),
        meant(False, **help_),
        meant(True, **help_),
        meant(False, code="KeyA", key="a"),
    ) == ["answer", "answer", "help", "", ""]


def test_a_key_that_writes_chinese_or_that_is_the_browsers_means_nothing() -> None:
    answer = {"code": "KeyA", "key": "a", "altKey": True}
    assert asked(
        meant(True, **answer, isComposing=True),
        meant(False, key="/", keyCode=229),
        meant(True, **answer, ctrlKey=True),  # AltGr
        meant(False, key="/", metaKey=True),
        meant(True, **answer, repeat=True),
    ) == ["", "", "", "", ""]


def test_arrows_walk_the_lines_of_a_day() -> None:
    assert asked(
        moved("ArrowRight", [0, 0], LINES),
        moved("ArrowRight", [0, 2], LINES),
        moved("ArrowLeft", [1, 0], LINES),
        moved("ArrowDown", [0, 2], LINES),
        moved("ArrowUp", [2, 1], LINES),
        moved("Home", [0, 2], LINES),
        moved("End", [0, 0], LINES),
        moved("Home", [2, 1], LINES, ctrl=True),
        moved("End", [0, 0], LINES, ctrl=True),
    ) == [[0, 1], [1, 0], [0, 2], [1, 0], [1, 0], [0, 0], [0, 2], [0, 0], [2, 1]]


def test_arrows_end_where_there_is_nothing_more_and_other_keys_are_left_alone() -> None:
    assert (
        asked(
            moved("ArrowLeft", [0, 0], LINES),
            moved("ArrowUp", [0, 1], LINES),
            moved("ArrowRight", [2, 1], LINES),
            moved("a", [0, 0], LINES),
            moved("ArrowRight", [0, 0], LINES, ctrl=True),
        )
        == [None] * 5
    )


def test_one_line_is_walked_by_all_arrows() -> None:
    assert asked(
        moved("ArrowDown", [0, 0], ONE),
        moved("ArrowRight", [0, 1], ONE),
        moved("ArrowUp", [0, 2], ONE),
        moved("ArrowDown", [0, 2], ONE),
    ) == [[0, 1], [0, 2], [0, 1], None]


def test_a_key_goes_to_its_places_in_turn() -> None:
    turn = "keys.inTurn(['a', 'b', 'c'], (one) => one === {})"
    assert asked(*(turn.format(json.dumps(here)) for here in ("", "a", "c"))) == ["a", "b", "a"]


def test_every_key_is_in_the_list_that_is_shown_and_in_the_docs() -> None:
    (by_alt,) = asked("keys.BY_ALT")
    known = {f"Alt+{code.removeprefix('Key')}" for code in by_alt}
    docs = (ASSETS.parents[1] / "docs" / "keyboard.md").read_text("utf-8")
    assert set(re.findall(r'"(Alt\+[A-Z])"', HELP)) == known
    assert set(re.findall(r"`(Alt\+[A-Z])`", docs)) == known


def test_what_a_button_says_of_its_key_is_true() -> None:
    (by_alt,) = asked("keys.BY_ALT")
    texts = [path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")]
    said = {key for text in texts for key in re.findall(r'aria-keyshortcuts="(Alt\+[A-Z])"', text)}
    assert said <= {f"Alt+{code.removeprefix('Key')}" for code in by_alt}
    assert len(said) > 6
