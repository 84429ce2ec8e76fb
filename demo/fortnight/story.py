"""What is to be written down, each at its moment: done in the order of time, so that newer things have higher ids."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Tx
from demo.fortnight import calls
from demo.fortnight.calls import PastCall
from demo.fortnight.cast import Cast, Person
from demo.fortnight.diary import Diary

Do = Callable[[Tx], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Moment:
    """`actor` does this then."""

    at: datetime
    actor: Actor
    do: Do


@dataclass(slots=True)
class Story:
    """The two weeks as they are told."""

    diary: Diary
    cast: Cast
    everybody: list[Person]
    rng: Random
    moments: list[Moment] = field(default_factory=list)
    calls: list[PastCall] = field(default_factory=list)

    @property
    def people(self) -> list[Person]:
        """Who phones and texts by themselves."""
        return [person for person in self.everybody if person.is_grown_up]

    def at(self, when: datetime, actor: Actor, do: Do) -> None:
        """What would lie in the future has not happened."""
        if when < self.diary.now:
            self.moments.append(Moment(when, actor, do))

    def call(self, call: PastCall) -> bool:
        """In the call log from its end on; False when it is not over yet."""
        if call.ended_at >= self.diary.now:
            return False
        self.calls.append(call)
        return True

    async def write(self, tx: Tx) -> None:
        """Calls first: what follows from them names them."""
        await calls.write(tx, sorted(self.calls, key=lambda call: call.at))
        for moment in sorted(self.moments, key=lambda moment: moment.at):
            await moment.do(replace(tx, now=moment.at, actor=moment.actor))
