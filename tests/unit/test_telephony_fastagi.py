"""Our FastAGI server against an Asterisk that is played line by line: odd replies, hang-ups, silence, strangers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from telephony.agi_channel import DigitsRead, End
from telephony.errors import AgiCommandError, AgiProtocolError, AgiTimeoutError
from telephony.fastagi import AgiChannel, CallerHungUp, FastAgiServer, Handler, Limits
from tests.eventually import eventually

pytestmark = pytest.mark.unit

HELLO = b"agi_request: agi://127.0.0.1/hotline\nagi_uniqueid: 1.1\n\n"


class Exchange:
    """The other end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.asked: list[str] = []

    async def answer(self, *lines: str) -> None:
        """Read one command for each line and say the line; `\\n` inside makes more lines."""
        for line in lines:
            async with asyncio.timeout(60):
                self.asked.append((await self.reader.readline()).decode().rstrip("\n"))
            self.writer.write(line.encode() + b"\n")

    async def is_closed(self) -> bool:
        """Whether our server ends the connection."""
        with suppress(ConnectionError):
            async with asyncio.timeout(60):
                while await self.reader.read(1000):
                    pass
        return True


@asynccontextmanager
async def served(
    handler: Callable[[AgiChannel], Awaitable[None]], limits: Limits | None = None
) -> AsyncIterator[FastAgiServer]:
    async with served_by(FastAgiServer({"hotline": handler}, port=0, limits=limits)) as server:
        yield server


