"""Who is in the queue's ring: agents' states against Asterisk's members. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_core.calls.model import Agent, AgentState
from telephony import names

IN_RING = frozenset({AgentState.AVAILABLE, AgentState.RINGING, AgentState.CALLING, AgentState.ON_CALL})
PAUSED = frozenset({AgentState.WRAP_UP, AgentState.BREAK})

Members = Mapping[str, bool]  # interface -> is paused


@dataclass(frozen=True, slots=True)
class Add:
    """Into the queue."""

    interface: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Stay in the queue, rung or not."""

    interface: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Remove:
    """Out of the queue."""

    interface: str


Change = Add | Pause | Remove


def wanted_members(agents: Iterable[Agent]) -> dict[str, bool]:
    """Agents at a desk who are not offline; paused in wrap-up and on a break."""
    return {
        names.desk_interface(agent.desk): agent.state in PAUSED
        for agent in agents
        if agent.desk in names.DESKS and agent.state in IN_RING | PAUSED
    }


def changes(wanted: Members, actual: Members) -> list[Change]:
    """What makes `actual` like `wanted`. Removals come last: a queue that is never empty sends nobody away."""
    made: list[Change] = [Add(interface, wanted[interface]) for interface in sorted(wanted.keys() - actual.keys())]
    made += [
        Pause(interface, wanted[interface])
        for interface in sorted(wanted.keys() & actual.keys())
        if wanted[interface] != actual[interface]
    ]
    made += [Remove(interface) for interface in sorted(actual.keys() - wanted.keys())]
    return made
