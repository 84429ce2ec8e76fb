"""The manager interface. The only module that knows panoramisk, of which it takes the wire format and nothing else.

Ours, because the library's are wrong: UTF-8 across reads, a heartbeat that is checked, reconnection, and that an action
is never sent twice (docs/decisions/0010-panoramisk.md).
"""

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from crm_core.kernel.clock import utc_now
from crm_core.kernel.errors import OutcomeUnknownError, TemporarySendError
from crm_core.kernel.status import StatusBoard
from telephony.ami_events import AmiEvent, Hangup, LinkDown, LinkUp, OriginateResponse, Recheck, parse_event
from telephony.errors import AmiError, AmiLinkError, AmiLoginError, AmiRefusedError, AmiTimeoutError
from telephony.originate import (
    CAUSE_GRACE_S,
    ORIGINATE_GRACE_S,
    CallResult,
    Originate,
    OriginateTaken,
    call_result,
)

log = logging.getLogger("ami")

EventHandler = Callable[[AmiEvent], Awaitable[None]]
Fields = str | Sequence[str]
STATUS_PART = "ami"
LINE_BYTES = 1_000  # Asterisk reads lines of at most 1,024
MESSAGE_BYTES = 1 << 20
WAITING_EVENTS = 100_000  # a subscriber further behind than this loses events, and says so
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiSettings:
    """Where Asterisk listens, and how patient we are."""

    port: int
    secret: str = field(repr=False)
    user: str = "hcrm"
    host: str = "127.0.0.1"
    ping_every_s: float = 5.0
    answer_s: float = 5.0  # for any action, the ping included
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0
    recheck_every_s: float = 60.0


@dataclass(frozen=True, slots=True)
class AmiReply:
    """The answer to an action; `rows` are the events of a list."""

    headers: Mapping[str, str]
    rows: tuple[Mapping[str, str], ...] = ()


class _Pending(Action):  # type: ignore[misc]  # panoramisk has no types
    """An action on its way. The library guesses when an answer is complete, wrongly for QueueAdd and for errors."""

    def add_message(self, message: Message) -> bool:
        """Whether the answer is complete."""
        self.responses.append(message)
        listing = str(self.responses[0].get("EventList", "")).lower() == "start"
        last = str(message.get("EventList", "")).lower()
        if listing and last not in ("complete", "cancelled"):
            return False
        if not self.future.done():
            self.future.set_result(self.responses)
        return True


