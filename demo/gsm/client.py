"""The telephones of the simulated network, for the handset command, the /demo page and tests."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

LONGEST_LINE_BYTES = 1 << 24
ANSWER_WITHIN_S = 10.0


class NetworkUnavailableError(Exception):
    """No simulated GSM network answers at this socket: is the demo running?"""


class RefusedError(Exception):
    """The network did not understand; the message says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message on a telephone. `sender` is a number or the name an operator shows."""

    sender: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime


class HandsetClient:
    """Stateless: each call is one connection to the control socket."""

    def __init__(self, control: Path) -> None:
        self._control = control

    async def send(self, sender: str, text: str, *, wide: bool = False) -> int:
        """Text the hospital; returns the number of segments. `wide`: with a 16 bit reference."""
        answer = await self._ask({"do": "send", "from": sender, "text": text, "wide": wide})
        return int(answer["segments"])

    async def inbox(self, number: str, *, wait_s: float = 0.0, is_shown: bool = False) -> list[Received]:
        """Whole messages of this telephone, oldest first.

        `wait_s`: returns when something new is there, at the latest after so many seconds. New is what arrives after
        the call began, and an answer to this telephone's own text of the last minute that was not shown yet.
        `is_shown`: its owner looks now, so the next who waits waits for something else.
        """
        answer = await self._ask(
            {"do": "inbox", "number": number, "wait_s": wait_s, "is_shown": is_shown}, longer_s=wait_s
        )
        return [Received(one["from"], one["text"], datetime.fromisoformat(one["at"])) for one in answer]

    async def fault(self, name: str, params: Mapping[str, str] | None = None) -> None:
        """Order a fault; demo.gsm.faults.FAULTS lists them. Raises RefusedError for an unknown one."""
        await self._ask({"do": "fault", "name": name, "params": dict(params or {})})

    async def status(self) -> dict[str, Any]:
        """is_plugged, segments_per_min, counts, storages, what waits, faults."""
        return dict(await self._ask({"do": "status"}))

    async def submitted(self) -> list[str]:
        """The newest TPDUs (hex, at most 500) that the hospital's modem put on the air, oldest first."""
        return [str(tpdu) for tpdu in await self._ask({"do": "submitted"})]

    async def _ask(self, request: dict[str, Any], *, longer_s: float = 0.0) -> Any:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S + longer_s):
                line = await self._exchange(json.dumps(request).encode() + b"\n")
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise NetworkUnavailableError("no simulated GSM network answers; is the demo running?") from error
        answer = json.loads(line)
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["ok"]

    async def _exchange(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._control, limit=LONGEST_LINE_BYTES)
        try:
            writer.write(request)
            return await reader.readuntil(b"\n")
        finally:
            writer.close()
