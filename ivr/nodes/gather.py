"""gather: read a number of digits into a variable."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ivr.flow import FIRST_KEY_S, NEXT_KEY_S, Ask, Digits, Exit, Goto, Input, Move, Session
from ivr.nodes.asking import Asking, NodeId, Seconds
from ivr.phrases import spoken
from ivr.prompt import Text

Count = Annotated[int, Field(ge=1, le=30)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather(Asking):
    """Ends after `max_digits`, at `terminator` ("" for none), or `next_timeout_s` after the last key."""

    type: Literal["gather"] = "gather"
    say: Text
    into: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    min_digits: Count = 1
    max_digits: Count = 20
    terminator: Literal["#", "*", ""] = "#"
    first_timeout_s: Seconds = FIRST_KEY_S
    next_timeout_s: Seconds = NEXT_KEY_S
    next: NodeId

    def exits(self) -> Iterator[Exit]:
        """With the digits, or without."""
        yield Exit("next", self.next, waits=True)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """The question first."""
        yield self.say
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """Ask."""
        return call, self._ask(call)

    def hear(self, call: Session, said: Input) -> Move:
        """Enough digits, or another try."""
        match said:
            case Digits(keys) if keys.isdecimal() and self.min_digits <= len(keys) <= self.max_digits:
                return replace(call, variables={**call.variables, self.into: keys}), Goto(self.next)
            case _:
                return self.again(call, said, self._ask(call))

    def _ask(self, call: Session) -> Ask:
        return Ask(
            spoken(call, self.say),
            max_digits=self.max_digits,
            terminator=self.terminator,
            first_s=self.first_timeout_s,
            next_s=self.next_timeout_s,
        )
