"""voicemail: leave a message."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from ivr.flow import Exit, Input, Move, Play, Played, Session, Voicemail, unexpected
from ivr.phrases import spoken
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveVoicemail:
    """`say` is optional; the dialplan plays the tone and keeps the message."""

    type: Literal["voicemail"] = "voicemail"
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
        return call, Play(spoken(call, self.say)) if self.say else Voicemail()

    def hear(self, call: Session, said: Input) -> Move:
        """It was said."""
        match said:
            case Played():
                return call, Voicemail()
            case _:
                raise unexpected(call, said)