@asynccontextmanager
async def served_by(server: FastAgiServer) -> AsyncIterator[FastAgiServer]:
    task = asyncio.get_running_loop().create_task(server.run())
    async with asyncio.timeout(60):
        await server.is_listening.wait()
    try:
        yield server
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def connected(server: FastAgiServer, hello: bytes = HELLO) -> AsyncIterator[Exchange]:
    """Somebody calls, and has hung up after the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(hello)
        yield Exchange(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def outcome(handler: Callable[[AgiChannel], Awaitable[object]], *lines: str) -> tuple[object, list[str]]:
    """What `handler` returned or raised, and what it asked, when Asterisk answers `lines`."""
    seen: list[object] = []

    async def run(channel: AgiChannel) -> None:
        try:
            seen.append(await handler(channel))
        except BaseException as error:
            seen.append(type(error))
            raise

    async with served(run) as server, connected(server) as exchange:
        await exchange.answer(*lines)
        await eventually(lambda: seen, what="the handler ends")
    return seen[0], exchange.asked


async def test_a_timeout_is_no_empty_answer() -> None:
    async def handler(channel: AgiChannel) -> object:
        return await channel.record_file("/x", max_s=3)

    recorded, asked = await outcome(handler, "200 result=0 (timeout) endpos=24000")
    assert (recorded.key, recorded.duration_ms, recorded.is_timeout) == ("", 3000, True)  # type: ignore[attr-defined]
    assert asked == ['RECORD FILE "/x" "wav" "#" "3000" "BEEP" "s=4"']


async def test_values_with_blanks_and_brackets_come_back_whole() -> None:
    async def handler(channel: AgiChannel) -> object:
        return await channel.get_variable("A")

    assert (await outcome(handler, "200 result=1 (a (b) c = 张三丰)"))[0] == "a (b) c = 张三丰"
    assert (await outcome(handler, "200 result=0"))[0] is None


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["HANGUP"], CallerHungUp),
        (["HANGUP\n200 result=1"], CallerHungUp),
        (["511 Command Not Permitted on a dead channel or intercept routine"], CallerHungUp),
        (["510 Invalid or unknown command"], AgiCommandError),
        (["520-Invalid command syntax.  Proper usage follows:\nUsage: x\n520 End of proper usage."], AgiCommandError),
        (["nonsense"], AgiProtocolError),
        (["x" * 70_000], AgiProtocolError),
    ],
)
async def test_each_odd_reply_has_its_exception(lines: list[str], error: type[BaseException]) -> None:
    async def handler(channel: AgiChannel) -> object:
        await channel.set_variable("A", "b")
        return "went on"

    assert (await outcome(handler, *lines))[0] is error


async def test_a_hangup_between_two_commands_does_not_shift_the_replies() -> None:
    async def handler(channel: AgiChannel) -> object:
        first = await channel.get_variable("A")
        with pytest.raises(CallerHungUp):
            await channel.get_variable("B")
        with pytest.raises(CallerHungUp):
            await channel.get_variable("C")
        return first

    answer, asked = await outcome(handler, "200 result=1 (one)", "HANGUP\n200 result=1 (two)")
    assert answer == "one"
    assert asked == ['GET VARIABLE "A"', 'GET VARIABLE "B"']


async def test_a_failure_while_the_channel_is_up_is_no_hangup() -> None:
    async def handler(channel: AgiChannel) -> object:
        return await channel.play(["missing"], "")

    assert (await outcome(handler, "200 result=-1 endpos=0", "200 result=6"))[0] == ""
    assert (await outcome(handler, "200 result=-1 endpos=0", "HANGUP"))[0] is CallerHungUp


async def test_a_dialplan_that_stores_no_keys_still_gets_digits() -> None:
    async def handler(channel: AgiChannel) -> object:
        return await channel.read_digits(["menu"], max_digits=2, first_timeout_s=1, next_timeout_s=1)

    unset = "200 result=0"
    read, _ = await outcome(handler, unset, "200 result=49 endpos=80", unset, "200 result=50", unset)
    assert read == DigitsRead("12", End.FULL)


async def test_a_command_without_an_answer_gives_the_call_back() -> None:
    seen: list[type[BaseException]] = []

    async def run(channel: AgiChannel) -> None:
        try:
            await channel.exec_("Wait", "100", timeout_s=0.1)
        except AgiTimeoutError as error:
            seen.append(type(error))
            raise

    async with served(run) as server, connected(server) as exchange:
        assert await exchange.is_closed()
    assert seen == [AgiTimeoutError]


@pytest.mark.parametrize(
    "hello",
    [b"", b"agi_request: agi://x/hotline\n", b"\xff" * 10_000, b"agi_x: " + b"y" * 70_000, b"GET /\r\n\r\n\n\n"],
)
async def test_who_does_not_introduce_himself_is_shown_the_door(hello: bytes) -> None:
    async def handler(channel: AgiChannel) -> None:
        raise AssertionError("nobody was introduced")

    async with served(handler, Limits(header_s=0.2)) as server, connected(server, hello) as exchange:
        assert await exchange.is_closed()


@pytest.mark.parametrize(
    "garbage",
    [
        b"agi_request: agi://127.0.0.1/hotline?" + b"&".join([b"a=1"] * 51) + b"\nagi_uniqueid: 1.2\n\n",
        b"agi_request: agi://127.0.0.1/hotline?a=%ff%00&;;&&=\nagi_uniqueid: 1.2\n\n",
        b"agi_request: agi://[::1/hotline\nagi_uniqueid: 1.2\n\n",
        b"agi_request: //\xef\xbc\x8f[\nagi_uniqueid: 1.2\n\n",
        b"agi_request: \nagi_uniqueid: \n\n",
        b"agi_request: agi://x/hotline\nagi_uniqueid: 1.2\nagi_arg_1: " + b"9" * 5_000 + b"\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\n\n",
        b"\n\n",
        b"x" * 200_000,
    ],
)
async def test_no_strangers_introduction_ends_the_call_of_another(
    garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    goes_on = asyncio.Event()

    async def handler(channel: AgiChannel) -> None:
        if channel.request.uniqueid == "1.1":
            await goes_on.wait()
            await channel.verbose("still here")

    async with served(handler) as server, connected(server) as caller:
        await eventually(lambda: server.calls == 1, what="the call is taken")
        async with connected(server, garbage) as stranger:
            stranger.writer.close()
            assert await stranger.is_closed()
        goes_on.set()
        await caller.answer("200 result=1")
        assert caller.asked == ['VERBOSE "still here" "1"']
        async with connected(server, HELLO.replace(b"1.1", b"1.3")) as another:
            assert await another.is_closed()
    assert "nobody foresaw" not in caplog.text


async def test_even_a_fault_of_ours_ends_one_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(dict[str, Handler]):
        def get(self, key: str, default: object = None) -> Handler:
            raise RuntimeError(key)

    async with served_by(FastAgiServer(Faulty(), port=0)) as server:
        for _ in range(2):
            async with connected(server) as exchange:
                assert await exchange.is_closed()
    assert caplog.text.count("nobody foresaw") == 2


async def test_a_crowd_of_strangers_pushes_out_its_own_oldest() -> None:
    async def handler(channel: AgiChannel) -> None:
        await channel.verbose("here")

    async with served(handler, Limits(header_s=30, strangers=3)) as server, AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connected(server, b"")) for _ in range(5)]
        caller = await stack.enter_async_context(connected(server))
        await caller.answer("200 result=1")
        assert caller.asked == ['VERBOSE "here" "1"']
        assert await crowd[0].is_closed()


async def test_more_calls_than_we_bear_go_back_to_the_dialplan() -> None:
    async def handler(channel: AgiChannel) -> None:
        await channel.get_variable("A")

    async with served(handler, Limits(calls=1)) as server, connected(server) as first:
        await eventually(lambda: server.calls == 1, what="the first call is taken")
        async with connected(server) as second:
            assert await second.is_closed()
        await first.answer("200 result=0")


async def test_a_route_nobody_serves_is_closed_and_the_next_call_is_taken() -> None:
    served_calls: list[str] = []

    async def handler(channel: AgiChannel) -> None:
        served_calls.append(channel.request.path)

    async with served(handler) as server:
        async with connected(server, HELLO.replace(b"hotline", b"nowhere")) as lost:
            assert await lost.is_closed()
        async with connected(server) as taken:
            assert await taken.is_closed()
    assert served_calls == ["hotline"]
