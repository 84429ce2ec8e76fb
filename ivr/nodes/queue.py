"""queue: wait for a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, StringConstraints

from ivr.flow import Enqueue, Exit, Input, Move, Play, Played, Session, unexpected
from ivr.phrases import spoken
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """`say` is optional; the dialplan tells position and waiting time."""

    type: Literal["queue"] = "queue"
    queue: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] = "operators"
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
        return call, Play(spoken(call, self.say)) if self.say else Enqueue(self.queue)

    def hear(self, call: Session, said: Input) -> Move:
        """It was said."""
        match said:
            case Played():
                return call, Enqueue(self.queue)
            case _:
                raise unexpected(call, said)
