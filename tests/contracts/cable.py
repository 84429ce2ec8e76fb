"""A TCP cable between us and a server that a test can shake, pull or leave half-open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cable:
    """Forwards bytes both ways. `is_silent`: still connected, nothing goes through. `piece`: bytes at a time, 0 all."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.port = 0
        self.is_silent = False
        self.piece = 0
        self.carried = 0  # connections so far
        self.sent = bytearray()  # what we said
        self._writers: set[asyncio.StreamWriter] = set()

    def pull(self) -> None:
        """Every connection breaks."""
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.carried += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        with suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._carry(reader, far_writer, ours=True), self._carry(far_reader, writer, ours=False)
            )
        self._writers -= {writer, far_writer}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, ours: bool) -> None:
        with suppress(ConnectionError, OSError):
            while data := await reader.read(65536):
                if self.is_silent:
                    continue
                self.sent += data if ours else b""
                step = self.piece or len(data)
                for start in range(0, len(data), step):
                    writer.write(data[start : start + step])
                    await writer.drain()
                    if self.piece:
                        await asyncio.sleep(0)
        writer.transport.abort()


@asynccontextmanager
async def cable(to: int) -> AsyncIterator[Cable]:
    """One that ends at port `to` of this machine."""
    made = Cable(to)
    server = await asyncio.start_server(made._accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.pull()
        await asyncio.sleep(0)
