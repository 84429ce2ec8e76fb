"""What every node that reads keys shares: patience, and words for silence and for wrong keys."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from ivr.flow import Ask, Digits, Exit, Goto, Input, Move, Session, TimedOut, Way, unexpected
from ivr.phrases import phrase, spoken
from ivr.prompt import Prompt, Text

NodeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
Seconds = Annotated[float, Field(gt=0, le=30)]

PERSON_KEY = "0"
BACK_KEY = "*"
MORE_KEY = "9"
OWN_PARDONS = 2  # phrases for the first and the second time


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """After `tries` times nothing understood the call goes `otherwise`, by default to the queue."""

    tries: Annotated[int, Field(ge=1, le=9)] = 3
    no_input: tuple[Text, ...] = ()
    no_match: tuple[Text, ...] = ()
    otherwise: NodeId | None = None
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def exits(self) -> Iterator[Exit]:
        """Where a caller ends who is not understood."""
        if self.otherwise:
            yield Exit("otherwise", self.otherwise, waits=True)

    def texts(self) -> Iterator[Text]:
        """What is said by kind of misunderstanding and by count."""
        yield from self.no_input
        yield from self.no_match

    def again(self, call: Session, said: Input, ask: Ask, *, wrong: str = "") -> Move:
        """Say what was wrong and ask once more. `wrong` names a phrase that says it better than "that key".

        Raises UnexpectedInputError when it was not about keys at all.
        """
        memo = call.memo
        match said:
            case TimedOut():
                call = call.remember(silences=memo.silences + 1)
                pardon = self._pardon(call, "no_input", self.no_input, memo.silences)
            case Digits():
                call = call.remember(mismatches=memo.mismatches + 1)
                usual = self._pardon(call, "no_match", self.no_match, memo.mismatches)
                pardon = phrase(call.language, wrong) if wrong else usual
            case _:
                raise unexpected(call, said)
        if call.memo.silences + call.memo.mismatches >= self.tries:
            return call, Goto(self.otherwise or Way.FALLBACK)
        return call, replace(ask, prompt=pardon + ask.prompt)

    def _pardon(self, call: Session, name: str, own: tuple[Text, ...], before: int) -> Prompt:
        if own:
            return spoken(call, own[min(before, len(own) - 1)])
        return phrase(call.language, f"{name}_{min(before + 1, OWN_PARDONS)}")


def understood(call: Session, phase: str) -> Session:
    """On to the next question of the same node, with patience restored."""
    return call.remember(phase=phase, silences=0, mismatches=0)
