"""A cable to PostgreSQL that can be cut and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Cable:
    """Forwards bytes while whole; when cut, connections end and new ones are refused."""

    host: str
    port: int
    listens: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def mend(self) -> None:
        """Connections work (again), on the same port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.listens)
        self.listens = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """As if PostgreSQL had been stopped."""
        if self._server:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._open -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[tuple[Cable, str]]:
    """The cable and the address of its near end."""
    parts = urlsplit(url)
    cable = Cable(parts.hostname or "127.0.0.1", parts.port or 5432)
    await cable.mend()
    who = parts.netloc.rpartition("@")[0]  # with the password, when there is one
    near = parts._replace(netloc=f"{who}@127.0.0.1:{cable.listens}").geturl()
    try:
        yield cable, near
    finally:
        cable.cut()
