"""A telephone line without telephones: says about each call what the test told it to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crm_core.kernel.errors import OutcomeUnknownError, TemporarySendError
from telephony.ami import AmiReply
from telephony.errors import AmiLinkError
from telephony.originate import CallResult, Originate, OriginateTaken

Verdict = CallResult | type[TemporarySendError] | type[OutcomeUnknownError] | None  # None: rings until released


@dataclass
class PretendLine:
    """`verdict` decides about a call; `alive` are the channels Asterisk knows."""

    verdict: Callable[[Originate], Verdict] = lambda order: CallResult.ANSWERED
    is_up: bool = True
    alive: set[str] = field(default_factory=set)
    orders: list[Originate] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def originate(self, order: Originate) -> OriginateTaken:
        """As telephony.ami.Ami does it."""
        self.orders.append(order)
        if not self.is_up:
            raise AmiLinkError("no link to Asterisk")
        verdict = self.verdict(order)
        self.alive.add(order.uniqueid)
        if verdict is None:
            await self.release.wait()
            verdict = CallResult.ANSWERED
        if isinstance(verdict, CallResult):
            if verdict is not CallResult.ANSWERED:
                self.alive.discard(order.uniqueid)
            return OriginateTaken(order.uniqueid, "action-1", verdict)
        self.alive.discard(order.uniqueid)
        raise verdict("told so")

    async def action(self, name: str, **fields: Any) -> AmiReply:
        """CoreShowChannels only."""
        assert name == "CoreShowChannels"
        if not self.is_up:
            raise AmiLinkError("no link to Asterisk")
        return AmiReply({}, tuple({"Uniqueid": uniqueid, "Linkedid": uniqueid} for uniqueid in self.alive))

    def numbers(self) -> list[str]:
        """Whom we called, in order."""
        return [order.interface.removeprefix("PJSIP/").removesuffix("@carrier") for order in self.orders]
