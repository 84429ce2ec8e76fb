"""What the web is given for supervisors at calls, colleagues let in, and recordings paused: written down, then done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from crm_core.calls import asking, pauses, supervision
from crm_core.calls.model import Mode
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError, OutcomeUnknownError
from crm_core.kernel.ids import CallId, UserId
from telephony import rooms, silence
from telephony.ami import Ami
from telephony.errors import AmiRefusedError, AmiTimeoutError, EarNotAnsweredError, TelephoneRefusedError
from telephony.originate import CallResult


@asynccontextmanager
async def said_by_asterisk() -> AsyncIterator[None]:
    """Its refusals in words that staff read."""
    try:
        yield
    except AmiRefusedError as error:
        raise TelephoneRefusedError("Asterisk refused") from error
    except AmiTimeoutError as error:
        raise OutcomeUnknownError("no answer from Asterisk") from error


@dataclass(frozen=True, slots=True)
class Supervising:
    """Through Asterisk."""

    db: Database
    ami: Ami

    async def begin(self, actor: Actor, agent_id: UserId, mode: Mode) -> None:
        """The supervisor's telephone rings and hears; who wants to be heard is, once it is answered."""
        ear = rooms.new_ear()
        begun = await supervision.begin(self.db, actor, agent_id, Mode.LISTEN, ear)
        try:
            async with said_by_asterisk():
                taken = await rooms.ring_ear(
                    self.ami, ear, begun.supervisor_desk, patient=begun.patient, agent=begun.agent_desk
                )
        except OutcomeUnknownError:
            raise  # it may hear: whoever compares next finds out
        except HcrmError:
            await supervision.over(self.db, ear)
            raise
        if taken.result is not CallResult.ANSWERED:
            await supervision.over(self.db, ear)
            raise EarNotAnsweredError("the supervisor's telephone did not answer")
        if mode is not Mode.LISTEN:
            await self.change(actor, mode)

    async def change(self, actor: Actor, mode: Mode) -> None:
        """Said first, then done: a board that says too much harms nobody. When it is not done, that is taken back."""
        before = await supervision.mine(self.db, actor)
        now = await supervision.change(self.db, actor, mode)
        try:
            async with said_by_asterisk():
                await rooms.place(self.ami, now.ear, mode, patient=now.patient, agent=now.agent_desk)
        except OutcomeUnknownError:
            raise
        except HcrmError:
            await supervision.found_as(self.db, now.ear, before.mode)
            raise

    async def stop(self, actor: Actor) -> None:
        """The row is closed when the channel is gone."""
        mine = await supervision.mine(self.db, actor)
        async with said_by_asterisk():
            await rooms.hang_up(self.ami, mine.ear)

    async def let_in(self, actor: Actor, call_id: CallId) -> None:
        """Who is asked about this call speaks with the patient too."""
        patient, agent, colleague = await asking.to_let_in(self.db, actor, call_id)
        async with said_by_asterisk():
            await rooms.let_in(self.ami, patient, agent, colleague)

    async def pause(self, actor: Actor, call_id: CallId) -> None:
        """Nothing is recorded for a while."""
        patient = await pauses.begin(self.db, actor, call_id)
        try:
            async with said_by_asterisk():
                await silence.set_silent(self.ami, patient, on=True)
        except OutcomeUnknownError:
            raise  # perhaps silent: it ends by itself
        except HcrmError:
            await pauses.over(self.db, call_id)
            raise

    async def resume(self, actor: Actor, call_id: CallId) -> None:
        """Recorded again."""
        patient = await pauses.channel(self.db, actor, call_id)
        async with said_by_asterisk():
            await silence.set_silent(self.ami, patient, on=False)
        await pauses.over(self.db, call_id, actor)
