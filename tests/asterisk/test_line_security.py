"""A running Asterisk as an intruder and as an administrator see it."""

import asyncio
import socket
import subprocess

import pytest

from telephony import names
from telephony.ami_events import AmiEvent, NewCallerid
from telephony.errors import AmiRefusedError
from telephony.fastagi import AgiChannel
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk, answering, linked, running_asterisk
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

ZHANG = "13800138000"
OPTIONS = (
    b"OPTIONS sip:4000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
    b"From: <sip:x@127.0.0.1>;tag=x\r\nTo: <sip:4000@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def listening_on(pid: int) -> set[tuple[str, str, int]]:
    """Protocol, address and port of every socket of a process that takes what comes."""
    done = subprocess.run(["ss", "-H", "-l", "-n", "-t", "-u", "-p"], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines() if f"pid={pid}," in line]
    return {(row[0], row[4].rpartition(":")[0], int(row[4].rpartition(":")[2])) for row in rows}


async def test_nothing_listens_beyond_this_machine(asterisk: RealAsterisk) -> None:
    """PJSIP's DNS client has two UDP sockets on ports the system chooses; no setting moves them, they answer nobody."""
    assert asterisk.process
    async with phone(asterisk.sip_port, ZHANG) as patient:
        await patient.call("4000")  # audio ports are open too
        sockets = await asyncio.to_thread(listening_on, asterisk.process.pid)
    here = {(kind, port) for kind, address, port in sockets if address == "127.0.0.1"}
    assert {("tcp", asterisk.ami_port), ("tcp", asterisk.http_port), ("udp", asterisk.sip_port)} <= here
    assert any(kind == "udp" and asterisk.rtp_ports[0] <= port <= asterisk.rtp_ports[1] for kind, port in here)
    beyond = {(kind, port) for kind, address, port in sockets if address != "127.0.0.1"}
    assert {kind for kind, _ in beyond} <= {"udp"}
    assert len(beyond) <= 2
    for _, port in beyond:
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(say_to, port)


def say_to(port: int) -> bytes:
    """What comes back from a UDP port for a SIP request."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        sock.sendto(OPTIONS, ("127.0.0.1", port))
        return sock.recv(2000)


async def test_the_log_of_a_start_holds_no_complaint() -> None:
    with running_asterisk() as own:
        assert own.cli("module show like res_agi").count("Running") == 1
        complaints = [line for line in own.log().splitlines() if "ERROR" in line or "WARNING" in line]
        assert complaints == []


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("Command", {"Command": "core show version"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("ModuleLoad", {"LoadType": "load", "Module": "app_system.so"}),
        ("DBPut", {"Family": "x", "Key": "y", "Val": "z"}),
        ("DialplanExtensionAdd", {"Context": "x", "Extension": "y", "Priority": "1", "Application": "NoOp"}),
    ],
)
async def test_our_manager_account_cannot_change_or_run_anything(
    asterisk: RealAsterisk, action: str, fields: dict[str, str]
) -> None:
    async with linked(asterisk.ami()) as ami:
        with pytest.raises(AmiRefusedError):
            await ami.action(action, **fields)


async def test_our_manager_account_cannot_originate_a_program(asterisk: RealAsterisk) -> None:
    async with linked(asterisk.ami()) as ami:
        for application in ("System", "TrySystem", "ExternalIVR", "MixMonitor"):
            with pytest.raises(AmiRefusedError):
                await ami.action(
                    "Originate",
                    Channel="Local/4000@from-trunk",
                    Application=application,
                    Data="touch /tmp/owned",
                )


async def test_a_demo_handset_says_whose_number_it_plays(asterisk: RealAsterisk) -> None:
    met: list[tuple[str, str]] = []
    seen: list[AmiEvent] = []

    async def hotline(channel: AgiChannel) -> None:
        met.append((channel.request.caller, channel.request.did))

    async def see(event: AmiEvent) -> None:
        seen.append(event)

    ami = asterisk.ami()
    ami.subscribe(see)
    async with (
        linked(ami),
        answering(asterisk, hotline=hotline),
        phone(asterisk.sip_port, "handset-02", asterisk.desk_secret) as handset,
    ):
        await handset.register()
        handset.identity = ZHANG
        await handset.call(names.HOTLINE_DID)
        await eventually(lambda: met, what="the menu has the call")
        first = next(event for event in seen if isinstance(event, NewCallerid))
    assert met == [(ZHANG, "4000")]
    assert (first.channel.number, first.channel.extension) == (ZHANG, "4000")


async def test_a_handset_dials_the_hotline_and_nothing_else(asterisk: RealAsterisk) -> None:
    async with phone(asterisk.sip_port, "handset-02", asterisk.desk_secret) as handset:
        await handset.register()
        for number in ("13900139000", "desk-31", "operators"):
            assert (await handset.call(number)).status == 404


async def test_the_trunk_dials_the_hotline_and_nothing_else(asterisk: RealAsterisk) -> None:
    async with phone(asterisk.sip_port, ZHANG) as patient:
        for number in ("13900139000", "desk-31", "operators", "s", "takeover", "5000"):
            assert (await patient.call(number)).status == 404
