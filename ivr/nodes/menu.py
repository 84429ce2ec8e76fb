"""menu: one key chooses where to go."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ivr.flow import FIRST_KEY_S, Ask, Digits, Exit, Goto, Input, Move, Session
from ivr.nodes.asking import Asking, Key, NodeId, Seconds
from ivr.phrases import spoken
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(Asking):
    """`keys` maps a key to a node. `timeout_s` is how long silence lasts after the text."""

    type: Literal["menu"] = "menu"
    say: Text
    keys: Annotated[dict[Key, NodeId], Field(min_length=1)]
    timeout_s: Seconds = FIRST_KEY_S

    def exits(self) -> Iterator[Exit]:
        """One for each key."""
        for key, node in self.keys.items():
            yield Exit(f"key {key}", node, waits=True)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """The menu's text first."""
        yield self.say
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """Ask."""
        return call, self._ask(call)

    def hear(self, call: Session, said: Input) -> Move:
        """A key that leads somewhere, or another try."""
        match said:
            case Digits(key) if key in self.keys:
                return call, Goto(self.keys[key])
            case _:
                return self.again(call, said, self._ask(call))

    def _ask(self, call: Session) -> Ask:
        return Ask(spoken(call, self.say), first_s=self.timeout_s)
