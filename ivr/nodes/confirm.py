"""confirm: the chosen appointment will be kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from ivr.flow import Changed, Confirm, Exit, Goto, Input, Move, Play, Played, Refused, Session, Way, unexpected
from ivr.nodes.asking import NodeId
from ivr.phrases import phrase
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAppointment:
    """Needs a chosen appointment. Says that it is confirmed, or that it is too late."""

    type: Literal["confirm"] = "confirm"
    next: NodeId
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def exits(self) -> Iterator[Exit]:
        """The next node."""
        yield Exit("next", self.next, waits=False)

    def texts(self) -> Iterator[Text]:
        """Only our own phrases."""
        yield from ()

    def enter(self, call: Session) -> Move:
        """Confirm it."""
        if not call.appointment:
            return call, Goto(Way.FALLBACK)
        return call, Confirm(call.appointment.id)

    def hear(self, call: Session, said: Input) -> Move:
        """Done, or too late."""
        match said:
            case Changed():
                return call, Play(phrase(call.language, "confirmed"))
            case Refused():
                return call, Play(phrase(call.language, "too_late"))
            case Played():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)
