"""Flows as JSON: the published schema, reading, and what is wrong in words a nurse understands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from crm_core.kernel.errors import InvalidInputError
from ivr.flow import Flow
from ivr.nodes import NODE_TYPES
from ivr.nodes.asking import NodeId
from ivr.nodes.branch import ANSWERS, Branch
from ivr.nodes.queue import Queue
from ivr.phrases import TEXT_VALUES
from ivr.prompt import placeholders

MOST_NODES = 500
KINDS = tuple(str(node.__dataclass_fields__["type"].default) for node in NODE_TYPES)
AnyNode: Any = reduce(or_, NODE_TYPES)


class InvalidFlowError(InvalidInputError):
    """A flow that cannot be published; `problems` says why, one sentence each."""

    code = "invalid_flow"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems), field="definition")
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A flow as it is written. `person` is where key 0 leads inside nodes that list things; `fallback` is a queue node
    for callers who are silent or not understood, and when something fails."""

    schema: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    start: NodeId
    person: NodeId
    fallback: NodeId
    nodes: Annotated[
        dict[NodeId, Annotated[AnyNode, Field(discriminator="type")]], Field(min_length=1, max_length=MOST_NODES)
    ]
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", title="An hcrm call flow")


_DEFINITION = TypeAdapter(Definition)


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of a flow's definition; `ivr/flow.schema.json` is this."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_DEFINITION.json_schema()}


def read(definition: Mapping[str, Any], *, version: int = 0) -> Flow:
    """A flow that can run. Raises InvalidFlowError naming everything that is wrong."""
    try:
        written = _DEFINITION.validate_python(dict(definition))
    except ValidationError as error:
        raise InvalidFlowError([_in_words(fault) for fault in error.errors()]) from None
    if problems := [*_dead_ends(written)] or [*_content(written), *_unreachable(written), *_endless(written)]:
        raise InvalidFlowError(problems)
    fallback = written.nodes[written.fallback]
    return Flow(
        name=written.name,
        version=version,
        start=written.start,
        person=written.person,
        fallback=written.fallback,
        queue=fallback.queue,
        nodes=written.nodes,
    )


def _dead_ends(written: Definition) -> Iterator[str]:
    for role in ("start", "person", "fallback"):
        if getattr(written, role) not in written.nodes:
            yield f"the flow's {role} is '{getattr(written, role)}', which does not exist"
    for name, node in written.nodes.items():
        for exit_ in node.exits():
            if exit_.to not in written.nodes:
                yield f"node '{name}', {exit_.label} leads to '{exit_.to}', which does not exist"
    fallback = written.nodes.get(written.fallback)
    if fallback is not None and not isinstance(fallback, Queue):
        yield f"the flow's fallback '{written.fallback}' must be a queue, so that nobody is lost"


def _content(written: Definition) -> Iterator[str]:
    for name, node in written.nodes.items():
        for unknown in sorted({value for text in node.texts() for value in _unknown_values(text.zh_CN, text.en)}):
            allowed = ", ".join(sorted(TEXT_VALUES))
            yield f"node '{name}': a text names {{{unknown}}}, which is not known; possible are {allowed}"
        if isinstance(node, Branch):
            yield from _branch_problems(name, node)


def _branch_problems(name: str, node: Branch) -> Iterator[str]:
    if node.on == "variable":
        if not node.name:
            yield f"node '{name}' asks about a variable but does not say which"
        return
    for answer in node.cases:
        if answer not in ANSWERS[node.on]:
            yield f"node '{name}': '{answer}' is no answer about {node.on}; possible are {', '.join(ANSWERS[node.on])}"


def _unknown_values(*templates: str) -> Iterator[str]:
    for template in templates:
        yield from placeholders(template) - TEXT_VALUES


def _unreachable(written: Definition) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [written.start, written.person, written.fallback]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(exit_.to for exit_ in written.nodes[name].exits())
    for name in written.nodes:
        if name not in seen:
            yield f"node '{name}' is never reached"


def _endless(written: Definition) -> Iterator[str]:
    """Circles in which nothing waits for the caller, each told once."""
    edges = {name: [exit_.to for exit_ in node.exits() if not exit_.waits] for name, node in written.nodes.items()}
    told: set[frozenset[str]] = set()
    for name in written.nodes:
        circle = _circle_through(name, edges)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            yield f"the call would go round for ever without waiting for the caller: {' -> '.join([*circle, name])}"


def _circle_through(name: str, edges: Mapping[str, list[str]]) -> list[str] | None:
    came_from: dict[str, str] = {}
    waiting = [name]
    while waiting:
        here = waiting.pop(0)
        for following in edges[here]:
            if following == name:
                return _trail(name, here, came_from)
            if following not in came_from:
                came_from[following] = here
                waiting.append(following)
    return None


def _trail(name: str, last: str, came_from: Mapping[str, str]) -> list[str]:
    trail = [last]
    while trail[-1] != name:
        trail.append(came_from[trail[-1]])
    return trail[::-1]


def _in_words(fault: ErrorDetails) -> str:
    where = _place([str(part) for part in fault["loc"]])
    what = str(fault["loc"][-1]) if fault["loc"] else ""
    match fault["type"]:
        case "missing":
            return f"{where.removesuffix(f', {what}')} lacks '{what}'"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"{where.removesuffix(f', {what}')} has '{what}', which means nothing there"
        case "union_tag_invalid":
            return f"{where}: there is no kind of node called '{_tag(fault)}'; possible are {', '.join(KINDS)}"
        case "union_tag_not_found":
            return f"{where} does not say its 'type'"
        case "string_pattern_mismatch":
            return f"{where}: '{fault['input']}' is not spelled right"
        case _:
            return f"{where}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _tag(fault: ErrorDetails) -> str:
    return str(fault.get("ctx", {}).get("tag", ""))


def _place(loc: list[str]) -> str:
    if loc[:1] != ["nodes"] or len(loc) < 2:
        return ", ".join(["the flow", *loc])
    rest = [part for n, part in enumerate(loc[2:]) if not (n == 0 and part in KINDS) and part != "[key]"]
    return ", ".join([f"node '{loc[1]}'", *_keys(rest)])


def _keys(parts: list[str]) -> Iterator[str]:
    """`keys, 3` is how the file says `key 3`."""
    rest = iter(parts)
    for part in rest:
        yield f"key {next(rest, '')}" if part == "keys" else part
