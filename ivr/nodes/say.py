"""say: tell the caller something and go on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from ivr.flow import Exit, Goto, Input, Move, Play, Played, Session, unexpected
from ivr.nodes.asking import NodeId
from ivr.phrases import spoken
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A key pressed meanwhile stops the text and counts for the next question, unless `barge_in` is off."""

    type: Literal["say"] = "say"
    say: Text
    next: NodeId
    barge_in: bool = True
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def exits(self) -> Iterator[Exit]:
        """The next node."""
        yield Exit("next", self.next, waits=False)

    def texts(self) -> Iterator[Text]:
        """What it says."""
        yield self.say

    def enter(self, call: Session) -> Move:
        """Say it."""
        return call, Play(spoken(call, self.say), self.barge_in)

    def hear(self, call: Session, said: Input) -> Move:
        """It was said."""
        match said:
            case Played():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)
