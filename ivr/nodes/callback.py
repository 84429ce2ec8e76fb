"""callback: the caller wants to be rung back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ivr.flow import (
    Ask,
    Digits,
    Done,
    Exit,
    Goto,
    Input,
    Move,
    Play,
    Played,
    Refused,
    RequestCallback,
    Session,
    TimedOut,
    Way,
    unexpected,
)
from ivr.nodes.asking import Asking, NodeId, understood
from ivr.phrases import phrase
from ivr.prompt import Text

LONGEST_NUMBER = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCallback(Asking):
    """At the number they call from, or one they type. A person of the hospital gets the task."""

    type: Literal["callback"] = "callback"
    next: NodeId

    def exits(self) -> Iterator[Exit]:
        """When it is noted."""
        yield Exit("next", self.next, waits=True)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """Only its own pardons."""
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """A withheld number must be typed."""
        if call.facts.caller:
            return call.remember(phase="this"), Ask(phrase(call.language, "callback_this"))
        return call.remember(phase="number"), _ask_number(call)

    def hear(self, call: Session, said: Input) -> Move:
        """Each phase hears one kind of answer."""
        match call.memo.phase, said:
            case "this", Digits("1") if call.facts.caller:
                return call.remember(phase="noting"), RequestCallback(call.facts.caller)
            case "this", Digits("2"):
                return understood(call, "number"), _ask_number(call)
            case "this", Digits() | TimedOut():
                return self.again(call, said, Ask(phrase(call.language, "callback_this")))
            case "number", Digits(keys) if keys.isdecimal():
                return call.remember(phase="noting"), RequestCallback(keys)
            case "number", Digits() | TimedOut():
                return self.again(call, said, _ask_number(call))
            case _:
                return self._noted(call, said)

    def _noted(self, call: Session, said: Input) -> Move:
        match call.memo.phase, said:
            case "noting", Done():
                return call.remember(phase="noted"), Play(phrase(call.language, "callback_taken"))
            case "noting", Refused():
                return self._bad_number(call)
            case "noted", Played():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)

    def _bad_number(self, call: Session) -> Move:
        call = call.remember(phase="number", mismatches=call.memo.mismatches + 1)
        if call.memo.mismatches >= self.tries:
            return call, Goto(self.otherwise or Way.FALLBACK)
        ask = _ask_number(call)
        return call, replace(ask, prompt=phrase(call.language, "callback_bad_number") + ask.prompt)


def _ask_number(call: Session) -> Ask:
    return Ask(phrase(call.language, "callback_number"), max_digits=LONGEST_NUMBER, terminator="#", first_s=8.0)
