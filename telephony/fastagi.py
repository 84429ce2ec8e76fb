"""Our FastAGI server: Asterisk connects, says who calls and which route it wants, and does what the handler asks.

Whatever a peer does (say nothing, garbage, half a header, leave) ends its own connection and nothing else. When we give
a caller up, the connection closes with HCRM_NEXT empty and the dialplan leads the caller to a person.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from telephony.agi_channel import AgiChannel
from telephony.agi_protocol import HEADER_BYTES, AgiRequest, parse_request
from telephony.errors import AgiError, AgiProtocolError, CallerHungUp

log = logging.getLogger("fastagi")

Handler = Callable[[AgiChannel], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server bears. Strangers above their limit push out the oldest stranger, never a caller."""

    header_s: float = 5.0
    strangers: int = 256  # connected, header not complete; Asterisk needs milliseconds for it
    calls: int = 500
    backlog: int = 1024


class FastAgiServer:
    """Routes by path: `agi://127.0.0.1:4573/hotline` -> `routes["hotline"]`."""

    def __init__(
        self, routes: Mapping[str, Handler], *, port: int, host: str = "127.0.0.1", limits: Limits | None = None
    ) -> None:
        self.routes = routes
        self.host = host
        self.port = port  # 0: any free one; the real one once listening
        self.limits = limits or Limits()
        self._strangers: dict[asyncio.StreamWriter, None] = {}  # oldest first
        self._calls = 0
        self.is_listening = asyncio.Event()

    @property
    def calls(self) -> int:
        """Callers in the hands of handlers now."""
        return self._calls

    async def run(self) -> None:
        """Serve until cancelled; calls under way then go back to the dialplan. Raises OSError for a port in use."""
        async with asyncio.TaskGroup() as group:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                group.create_task(self._serve(reader, writer))

            server = await asyncio.start_server(
                accept, self.host, self.port, limit=HEADER_BYTES, backlog=self.limits.backlog
            )
            try:
                self.port = server.sockets[0].getsockname()[1]
                self.is_listening.set()
                await asyncio.get_running_loop().create_future()
            finally:
                self.is_listening.clear()
                server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. Whatever happens in it, the others share our task group and must not hear of it."""
        try:
            request = await self._introduction(reader, writer)
            if request is not None:
                await self._hand_over(AgiChannel(reader, writer, request))
        except Exception:
            log.exception("a connection failed in a way nobody foresaw")
        finally:
            writer.close()
            with suppress(Exception):  # of a connection that is closed anyway
                await writer.wait_closed()

    async def _introduction(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AgiRequest | None:
        if len(self._strangers) >= self.limits.strangers:
            oldest = next(iter(self._strangers))
            self._strangers.pop(oldest)
            oldest.transport.abort()
        self._strangers[writer] = None
        try:
            async with asyncio.timeout(self.limits.header_s):
                return parse_request(await reader.readuntil(b"\n\n"))
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as error:
            log.info("a peer did not introduce itself", extra={"error": type(error).__name__})
        except AgiProtocolError as error:
            log.info("a peer does not speak AGI", extra={"error": str(error)})
        finally:
            self._strangers.pop(writer, None)
        return None

    async def _hand_over(self, channel: AgiChannel) -> None:
        fields = {"uniqueid": channel.request.uniqueid, "route": channel.request.path}
        handler = self.routes.get(channel.request.path)
        if handler is None:
            log.error("no such AGI route", extra=fields)
            return
        if self._calls >= self.limits.calls:
            log.error("too many calls at once", extra=fields)
            return
        self._calls += 1
        try:
            await handler(channel)
        except CallerHungUp:
            log.info("caller hung up", extra=fields)
        except AgiError as error:
            log.warning("call given back to the dialplan", extra=fields | {"error": str(error)})
        except Exception:
            log.exception("handler failed, call given back to the dialplan", extra=fields)
        finally:
            self._calls -= 1


__all__ = ["AgiChannel", "AgiRequest", "CallerHungUp", "FastAgiServer", "Handler", "Limits"]
