"""One long-lived worker per modem: connects, sends what is due, keeps what comes in, watches its health, reconnects."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import TypeVar
from uuid import uuid4

from crm_core.kernel.db import Database
from crm_core.kernel.errors import DatabaseUnavailableError, OutcomeUnknownError, SendError, TemporarySendError
from crm_core.kernel.notices import Notices
from crm_core.kernel.status import OK, StatusBoard
from sms import inbound, outbound, outbound_store, pdu, routing
from sms.at import open_link
from sms.at_lines import Unsolicited
from sms.delivery import Refusal
from sms.errors import ModemError, ModemLinkError, SimLockedError
from sms.guard import ModemGuard
from sms.model import ClaimId
from sms.modem import RESTARTED, STORAGES, Health, Modem, ModemDevice, StoredPdu, set_up
from sms.outbound import Claim
from sms.pdu import PduError, StatusReport
from sms.routing import Standing

log = logging.getLogger("sms.worker")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How often and how long. Tests shorten it."""

    poll_s: float = 60.0  # the storage is read this often even when nothing was announced
    reread_s: float = 2.0  # after something unreadable
    health_s: float = 30.0
    idle_s: float = 10.0  # the queue is read this often even when nobody was woken
    first_reconnect_s: float = 0.5
    longest_reconnect_s: float = 20.0
    database_retry_s: float = 0.5
    finish_s: float = 5.0  # a segment in the modem's hands may be finished at shutdown
    report_waits_s: float = 120.0  # a report may be faster than the record of what it reports


READS_UNTIL_UNREADABLE = 3
_BROKEN_OFF = (Refusal.UNKNOWN, "link_ended")
_ANNOUNCED = re.compile(r'\+(?:CMTI|CDSI):\s*"?(\w+)')


