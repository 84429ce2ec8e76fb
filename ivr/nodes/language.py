"""language: speak another language from here on, and remember it on the patient."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import ConfigDict

from ivr.flow import Done, Exit, Goto, Input, Move, Session, SetLanguage, unexpected
from ivr.nodes.asking import NodeId
from ivr.prompt import Language, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakLanguage:
    """A known patient's next call begins in this language."""

    type: Literal["language"] = "language"
    language: Language
    next: NodeId
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def exits(self) -> Iterator[Exit]:
        """The next node."""
        yield Exit("next", self.next, waits=False)

    def texts(self) -> Iterator[Text]:
        """It says nothing."""
        yield from ()

    def enter(self, call: Session) -> Move:
        """Switch, and remember when we know for whom."""
        spoken_to = replace(call, language=self.language)
        if not call.patient:
            return spoken_to, Goto(self.next)
        return spoken_to, SetLanguage(call.patient.id, self.language)

    def hear(self, call: Session, said: Input) -> Move:
        """It is remembered."""
        match said:
            case Done():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)