class _Link(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One TCP connection, from greeting to loss."""

    def __init__(self, on_event: Callable[[Mapping[str, str]], None]) -> None:
        self._on_event = on_event
        self._buffer = bytearray()
        self._greeted = False
        self.responses: dict[str, Any] = {}
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.encoding = "utf-8"

    def data_received(self, data: bytes) -> None:
        """Whole messages only: a character may come in two reads."""
        self._buffer += data
        if not self._greeted:
            greeting, line_end, rest = self._buffer.partition(b"\r\n")
            if line_end:
                self.version, self._greeted, self._buffer = greeting.decode("ascii", "replace"), True, rest
        while self._greeted and (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            text = self._buffer[:end].decode("utf-8", "replace")
            del self._buffer[: end + 4]
            self._take(text)
        if len(self._buffer) > MESSAGE_BYTES:
            self.cut()

    def _take(self, text: str) -> None:
        message = Message.from_line(text.strip("\r\n"))
        if message is None:
            return
        action = self.responses.get(message.id) if message.id else None
        if action is None:
            self._on_event(_headers(message))
        elif action.add_message(message):
            self.responses.pop(action.id, None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for an answer that cannot come."""
        self.closed = True
        if not self.lost.done():
            self.lost.set_result(None)
        for action in self.responses.values():
            if not action.future.done():
                action.future.set_exception(AmiTimeoutError("link lost before the answer"))
        self.responses = {}

    def cut(self) -> None:
        """End it now, whatever is unsent."""
        self.transport.abort()

    async def ask(self, name: str, fields: Mapping[str, Fields], *, timeout_s: float) -> AmiReply:
        """Send an action once. Raises AmiTimeoutError without an answer, AmiRefusedError for `Error`."""
        action = _Pending({"Action": name, **fields})
        if self.closed or self.transport.is_closing():
            raise AmiLinkError("no link to Asterisk")
        future = self.send(action)
        try:
            async with asyncio.timeout(timeout_s):
                messages = await future
        except TimeoutError:
            raise AmiTimeoutError(f"no answer to {name}") from None
        finally:
            self.responses.pop(action.id, None)
        first, *others = (_headers(message) for message in messages)
        if first.get("Response") not in ("Success", "Goodbye"):
            raise AmiRefusedError(first.get("Message", "refused"))
        return AmiReply(first | {"ActionID": action.id}, tuple(row for row in others if "EventList" not in row))


def _headers(message: Message) -> dict[str, str]:
    """Plain headers; of a repeated one the last."""
    return {key: value[-1] if isinstance(value, list) else value for key, value in message.items()}


def checked(fields: Mapping[str, Fields]) -> Mapping[str, Fields]:
    """Raises ValueError for a header that could become two, or that Asterisk would cut."""
    for name, value in fields.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("not an AMI header")
        for text in [value] if isinstance(value, str) else value:
            if any(character in text for character in "\r\n\0"):
                raise ValueError(f"line break in AMI header {name}")
            if len(f"{name}: {text}".encode()) > LINE_BYTES:
                raise ValueError(f"AMI header {name} too long")
    return fields


class _Subscriber:
    """Events for one handler, in order; a slow or failing handler harms itself only."""

    def __init__(self, handler: EventHandler) -> None:
        self._handler = handler
        self._events: asyncio.Queue[AmiEvent] = asyncio.Queue()

    def put(self, event: AmiEvent) -> None:
        """Never waits."""
        if self._events.qsize() >= WAITING_EVENTS:
            log.error("a handler is too far behind, an event is lost", extra={"event": type(event).__name__})
            return
        self._events.put_nowait(event)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            event = await self._events.get()
            try:
                await self._handler(event)
            except Exception:
                log.exception("an event's handler failed", extra={"event": type(event).__name__})


class _Placed:
    """A call we asked for, until it is known what became of it."""

    def __init__(self) -> None:
        self.response: OriginateResponse | None = None
        self.cause: int | None = None
        self.answered, self.ended, self.lost = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def result(self, timeout_s: float) -> CallResult:
        """Raises TimeoutError when Asterisk says nothing, AmiTimeoutError when it no longer can."""
        async with asyncio.timeout(timeout_s):
            await _either(self.answered, self.lost)
        if self.response is None:
            raise AmiTimeoutError("link lost while a call of ours was ringing")
        if not self.response.is_success:
            with suppress(TimeoutError):
                async with asyncio.timeout(CAUSE_GRACE_S):
                    await _either(self.ended, self.lost)
        return call_result(is_success=self.response.is_success, reason=self.response.reason, cause=self.cause)


async def _either(*events: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


class Ami:
    """One lasting link. `subscribe` before `run`."""

    def __init__(self, settings: AmiSettings, *, status: StatusBoard | None = None) -> None:
        self.settings = settings
        self._status = status or StatusBoard()
        self._subscribers: list[_Subscriber] = []
        self._link: _Link | None = None
        self._up = asyncio.Event()
        self._placed: dict[str, _Placed] = {}

    @property
    def is_up(self) -> bool:
        """Whether actions can be sent now."""
        return self._link is not None

    async def wait_up(self) -> None:
        """Until the link is up."""
        await self._up.wait()

    def subscribe(self, handler: EventHandler) -> None:
        """`handler` gets every event from now on, LinkUp and LinkDown among them, one after another."""
        self._subscribers.append(_Subscriber(handler))

    async def action(self, name: str, **fields: Fields) -> AmiReply:
        """Ask once, never again by itself.

        Raises AmiLinkError (not sent), AmiTimeoutError (perhaps done), AmiRefusedError, ValueError (bad header).
        """
        checked(fields)
        if self._link is None:
            raise AmiLinkError("no link to Asterisk")
        return await self._link.ask(name, fields, timeout_s=self.settings.answer_s)

    async def originate(self, order: Originate) -> OriginateTaken:
        """Place a call and wait for what becomes of it, at most `ring_s` and some seconds.

        Raises TemporarySendError when Asterisk did not take it (nobody was rung), OutcomeUnknownError when the link or
        the answer was lost: somebody may have been rung, so never again by machine.
        """
        headers = order.headers()
        link = self._link
        if link is None:
            raise AmiLinkError("no link to Asterisk")
        placed = self._placed[order.uniqueid] = _Placed()
        try:
            reply = await link.ask("Originate", checked(headers), timeout_s=self.settings.answer_s)
            result = await placed.result(order.ring_s + ORIGINATE_GRACE_S)
        except AmiRefusedError as error:
            raise TemporarySendError(f"Originate refused: {error}") from None
        except (AmiTimeoutError, TimeoutError):
            raise OutcomeUnknownError("no answer about a call we placed") from None
        finally:
            self._placed.pop(order.uniqueid, None)
        return OriginateTaken(order.uniqueid, reply.headers["ActionID"], result)

    # -- the link --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the link until cancelled."""
        async with asyncio.TaskGroup() as group:
            for subscriber in self._subscribers:
                group.create_task(subscriber.run())
            await self._keep_link()

    async def _keep_link(self) -> None:
        wait_s = self.settings.first_wait_s
        while True:
            was_up, reason = await self._live()
            if was_up:
                wait_s = self.settings.first_wait_s
            self._status.report(STATUS_PART, reason)
            log.warning("no link to Asterisk", extra={"reason": reason, "again_in_s": round(wait_s, 1)})
            await asyncio.sleep(wait_s * random.uniform(0.7, 1.0))
            wait_s = min(wait_s * 2, self.settings.longest_wait_s)

    async def _live(self) -> tuple[bool, str]:
        """One connection from beginning to end: whether it was ever up, and why it is not now."""
        link: _Link | None = None
        try:
            link = await self._connect()
            await self._login(link)
            self._come_up(link)
            await self._beat(link)
        except AmiLoginError:
            return False, "login refused"
        except (OSError, TimeoutError, AmiError):
            return False, "cannot connect"
        finally:
            self._go_down()
            if link is not None:
                link.cut()
        return True, "link lost"

    async def _connect(self) -> _Link:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.settings.answer_s):
            _, link = await loop.create_connection(
                lambda: _Link(self._on_headers), self.settings.host, self.settings.port
            )
        return link

    async def _login(self, link: _Link) -> None:
        secret: dict[str, Any] = {"Username": self.settings.user, "Secret": self.settings.secret}
        try:
            await link.ask("Login", checked(secret), timeout_s=self.settings.answer_s)
        except AmiRefusedError:
            raise AmiLoginError("Asterisk refuses our name or secret") from None
        await link.ask("QueueStatus", {}, timeout_s=self.settings.answer_s)  # refused until everything is loaded

    def _come_up(self, link: _Link) -> None:
        self._link = link
        self._up.set()
        self._status.report(STATUS_PART)
        log.info("link to Asterisk is up", extra={"version": link.version})
        self._publish(LinkUp(at=utc_now()))

    def _go_down(self) -> None:
        if self._link is None:
            return
        self._link = None
        self._up.clear()
        for placed in self._placed.values():
            placed.lost.set()
        self._publish(LinkDown(at=utc_now()))

    async def _beat(self, link: _Link) -> None:
        """Returns when the link is lost or Asterisk no longer answers."""
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        while True:
            await asyncio.wait([link.lost], timeout=self.settings.ping_every_s)
            if link.lost.done():
                return
            if loop.time() - checked_at >= self.settings.recheck_every_s:
                checked_at = loop.time()
                self._publish(Recheck(at=utc_now()))
            try:
                await link.ask("Ping", {}, timeout_s=self.settings.answer_s)
            except AmiError:
                return

    def _on_headers(self, headers: Mapping[str, str]) -> None:
        event = parse_event(headers, utc_now())
        if event is None:
            return
        if isinstance(event, OriginateResponse) and (placed := self._placed.get(event.uniqueid)):
            placed.response = event
            placed.answered.set()
        if isinstance(event, Hangup) and (placed := self._placed.get(event.channel.uniqueid)):
            placed.cause = event.cause
            placed.ended.set()
        self._publish(event)

    def _publish(self, event: AmiEvent) -> None:
        for subscriber in self._subscribers:
            subscriber.put(event)