@dataclass(slots=True)
class ModemWorker:
    """Everything one modem does. `run` never returns."""

    db: Database
    notices: Notices
    board: StatusBoard
    device: ModemDevice
    zone: tzinfo
    timing: Timing = field(default_factory=Timing)
    standing: Standing = routing.GOOD
    health: Health | None = None
    guard: ModemGuard = field(init=False)
    _registered: asyncio.Event = field(default_factory=asyncio.Event)
    _stored: asyncio.Event = field(default_factory=asyncio.Event)
    _announced: set[str] = field(default_factory=set)  # storages that hold something new
    _unmatched: list[tuple[StatusReport, float]] = field(default_factory=list)
    _unreadable: dict[tuple[str, int, str], int] = field(default_factory=dict)
    _in_hand: ClaimId | None = None  # what this process is claiming or sending

    def __post_init__(self) -> None:
        self.guard = ModemGuard(self.notices, self.device.name, self._settle)

    @property
    def part(self) -> str:
        """Its name on the status board."""
        return f"modem:{self.device.name}"

    async def run(self) -> None:
        """Take the modem for this process, then one session after the other; each settles what the last one left."""
        self.board.report(self.part, "waiting for its turn")
        async with asyncio.TaskGroup() as group:
            group.create_task(self.guard.hold())
            await self._sessions()

    async def _settle(self) -> None:
        """Whoever began to send these is gone: another process, or a session of this one."""
        parked = await outbound.park_found_sending(self.db, self.device.name, in_hand=self._in_hand)
        if parked:
            log.warning("messages with unknown outcome", extra={"modem": self.device.name, "messages": parked})

    async def _sessions(self) -> None:
        wait_s = self.timing.first_reconnect_s
        while True:
            await self.guard.held.wait()
            await self._when_database_answers(self._settle)
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                await self._session()
            except* SimLockedError as group:
                self.device = ModemDevice(name=self.device.name, device=self.device.device)  # never try the PIN again
                self._report_loss(group)
            except* ModemLinkError as group:
                self._report_loss(group)
            if loop.time() - began > self.timing.longest_reconnect_s:
                wait_s = self.timing.first_reconnect_s
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, self.timing.longest_reconnect_s)

    def _report_loss(self, group: BaseExceptionGroup[BaseException]) -> None:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self._registered.clear()
        self.health = None
        self.board.report(self.part, str(error))
        log.warning("modem lost", extra={"modem": self.device.name, "reason": str(error)})

    async def _session(self) -> None:
        async with open_link(self.device.device, baudrate=self.device.baudrate) as link:
            modem = await set_up(link, self.device)
            log.info("modem connected", extra={"modem": self.device.name})
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_health(modem))
                group.create_task(self._listen(modem))
                group.create_task(self._empty_storage(modem))
                group.create_task(self._send_what_is_due(modem))
                group.create_task(self._leave_when_taken())

    async def _leave_when_taken(self) -> None:
        await self.guard.taken.wait()
        raise ModemLinkError("another process has this modem")

    # health --------------------------------------------------------------------------------------------------------

    async def _watch_health(self, modem: Modem) -> None:
        while True:
            self.health = await modem.health()
            if self.health.was_deaf:
                self._stored.set()
            if self.health.is_registered:
                self._registered.set()
            else:
                self._registered.clear()
            self._report_state()
            await asyncio.sleep(self.timing.health_s if self.health.is_registered else self.timing.health_s / 5)

    def _report_state(self) -> None:
        state = OK
        if self.health is None or not self.health.is_registered:
            state = "not registered in a network"
        elif self.standing.is_blocked(self.db.clock()):
            state = "sending paused after repeated errors"
        self.board.report(self.part, state)

    # receiving -----------------------------------------------------------------------------------------------------

    async def _listen(self, modem: Modem) -> None:
        while True:
            signal = await modem.next_unsolicited()
            if signal.line in RESTARTED:
                raise ModemLinkError("modem restarted")
            if match := _ANNOUNCED.match(signal.line):
                self._announced.add(match[1])
                self._stored.set()
            elif signal.line.startswith(("+CMT:", "+CDS:")):
                await self._take_shown(modem, signal)

    async def _take_shown(self, modem: Modem, signal: Unsolicited) -> None:
        """Shown instead of stored: the network keeps it until we acknowledge, so a broken line is not acknowledged."""
        if await self._take(signal.pdu):
            await modem.acknowledge()
        else:
            log.warning("a message or report was garbled", extra={"modem": self.device.name})

    async def _empty_storage(self, modem: Modem) -> None:
        """Everything at the start, then what is announced, and from time to time in case an announcement was lost."""
        storages = set(modem.storages)
        while True:
            unreadable = [key for storage in sorted(storages) for key in await self._read_storage(modem, storage)]
            self._unreadable = {key: self._unreadable.get(key, 0) + 1 for key in unreadable}
            try:
                async with asyncio.timeout(self.timing.reread_s if unreadable else self.timing.poll_s):
                    await self._stored.wait()
                storages = self._announced & set(STORAGES) or set(modem.storages)
            except TimeoutError:
                storages = set(modem.storages)
            self._stored.clear()
            self._announced = set()

    async def _read_storage(self, modem: Modem, storage: str) -> list[tuple[str, int, str]]:
        """Keep and delete what lies there; what could not be read comes back."""
        unreadable = []
        try:
            for stored in await modem.stored(storage):
                key = (stored.storage, stored.index, stored.pdu)
                if not await self._take_stored(stored, reads=self._unreadable.get(key, 0) + 1):
                    unreadable.append(key)
                else:
                    await modem.delete(stored)
        except ModemError as error:
            log.warning("storage not read", extra={"modem": self.device.name, "error": str(error)})
        return unreadable

    async def _take_stored(self, stored: StoredPdu, *, reads: int) -> bool:
        """Whether it is kept and may be deleted. Only what reads the same three times is no noise on the line."""
        if stored.is_whole and await self._take(stored.pdu):
            return True
        if reads < READS_UNTIL_UNREADABLE:
            return False
        await self._when_database_answers(lambda: inbound.keep_unreadable(self.db, self.device.name, stored.pdu))
        return True

    async def _take(self, hex_text: str) -> bool:
        """Commit what a PDU holds; False when it cannot be read."""
        try:
            read = pdu.decode(hex_text)
        except PduError:
            return False
        if isinstance(read, StatusReport):
            await self._take_report(read)
        else:
            await self._when_database_answers(lambda: inbound.keep(self.db, self.device.name, hex_text, read))
        return True

    async def _take_report(self, report: StatusReport) -> None:
        apply = partial(outbound.apply_report, self.db, self.device.name, report)
        if not await self._when_database_answers(apply):
            deadline = asyncio.get_running_loop().time() + self.timing.report_waits_s
            self._unmatched.append((report, deadline))
            self.guard.queued.set()

    async def _try_reports_again(self) -> None:
        now = asyncio.get_running_loop().time()
        self._unmatched = [(report, deadline) for report, deadline in self._unmatched if deadline > now]
        with suppress(DatabaseUnavailableError):
            for waiting in tuple(self._unmatched):
                if await outbound.apply_report(self.db, self.device.name, waiting[0]):
                    self._unmatched.remove(waiting)

    # sending -------------------------------------------------------------------------------------------------------

    async def _send_what_is_due(self, modem: Modem) -> None:
        """One message after the other, the most urgent first; the line sets the pace."""
        while True:
            await self.guard.held.wait()
            await self._registered.wait()
            self.guard.queued.clear()
            await self._try_reports_again()
            if self.standing.is_blocked(self.db.clock()) or not await self._send_next(modem):
                await self._idle()
            else:
                self._report_state()

    async def _send_next(self, modem: Modem) -> bool:
        """False when nothing is due. Whatever happens on the way, the message ends in a state that is true."""
        self._in_hand = claim_id = ClaimId(uuid4())
        try:
            claimed = await self._claim(claim_id)
            if claimed is not None:
                await self._hand_over(modem, claimed)
        finally:
            self._in_hand = None
        return claimed is not None

    async def _claim(self, claim_id: ClaimId) -> Claim | None:
        """A claim that is broken off may be committed all the same; nothing was handed over."""
        give_back = partial(outbound.give_back, self.db, claim_id)
        try:
            return await outbound.claim(self.db, self.device.name, claim_id, zone=self.zone)
        except DatabaseUnavailableError:
            await self._when_database_answers(give_back)
            return None
        except asyncio.CancelledError:
            await self._at_least_try(give_back)
            raise

    async def _hand_over(self, modem: Modem, claimed: Claim) -> None:
        """Send it. When the session or the server ends meanwhile, the modem has a moment to say how it went."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send(modem, claimed))
            try:
                await asyncio.shield(sending)
            except asyncio.CancelledError:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.timing.finish_s):
                        await asyncio.shield(sending)
                if not sending.done():
                    await self._at_least_try(partial(outbound.record_refused, self.db, claimed, *_BROKEN_OFF))
                raise

    async def _at_least_try(self, do: Callable[[], Awaitable[None]]) -> None:
        """Although this task is cancelled. What cannot be written down now is parked when the next session begins."""
        with suppress(DatabaseUnavailableError, TimeoutError):
            async with asyncio.timeout(self.timing.finish_s):
                await do()

    async def _idle(self) -> None:
        """Until somebody queues a message or the next one is due."""
        wait_s = self.timing.idle_s
        with suppress(DatabaseUnavailableError):
            async with self.db.connection() as conn:
                wait_s = await outbound_store.next_due_in_s(
                    conn, self.device.name, now=self.db.clock(), at_most_s=wait_s
                )
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self.guard.queued.wait()

    async def _send(self, modem: Modem, claimed: Claim) -> None:
        for number, submit in enumerate(claimed.submits, start=1):
            try:
                reference = await modem.send(pdu.encode_submit(submit))
            except TemporarySendError as error:
                await self._refused(modem, claimed, Refusal.TEMPORARY, error)
                return
            except OutcomeUnknownError as error:
                await self._refused(modem, claimed, Refusal.UNKNOWN, error)
                return
            except SendError as error:
                await self._refused(modem, claimed, Refusal.PERMANENT, error)
                return
            await self._recorded(claimed, number, reference)
        self.standing = routing.after_success(self.standing)

    async def _recorded(self, claimed: Claim, number: int, reference: int) -> None:
        await self._when_database_answers(lambda: outbound.record_sent(self.db, claimed, number, reference))

    async def _refused(self, modem: Modem, claimed: Claim, kind: Refusal, error: SendError) -> None:
        await self._when_database_answers(lambda: outbound.record_refused(self.db, claimed, kind, str(error)))
        fields = {"modem": self.device.name, "sms_id": claimed.sms_id, "kind": kind.value, "reason": str(error)}
        log.warning("sms not taken", extra=fields)
        if modem.link.is_lost:
            raise ModemLinkError(str(error))
        if kind is Refusal.TEMPORARY:
            self.standing = routing.after_error(self.standing, self.db.clock())

    async def _when_database_answers(self, do: Callable[[], Awaitable[T]]) -> T:
        """What must be written down is written down, however long PostgreSQL is away. `do` is safe to repeat."""
        while True:
            try:
                return await do()
            except DatabaseUnavailableError:
                await asyncio.sleep(self.timing.database_retry_s)
