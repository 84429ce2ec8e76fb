"""The simulated network as its own process on a real pty: what is stored survives, what is unplugged is gone."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from demo.gsm.client import NetworkUnavailableError, RefusedError
from tests.eventually import eventually
from tests.modem.gsm_process import ROOT, GsmProcess, running_network, start
from tests.unit.gsm_tpdu import PATIENT, submit

pytestmark = pytest.mark.modem

FAST = ("--air", "0.05", "--mobile", "0.02", "--delivery", "0.05", "--report", "0.05")


class Terminal:
    """The other end of the modem's serial line."""

    def __init__(self, link: Path) -> None:
        self._file = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.heard = b""

    def close(self) -> None:
        os.close(self._file)

    def write(self, text: str) -> None:
        os.write(self._file, text.encode())

    async def hears(self, wanted: bytes) -> bytes:
        def look() -> bool:
            with suppress(BlockingIOError):
                self.heard += os.read(self._file, 4096)
            return wanted in self.heard

        await eventually(look, what=repr(wanted))
        heard, self.heard = self.heard, b""
        return heard

    async def sends(self, text: str) -> None:
        tpdu = submit(text)
        self.write(f"AT+CMGS={len(tpdu)}\r")
        await self.hears(b"> ")
        self.write(f"00{tpdu.hex()}\x1a")
        await self.hears(b"+CMGS:")


@contextmanager
def terminal(network: GsmProcess) -> Iterator[Terminal]:
    end = Terminal(network.link)
    try:
        yield end
    finally:
        end.close()


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[GsmProcess]:
    async with running_network(tmp_path) as network:
        yield network


async def hcrm(home: Path, *words: str) -> tuple[int, str]:
    """`hcrm handset ...` as a person would type it."""
    environment = os.environ | {"HCRM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "handset", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    return process.returncode or 0, (output + errors).decode()


async def test_inboxes_and_the_sim_survive_the_process(tmp_path: Path) -> None:
    first = await start(tmp_path, *FAST)
    with terminal(first) as line:
        await line.sends("预约成功")
    assert [one.text for one in await first.phones.inbox(PATIENT, wait_s=5)] == ["预约成功"]
    await first.phones.send(PATIENT, "约" * 100)
    await eventually(lambda: _stored(first, 2), what="two segments on the SIM")
    await first.end(signal.SIGKILL)
    assert first.link.is_symlink()
    second = await start(tmp_path, *FAST)
    assert [one.text for one in await second.phones.inbox(PATIENT)] == ["预约成功"]
    assert (await second.phones.status())["storages"]["SM"] == [2, 50]
    assert await second.end() == 0
    assert not second.link.is_symlink()
    assert not (tmp_path / "gsm.sock").exists()


async def _stored(network: GsmProcess, count: int) -> bool:
    return bool((await network.phones.status())["storages"]["SM"][0] == count)


async def test_an_unplugged_modem_hangs_up_and_comes_back_as_another_device(network: GsmProcess) -> None:
    with terminal(network) as line:
        line.write("AT\r")
        await line.hears(b"OK")
        await network.phones.fault("unplug")
        assert not network.link.is_symlink()

        def is_gone() -> bool:
            try:
                line.write("AT\r")
            except OSError:
                return True
            return False

        await eventually(is_gone, what="the end of the line")
    await network.phones.fault("replug")
    with terminal(network) as line:
        line.write("AT\r")
        await line.hears(b"OK")


async def test_a_full_sim_is_listed_to_a_slow_reader(network: GsmProcess) -> None:
    for _ in range(50):
        await network.phones.send(PATIENT, "约" * 70)
    await eventually(lambda: _stored(network, 50), what="fifty segments on the SIM")
    with terminal(network) as line:
        line.write("ATE0\r")
        await line.hears(b"OK")
        line.write("AT+CMGL=4\r")
        heard = await line.hears(b"\r\nOK\r\n")
    assert heard.count(b"+CMGL: ") == 50
    assert heard.count("约".encode("utf-16-be").hex().upper().encode()) == 50 * 70


async def test_waiting_ends_with_the_answer(network: GsmProcess) -> None:
    with terminal(network) as line:
        line.write("AT+CNMI=2,1,0,1,0\r")
        await line.hears(b"OK")
        await network.phones.send(PATIENT, "预约")
        await line.hears(b"+CMTI")
        waiting = asyncio.create_task(network.phones.inbox(PATIENT, wait_s=30))
        await line.sends("请选择科室")
        async with asyncio.timeout(60):
            assert [one.text for one in await waiting] == ["请选择科室"]
        assert len(await network.phones.inbox(PATIENT, wait_s=0.2)) == 1


async def test_a_second_network_at_the_same_place_is_refused(network: GsmProcess) -> None:
    control = network.link.with_name("gsm.sock")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo.gsm", "--link", str(network.link), "--control", str(control)),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"already runs" in errors


async def test_nonsense_on_the_control_socket_is_answered(network: GsmProcess) -> None:
    reader, writer = await asyncio.open_unix_connection(network.link.with_name("gsm.sock"))
    for line in (
        b"\xff\n",
        b"[]\n",
        b'{"do": "send"}\n',
        b'{"do": "fault", "name": "signal", "params": {"rssi": "x"}}\n',
    ):
        writer.write(line)
        assert "error" in json.loads(await reader.readline())
    writer.close()
    with pytest.raises(RefusedError):
        await network.phones.fault("earthquake")
    with pytest.raises(NetworkUnavailableError):
        await type(network.phones)(network.link.with_name("nobody")).status()


async def test_people_text_from_the_command_line(tmp_path: Path) -> None:
    async with running_network(tmp_path) as network:
        (tmp_path / "modem0").symlink_to(network.link)
        assert await hcrm(tmp_path, "send", "13800138000", "预约" * 50) == (0, "sent, 2 segment(s)\n")
        with terminal(network) as line:
            await line.sends("预约成功 😀")
        status, output = await hcrm(tmp_path, "inbox", PATIENT, "--wait", "10")
        assert status == 0
        [message] = json.loads(output)
        assert (message["from"], message["text"]) == ("+8619900004000", "预约成功 😀")
        assert (await hcrm(tmp_path, "fault", "signal", "rssi=7"))[0] == 0
        assert (await hcrm(tmp_path, "fault", "earthquake"))[0] == 1
    status, output = await hcrm(tmp_path, "inbox", PATIENT)
    assert status == 1
    assert "is the demo running?" in output
