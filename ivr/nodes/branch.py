"""branch: go on by what is known, without asking the caller."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from ivr.flow import CountStaff, Exit, Goto, Input, Move, Session, Staff, unexpected
from ivr.nodes.asking import NodeId
from ivr.prompt import LANGUAGES, Text

Question = Literal["hours", "language", "known", "staff", "variable"]
ANSWERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "hours": ("open", "lunch", "closed", "weekend", "holiday"),
        "language": LANGUAGES,
        "known": ("one", "several", "nobody"),
        "staff": ("yes", "no"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """`cases` maps an answer to a node; any other answer goes `otherwise`. `name` is the variable asked about."""

    type: Literal["branch"] = "branch"
    on: Question
    name: str = ""
    cases: Annotated[dict[str, NodeId], Field(min_length=1)] = field()
    otherwise: NodeId
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    def exits(self) -> Iterator[Exit]:
        """One for each case."""
        for answer, node in self.cases.items():
            yield Exit(f"case {answer}", node, waits=False)
        yield Exit("otherwise", self.otherwise, waits=False)

    def texts(self) -> Iterator[Text]:
        """It says nothing."""
        yield from ()

    def enter(self, call: Session) -> Move:
        """Go on at once, unless the hospital must be asked first."""
        match self.on:
            case "staff":
                return call, CountStaff()
            case "variable":
                return self._go(call, call.variables.get(self.name, ""))
            case "hours":
                return self._go(call, call.facts.hours.value)
            case "language":
                return self._go(call, call.language)
            case "known":
                return self._go(call, _who(call))

    def hear(self, call: Session, said: Input) -> Move:
        """How the hospital answered."""
        match said:
            case Staff(is_there):
                return self._go(call, "yes" if is_there else "no")
            case _:
                raise unexpected(call, said)

    def _go(self, call: Session, answer: str) -> Move:
        return call, Goto(self.cases.get(answer, self.otherwise))


def _who(call: Session) -> str:
    if call.patient:
        return "one"
    return "several" if call.candidates else "nobody"
