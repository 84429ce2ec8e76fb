"""The network's other side, for people and tests: a JSON object per line on a Unix socket, an answer per line."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from demo.gsm import faults
from demo.gsm.shell import Shell

LONGEST_LINE_BYTES = 1 << 20
LONGEST_WAIT_S = 600.0
Command = Callable[[Shell, dict[str, Any]], Awaitable[object]]


async def _send(shell: Shell, request: dict[str, Any]) -> object:
    sender, text = str(request["from"]), str(request["text"])
    if not sender or not text:
        raise ValueError("a text needs a sender and words")
    shell.inboxes.texted(sender, shell.moment())
    count = shell.network.text(sender, text, shell.now, wide=bool(request.get("wide")))
    shell.wake()
    return {"segments": count}


async def _inbox(shell: Shell, request: dict[str, Any]) -> object:
    number = str(request["number"])
    wait_s = min(float(request.get("wait_s", 0)), LONGEST_WAIT_S)
    if wait_s > 0:
        await shell.wait_for_news(number, timeout_s=wait_s)
    messages = shell.inboxes.messages(number)
    if request.get("is_shown"):
        shell.inboxes.shown(number, shell.moment())
    return [{"from": one.sender, "text": one.text, "at": one.at.isoformat()} for one in messages]


async def _fault(shell: Shell, request: dict[str, Any]) -> object:
    params = {str(name): str(value) for name, value in dict(request.get("params", {})).items()}
    faults.apply(shell.network, str(request["name"]), params, shell.now)
    shell.wake()
    return {}


async def _status(shell: Shell, request: dict[str, Any]) -> object:
    network = shell.network
    return {
        "is_plugged": network.is_plugged,
        "segments_per_min": round(network.timing.segments_per_min(), 1),
        "counts": dict(network.counts),
        "storages": {name: [len(one.messages), one.capacity] for name, one in network.modem.storages.items()},
        "waiting_for_modem": len(network.smsc.inbound),
        "waiting_for_phones": len(network.smsc.outbound),
        "faults": network.faults.waiting(),
    }


async def _submitted(shell: Shell, request: dict[str, Any]) -> object:
    return list(shell.network.submitted)


COMMANDS: dict[str, Command] = {
    "send": _send,
    "inbox": _inbox,
    "fault": _fault,
    "status": _status,
    "submitted": _submitted,
}


async def answer(shell: Shell, line: bytes) -> bytes:
    """`{"ok": ...}` or `{"error": "what to do"}`; never raises for anything a client can write."""
    try:
        request = json.loads(line)
        command = COMMANDS[request["do"]]
    except (ValueError, KeyError, TypeError):
        return _line({"error": f"a request is {{'do': one of {', '.join(COMMANDS)}, ...}}"})
    try:
        return _line({"ok": await command(shell, request)})
    except KeyError as error:
        return _line({"error": f"missing or unknown: {error}"})
    except (ValueError, TypeError) as error:
        return _line({"error": str(error)})


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"


async def serve_client(shell: Shell, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the client leaves."""
    with suppress(ConnectionError, ValueError):
        while line := await reader.readline():
            writer.write(await answer(shell, line))
            await writer.drain()
    writer.close()
