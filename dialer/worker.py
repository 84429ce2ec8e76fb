"""The long-lived part: takes a due attempt, marks and commits it, and only then asks Asterisk to call.

So a crash leaves an attempt that says `dialing`, never a patient who is called twice: what Asterisk does not know at
the next look is parked for a person.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from crm_core.kernel.db import Database
from crm_core.kernel.errors import DatabaseUnavailableError, HcrmError, OutcomeUnknownError, TemporarySendError
from crm_core.kernel.ids import AttemptId
from crm_core.kernel.notices import RESYNC, Notice
from dialer import outcomes, placing, service, store
from dialer.attempt import Attempt
from dialer.settings import DialerSettings
from telephony.ami import AmiReply
from telephony.ami_events import AmiEvent, LinkUp, UserEvent
from telephony.errors import AmiError
from telephony.names import EVENT_ANSWERED
from telephony.originate import CallResult, Originate, OriginateTaken

log = logging.getLogger("dialer")

LONGEST_SLEEP_S = 15.0
DATABASE_AGAIN_S = 1.0
SETTLE_AFTER = timedelta(seconds=10)  # between the commit and Asterisk knowing the channel
PLAN_EVERY = timedelta(minutes=10)


class Line(Protocol):
    """What the worker needs of telephony.ami.Ami."""

    @property
    def is_up(self) -> bool:
        """Whether a call can be placed now."""
        ...

    async def originate(self, order: Originate) -> OriginateTaken:
        """Raises TemporarySendError (nobody was rung) or OutcomeUnknownError."""
        ...

    async def action(self, name: str, **fields: Any) -> AmiReply:
        """Raises AmiError."""
        ...


class Worker:
    """One per process; several processes share the work. `hear` must get the line's events, `told` the notices."""

    def __init__(self, db: Database, line: Line, settings: DialerSettings) -> None:
        self._db = db
        self._line = line
        self._settings = settings
        self._wake = asyncio.Event()
        self._placing: set[AttemptId] = set()  # their Originate will tell
        self._planned_at: datetime | None = None

    async def run(self) -> None:
        """Until cancelled. PostgreSQL may go and come back; calls under way are not forgotten meanwhile."""
        async with asyncio.TaskGroup() as calls:
            while True:
                try:
                    await self._work(calls)
                except DatabaseUnavailableError:
                    await asyncio.sleep(DATABASE_AGAIN_S)

    async def hear(self, event: AmiEvent) -> None:
        """Events of the line."""
        if isinstance(event, LinkUp):
            self._wake.set()
        if isinstance(event, UserEvent) and event.name == EVENT_ANSWERED and event.channel:
            attempt_id, by = event.fields.get("Attempt", ""), event.fields.get("By", "")
            uniqueid = event.channel.uniqueid
            if attempt_id.isdecimal():
                answered = AttemptId(int(attempt_id))
                await self._write(lambda: outcomes.somebody_answered(self._db, answered, by, uniqueid))

    def told(self, notice: Notice) -> None:
        """What happened elsewhere: attempts were planned or ended, or something may have been missed."""
        if notice is RESYNC or str(notice.get("type")).startswith("Attempt"):
            self._wake.set()

    async def _work(self, calls: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            await self._settle_left()
            await self._plan()
            await self._place_due(calls)
            await self._sleep()

    async def _sleep(self) -> None:
        now = self._db.clock()
        async with self._db.connection() as conn:
            due = await store.next_moment(conn, now)
        wait_s = min(LONGEST_SLEEP_S, (due - now).total_seconds()) if due else LONGEST_SLEEP_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()

    async def _plan(self) -> None:
        """Tomorrow's appointments, from the settled hour on."""
        now, plan_from = self._db.clock(), self._settings.plan_from
        is_early = plan_from is None or now.astimezone(self._settings.timezone).time() < plan_from
        if is_early or (self._planned_at and now < self._planned_at + PLAN_EVERY):
            return
        self._planned_at = now
        planned = await service.plan_reminders(
            self._db, now, timezone=self._settings.timezone, after_booking=self._settings.after_booking
        )
        if planned:
            log.info("reminder calls planned", extra={"count": planned})

    async def _place_due(self, calls: asyncio.TaskGroup) -> None:
        while self._line.is_up and (order := await placing.claim(self._db, self._settings)):
            self._placing.add(order.attempt_id)
            calls.create_task(self._place(order))

    async def _place(self, order: placing.Order) -> None:
        try:
            verdict = await self._verdict(order.originate)
            await self._write(lambda: self._note(order.attempt_id, verdict))
        finally:
            self._placing.discard(order.attempt_id)
            self._wake.set()  # a line is free

    async def _verdict(self, originate: Originate) -> CallResult | None:
        """None: nobody knows."""
        try:
            return (await self._line.originate(originate)).result
        except OutcomeUnknownError:
            return None
        except TemporarySendError:
            return CallResult.FAILED

    async def _note(self, attempt_id: AttemptId, verdict: CallResult | None) -> None:
        if verdict is None:
            await outcomes.outcome_lost(self._db, attempt_id)
        else:
            await outcomes.network_said(self._db, attempt_id, verdict, self._settings.retry)

    async def _write(self, write: Callable[[], Awaitable[None]]) -> None:
        """What we know must reach the database, however long it is away."""
        while True:
            try:
                return await write()
            except HcrmError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(DATABASE_AGAIN_S)

    async def _settle_left(self) -> None:
        """Attempts of a process that died, or whose events were lost with the link: what Asterisk forgot is over."""
        before = self._db.clock() - SETTLE_AFTER
        async with self._db.connection() as conn:
            under_way = await store.under_way(conn)
        left = [attempt for attempt in under_way if self._is_left(attempt, before)]
        if not left or not self._line.is_up:
            return
        try:
            reply = await self._line.action("CoreShowChannels")
        except AmiError:
            return
        alive = {row.get("Linkedid") for row in reply.rows} | {row.get("Uniqueid") for row in reply.rows}
        for attempt in left:
            if attempt.linkedid not in alive:
                await outcomes.settle(self._db, attempt.id, self._settings.retry)

    def _is_left(self, attempt: Attempt, before: datetime) -> bool:
        return attempt.id not in self._placing and attempt.dialed_at is not None and attempt.dialed_at < before
