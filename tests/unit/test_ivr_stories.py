"""Every story is a test: what a caller did and what the call must do, with the state written and read in between."""

import json
from pathlib import Path

import pytest

from ivr.nodes import NODE_TYPES
from ivr.simulator import StoryError, read_story, run, run_file

pytestmark = pytest.mark.unit

STORIES = sorted((Path(__file__).parents[1] / "stories").glob("*.json"))
HEARING = {"about": "x", "flow": "hotline", "caller": "+8613800138000"}


@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
def test_the_call_does_what_the_story_says(path: Path) -> None:
    report = run_file(path)
    assert report.problems == (), "\n".join(report.lines)


def test_every_kind_of_node_has_a_story() -> None:
    told = frozenset[str]().union(*(run_file(path).node_types for path in STORIES))
    assert told == {node.__dataclass_fields__["type"].default for node in NODE_TYPES}


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        ({"hears": "李四"}, "should hear"),
        ({"hears_not": "张三丰"}, "should not hear"),
        ({"ends": "hangup"}, "should end"),
        ({"path": ["main"]}, "the path"),
        ({"language": "en"}, "the language"),
        ({"happened": ["book 1"]}, "what happened"),
    ],
)
def test_a_story_that_is_not_true_is_reported(moment: dict[str, object], problem: str) -> None:
    report = run(read_story(HEARING | {"story": [moment]}))
    assert not report.went_well
    assert problem in report.problems[0]


def test_a_caller_cannot_press_after_the_end() -> None:
    report = run(read_story(HEARING | {"story": [{"press": "0"}, {"press": "1"}]}))
    assert report.problems == ("the call does not ask anything when the caller: presses 1",)


def test_files_that_are_no_stories_are_refused_with_a_reason(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{", "utf-8")
    with pytest.raises(StoryError, match=r"bad\.json"):
        run_file(bad)
    for broken, reason in (
        (HEARING | {"story": [{"presses": "1"}]}, "presses"),
        (HEARING | {"story": []}, "at least 1"),
        (HEARING | {"flow": "../secrets", "story": [{"press": "1"}]}, "no shipped flow"),
        (HEARING | {"flow": {"name": "x"}, "story": [{"press": "1"}]}, "lacks 'start'"),
        (HEARING | {"hospital": {"slots": 3}, "story": [{"press": "1"}]}, "hospital"),
    ):
        with pytest.raises(StoryError, match=reason):
            run(read_story(json.loads(json.dumps(broken))))
