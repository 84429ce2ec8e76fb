"""hangup: say goodbye and end the call."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from ivr.flow import Exit, Hangup, Input, Move, Play, Played, Session, unexpected
from ivr.phrases import spoken
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCall:
    """`say` is optional."""

    type: Literal["hangup"] = "hangup"
    say: Text | None = None
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def exits(self) -> Iterator[Exit]:
        """None: the flow ends here."""
        yield from ()

    def texts(self) -> Iterator[Text]:
        """What is said before."""
        if self.say:
            yield self.say

    def enter(self, call: Session) -> Move:
        """Say it, then hand over."""
        return call, Play(spoken(call, self.say)) if self.say else Hangup()

    def hear(self, call: Session, said: Input) -> Move:
        """It was said."""
        match said:
            case Played():
                return call, Hangup()
            case _:
                raise unexpected(call, said)
