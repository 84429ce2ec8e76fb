"""Flows are read with messages a nurse understands."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ivr.definition import InvalidFlowError, read, schema

pytestmark = pytest.mark.unit

IVR = Path(__file__).parents[2] / "ivr"
HOTLINE: dict[str, Any] = json.loads((IVR / "flows" / "hotline.json").read_text("utf-8"))
Nodes = dict[str, Any]


def problems(change: Callable[[Nodes], object]) -> list[str]:
    broken = copy.deepcopy(HOTLINE)
    change(broken["nodes"])
    with pytest.raises(InvalidFlowError) as caught:
        read(broken)
    return caught.value.problems


def test_the_published_schema_is_the_one_in_force() -> None:
    assert json.loads((IVR / "flow.schema.json").read_text("utf-8")) == schema()


@pytest.mark.parametrize("name", ["hotline", "reminder"])
def test_shipped_flows_fit_the_published_schema(name: str) -> None:
    definition = json.loads((IVR / "flows" / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(definition)
    assert read(definition, version=7).version == 7


def test_a_key_that_leads_nowhere_is_named() -> None:
    assert problems(lambda nodes: nodes["main"]["keys"].update({"3": "bok"})) == [
        "node 'main', key 3 leads to 'bok', which does not exist"
    ]


def test_a_node_nobody_reaches_is_named() -> None:
    assert problems(lambda nodes: nodes.update(lonely={"type": "voicemail"})) == ["node 'lonely' is never reached"]


def test_a_circle_that_never_waits_is_told_once() -> None:
    assert problems(lambda nodes: nodes["hours"].update(otherwise="greet")) == [
        "node 'closed_notice' is never reached",
        "the call would go round for ever without waiting for the caller: greet -> hours -> greet",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda nodes: nodes["greet"].update(type="sya"), "node 'greet': there is no kind of node called 'sya'"),
        (lambda nodes: nodes["greet"].pop("type"), "node 'greet' does not say its 'type'"),
        (lambda nodes: nodes["greet"].pop("next"), "node 'greet' lacks 'next'"),
        (lambda nodes: nodes["greet"]["say"].pop("en"), "node 'greet', say lacks 'en'"),
        (lambda nodes: nodes["greet"].update(colour=1), "node 'greet' has 'colour', which means nothing there"),
        (lambda nodes: nodes["main"]["keys"].update(x="book"), "node 'main', key x: 'x' is not spelled right"),
        (lambda nodes: nodes["main"].update(tries=0), "node 'main', tries: input should be greater than or equal to 1"),
        (lambda nodes: nodes["main"].update(keys={}), "node 'main', key"),
        (lambda nodes: nodes["hours"]["cases"].update(opne="main"), "node 'hours': 'opne' is no answer about hours"),
        (lambda nodes: nodes["hours"].update(on="variable"), "node 'hours' asks about a variable but does not say"),
        (lambda nodes: nodes["greet"]["say"].update(en="Hi {nam}"), "node 'greet': a text names {nam}"),
        (lambda nodes: nodes.update({"Bad Name": {"type": "voicemail"}}), "'Bad Name' is not spelled right"),
        (lambda nodes: nodes.update(operators={"type": "voicemail"}), "must be a queue, so that nobody is lost"),
    ],
)
def test_mistakes_are_told_in_words(change: Callable[[Nodes], object], message: str) -> None:
    assert any(message in problem for problem in problems(change))


def test_a_missing_start_is_named() -> None:
    with pytest.raises(InvalidFlowError, match="the flow's start is 'begin', which does not exist"):
        read(HOTLINE | {"start": "begin"})
    with pytest.raises(InvalidFlowError, match="the flow lacks 'start'"):
        read({key: value for key, value in HOTLINE.items() if key != "start"})
