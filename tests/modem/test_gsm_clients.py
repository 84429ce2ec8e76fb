"""Programs that have nothing to do with us use the simulated modem as theirs: gammu, gammu-smsd, smstools.

They read and write PDUs with coders of their own, so ours are not proved only by themselves.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telephony.provision.errors import ProvisionError
from telephony.provision.tools import tool
from tests.eventually import eventually
from tests.modem.gsm_process import GsmProcess, running_network

pytestmark = pytest.mark.modem

PATIENT = "+8613800138000"
LONG = "您预约的内科张医生门诊在明天上午九点，请提前二十分钟到二楼候诊区签到。" * 5 + "😀𠮷"

GAMMU = """\
[gammu]
device = {link}
connection = at115200
[smsd]
service = files
logfile = {folder}/log
inboxpath = {folder}/inbox/
outboxpath = {folder}/outbox/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = unicode
transmitformat = unicode
commtimeout = 1
statusfrequency = 0
loopsleep = 1
checksecurity = 0
deliveryreport = sms
"""
WITH_REPORT = f"""\
[SMSBackup000]
PDU = Status_Report
State = UnSent
Number = "{PATIENT}"
Text00 = {"预约成功😀".encode("utf-16-be").hex().upper()}
Coding = Unicode_No_Compression
Folder = 1
Length = 6
Class = -1
"""
SMSTOOLS = """\
devices = GSM1
logfile = {folder}/log
infofile = {folder}/smsd.working
pidfile = {folder}/smsd.pid
outgoing = {folder}/outbox
checked = {folder}/checked
incoming = {folder}/inbox
failed = {folder}/error
sent = {folder}/sent
report = {folder}/report
delaytime = 1
receive_before_send = no
autosplit = 3
[GSM1]
device = {link}
incoming = yes
report = yes
baudrate = 115200
init = AT+CNMI=2,1,0,2,0
memory_start = 1
"""


def found(name: str) -> Path:
    try:
        return tool(name)
    except (ProvisionError, KeyError) as error:
        pytest.fail(f"{name} is needed to prove the simulated modem: install it or run `make test` ({error})")


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[GsmProcess]:
    async with running_network(tmp_path) as network:
        yield network


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    for name in ("outbox", "checked", "inbox", "error", "sent", "report"):
        (tmp_path / "spool" / name).mkdir(parents=True)
    return tmp_path / "spool"


@asynccontextmanager
async def daemon(*command: str) -> AsyncIterator[None]:
    """Running, in the foreground, ended afterwards."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(60):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def run_gammu(config: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        found("gammu"), "-c", config, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    text = output.decode("utf-8", errors="replace")
    assert process.returncode == 0, text
    return text


def files(folder: Path) -> Iterator[bytes]:
    return (path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.endswith(".LOCK"))


async def patient_got(network: GsmProcess, count: int = 1) -> list[str]:
    async def texts() -> list[str]:
        messages = [one.text for one in await network.phones.inbox(PATIENT)]
        return messages if len(messages) >= count else []

    return await eventually(texts, every_s=0.2, what="a message on the patient's telephone")


async def test_gammu_knows_the_modem_and_sends_long_chinese_texts(network: GsmProcess, spool: Path) -> None:
    config = spool / "gammurc"
    config.write_text(GAMMU.format(link=network.link, folder=spool))
    identity = await run_gammu(config, "identify")
    assert "350000000040006" in identity
    assert "460990000040001" in identity
    assert "home network" in await run_gammu(config, "networkinfo")
    sent = await run_gammu(config, "sendsms", "TEXT", PATIENT, "-len", "400", "-unicode", "-text", LONG)
    assert "message reference" in sent
    assert await patient_got(network) == [LONG]


async def test_gammu_reads_and_deletes_what_a_patient_sent(network: GsmProcess, spool: Path) -> None:
    config = spool / "gammurc"
    config.write_text(GAMMU.format(link=network.link, folder=spool))
    await network.phones.send(PATIENT, "Is Dr. Zhang in on Monday? {50€}")
    await network.phones.send(PATIENT, LONG)
    listing = await run_gammu(config, "getallsms")
    assert "Is Dr. Zhang in on Monday? {50€}" in listing
    assert LONG[:60] in listing
    assert PATIENT in listing
    await run_gammu(config, "deleteallsms", "1")
    assert (await network.phones.status())["storages"]["SM"][0] == 0


async def test_gammu_smsd_sends_receives_and_gets_delivery_reports(network: GsmProcess, spool: Path) -> None:
    config = spool / "smsdrc"
    config.write_text(GAMMU.format(link=network.link, folder=spool))
    network.link.write_bytes(b"AT+CNMI=2,1,0,2,0\r")  # gammu-smsd leaves this as the modem's owner chose it
    (spool / "outbox" / f"OUT{PATIENT}.txt").write_bytes(b"\xff\xfe" + LONG.encode("utf-16-le"))
    (spool / "outbox" / "OUTA20000101_000000_00_x_x.smsbackup").write_text(WITH_REPORT)
    async with daemon(str(found("gammu-smsd")), "-c", str(config)):
        assert set(await patient_got(network, 2)) == {LONG, "预约成功😀"}
        await network.phones.send(PATIENT, LONG)

        def arrived() -> bool:
            parts = [one.decode("utf-16", errors="replace").strip("\0") for one in files(spool / "inbox")]
            texts = [part for part in parts if part != "Delivered"]
            return "Delivered" in parts and "".join(texts).startswith(LONG)  # it writes rubbish behind an emoji

        await eventually(arrived, every_s=0.2, what="the text and a report in gammu-smsd's inbox")
    assert (await network.phones.status())["counts"]["reports"] == 4


async def test_smstools_sends_receives_and_gets_delivery_reports(network: GsmProcess, spool: Path) -> None:
    config = spool / "smsd.conf"
    config.write_text(SMSTOOLS.format(link=network.link, folder=spool))
    head = f"To: {PATIENT.removeprefix('+')}\nAlphabet: UCS2\nReport: yes\n\n"
    (spool / "outbox" / "one").write_bytes(head.encode() + LONG.encode("utf-16-be"))
    async with daemon(str(found("smsd")), "-t", f"-c{config}"):
        assert await patient_got(network) == [LONG]
        await network.phones.send(PATIENT, LONG)

        def arrived() -> bool:
            return any(LONG.encode("utf-16-be") in one for one in files(spool / "inbox"))

        def reported() -> bool:
            reports = list(files(spool / "report"))
            return len(reports) >= 3 and all(b"short message received by the SME" in one for one in reports)

        await eventually(arrived, every_s=0.2, what="the text in smstools' inbox")
        await eventually(reported, every_s=0.2, what="delivery reports for smstools")
