"""A telephone of the demo at the command line: text the hospital, read what came, order faults."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.gsm.client import HandsetClient
from demo.gsm.faults import FAULTS


class BadParameterError(ValueError):
    """Not of the form NAME=VALUE."""


def send(control: Path, sender: str, text: str) -> dict[str, int]:
    """Text the hospital as `sender`; says how many segments left. Raises NetworkUnavailableError, RefusedError."""
    return {"segments": asyncio.run(HandsetClient(control).send(sender, text))}


def inbox(control: Path, number: str, *, wait_s: float = 0.0) -> list[dict[str, str]]:
    """What this telephone received, oldest first; `wait_s` as in HandsetClient.inbox."""
    messages = asyncio.run(HandsetClient(control).inbox(number, wait_s=wait_s, is_shown=True))
    return [{"from": one.sender, "text": one.text, "at": one.at.isoformat()} for one in messages]


def fault(control: Path, name: str, params: Sequence[str]) -> None:
    """Order a fault; params as NAME=VALUE. Raises BadParameterError, RefusedError for an unknown one."""
    asyncio.run(HandsetClient(control).fault(name, _pairs(params)))


def status(control: Path) -> dict[str, Any]:
    """How the simulated network is; see HandsetClient.status."""
    return asyncio.run(HandsetClient(control).status())


def faults() -> list[tuple[str, str]]:
    """Every fault there is, and what it does."""
    return [(name, fault.help) for name, fault in FAULTS.items()]


def _pairs(params: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for param in params:
        name, sign, value = param.partition("=")
        if not sign or not name:
            raise BadParameterError(f"a parameter is NAME=VALUE, not {param}")
        pairs[name] = value
    return pairs
