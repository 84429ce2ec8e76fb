"""Modems have manners of their own; each is understood, none costs a text."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.kernel.db import open_database
from crm_core.kernel.errors import OutcomeUnknownError, SendError, TemporarySendError
from crm_core.kernel.status import StatusBoard
from demo.gsm.client import HandsetClient
from sms import at, pdu
from sms.address import address_of
from sms.at import AtLink, open_link
from sms.errors import ModemLinkError, SimLockedError
from sms.modem import Modem, ModemDevice, set_up
from sms.segments import split
from sms.worker import ModemWorker
from tests.db.sms_hospital import LETTERHEAD, NOON, ZHANG
from tests.eventually import eventually
from tests.hearing import hearing
from tests.modem.scripted_modem import Answer, ScriptedModem, scripted
from tests.modem.sms_worker import QUICK, texting
from tests.sms_deliver import deliver, report

pytestmark = pytest.mark.modem

SUBMIT = pdu.encode_submit(
    pdu.Submit(to=address_of("+8613800138000"), segment=split("您好")[0], validity=timedelta(hours=1))
)


async def ready(link: AtLink, scripted_modem: ScriptedModem, pin: str = "") -> Modem:
    return await set_up(link, ModemDevice(name="sim1", device=scripted_modem.path, pin=pin))


@pytest.mark.parametrize("echo", [False, True])
async def test_a_text_is_handed_over_with_echo_and_without(echo: bool) -> None:
    async with scripted(echo=echo) as modem, open_link(modem.path) as link:
        ours = await ready(link, modem)
        assert await ours.send(SUBMIT) == 7
        assert modem.heard[-2:] == [f"AT+CMGS={SUBMIT.length}", SUBMIT.hex]


async def test_a_prompt_without_a_space_is_a_prompt() -> None:
    async with scripted({"AT+CMGS": "\r\n>"}) as modem, open_link(modem.path) as link:
        assert await (await ready(link, modem)).send(SUBMIT) == 7


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("\r\n+CMS ERROR: 38\r\n", TemporarySendError),
        ("\r\n+CMS ERROR: 332\r\n", OutcomeUnknownError),
        ("\r\n+CMS ERROR: network timeout\r\n", OutcomeUnknownError),
        ("\r\n+CMS ERROR: 304\r\n", SendError),
        ("\r\nOK, see you\r\n\r\n+CMS ERROR: congestion\r\n", TemporarySendError),
        ("\r\nOK\r\n", OutcomeUnknownError),  # taken, and no reference to know it by
    ],
)
async def test_a_refusal_is_told_apart_from_doubt(answer: str, error: type[Exception]) -> None:
    async with scripted({"PDU": answer}) as modem, open_link(modem.path) as link:
        ours = await ready(link, modem)
        with pytest.raises(error) as raised:
            await ours.send(SUBMIT)
        assert type(raised.value) is error


async def test_a_refusal_instead_of_a_prompt_hands_nothing_over() -> None:
    async with scripted({"AT+CMGS": "\r\n+CMS ERROR: 500\r\n"}) as modem, open_link(modem.path) as link:
        with pytest.raises(TemporarySendError):
            await (await ready(link, modem)).send(SUBMIT)
        assert SUBMIT.hex not in modem.heard


async def test_no_prompt_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "PROMPT_TIMEOUT_S", 0.2)
    async with scripted({"AT+CMGS": ""}) as modem, open_link(modem.path) as link:
        with pytest.raises(TemporarySendError):
            await (await ready(link, modem)).send(SUBMIT)


async def test_silence_after_the_pdu_is_doubt() -> None:
    async with scripted({"PDU": ""}) as modem, open_link(modem.path) as link:
        await ready(link, modem)
        with pytest.raises(OutcomeUnknownError):
            await link.submit(f"AT+CMGS={SUBMIT.length}", SUBMIT.hex, timeout_s=0.2)
        with pytest.raises(ModemLinkError):
            await link.command("AT")


async def test_silence_ends_the_link_because_a_late_answer_would_mislead() -> None:
    async with scripted({"AT+CSQ": ""}) as modem, open_link(modem.path) as link:
        with pytest.raises(ModemLinkError, match="no answer"):
            await link.command("AT+CSQ", timeout_s=0.2)


async def test_commands_wait_for_each_other() -> None:
    async with scripted({"AT+A": "\r\na\r\nOK\r\n", "AT+B": "\r\nb\r\nOK\r\n"}) as modem, open_link(modem.path) as link:
        replies = await asyncio.gather(*(link.command(text) for text in ("AT+A", "AT+B") * 20))
        assert [reply.lines for reply in replies] == [("a",), ("b",)] * 20


async def test_what_comes_amid_a_command_is_not_lost() -> None:
    answer = '\r\n+CSQ: 9,99\r\n+CMTI: "SM",4\r\nRING\r\n+CDS: 3\r\n0006AABB\r\n\r\nOK\r\n'
    async with scripted({"AT+CSQ": answer}) as modem, open_link(modem.path) as link:
        reply = await link.command("AT+CSQ", reply_prefix="+CSQ:")
        assert reply.lines == ("+CSQ: 9,99",)
        heard = [await link.next_unsolicited() for _ in range(3)]
        assert [signal.line for signal in heard] == ['+CMTI: "SM",4', "RING", "+CDS: 3"]
        assert heard[2].pdu == "0006AABB"


async def test_any_byte_is_survived() -> None:
    async with scripted() as modem, open_link(modem.path) as link:
        modem.say(bytes(range(256)) + b"\xff\xfe" * 3000 + b"\r\n")
        assert (await link.command("AT")).is_ok


async def test_an_announcement_right_behind_the_prompt_does_not_hide_it() -> None:
    async with scripted({"AT+CMGS": '\r\n> \r\n+CMTI: "SM",1\r\n'}) as modem, open_link(modem.path) as link:
        assert await (await ready(link, modem)).send(SUBMIT) == 7
        assert (await link.next_unsolicited()).line == '+CMTI: "SM",1'


async def test_answers_meant_for_the_last_user_mislead_nobody() -> None:
    """A killed server's message is taken while we begin: its +CMGS and OK come in the middle of our set-up."""
    late = ["\r\n+CMGS: 7\r\n\r\nOK\r\n\r\nOK\r\n"]
    answers: dict[str, Answer] = {"AT": lambda _line: late.pop() if late else "\r\nOK\r\n"}
    async with scripted(answers) as modem, open_link(modem.path) as link:
        ours = await ready(link, modem)
        assert (await ours.health()).operator == "CMCC"
        assert await ours.send(SUBMIT) == 7


async def test_a_prompt_left_open_by_somebody_else_is_left() -> None:
    async with scripted() as modem, open_link(modem.path) as link:
        modem.say("\r\n> ")
        await ready(link, modem)
        assert "ATZ" in modem.heard


PIN = "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("answers", "pin", "words"),
    [
        ({"AT+CPIN?": PIN}, "", "SIM wants PIN"),
        ({"AT+CPIN?": PIN, 'AT+CPIN="0000"': "\r\n+CME ERROR: 16\r\n"}, "0000", "SIM refuses the PIN"),
        ({"AT+CPIN?": "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"}, "1234", "SIM wants PUK"),
    ],
)
async def test_a_locked_sim_is_said_and_not_destroyed(answers: dict[str, Answer], pin: str, words: str) -> None:
    async with scripted(answers) as modem, open_link(modem.path) as link:
        with pytest.raises(SimLockedError, match=words):
            await ready(link, modem, pin)
        assert sum(line.startswith("AT+CPIN=") for line in modem.heard) <= 1


async def test_a_pin_opens_the_sim() -> None:
    async with scripted({"AT+CPIN?": PIN}) as modem, open_link(modem.path) as link:
        await ready(link, modem, "1234")
        assert 'AT+CPIN="1234"' in modem.heard


async def test_no_sim_is_said() -> None:
    async with scripted({"AT+CPIN?": "\r\n+CME ERROR: 10\r\n"}) as modem, open_link(modem.path) as link:
        with pytest.raises(ModemLinkError, match="no SIM"):
            await ready(link, modem)


async def test_a_modem_that_cannot_acknowledge_is_not_asked_to() -> None:
    async with scripted({"AT+CSMS=1": "\r\nERROR\r\n"}) as modem, open_link(modem.path) as link:
        ours = await ready(link, modem)
        await ours.acknowledge()
        assert "AT+CNMA" not in modem.heard


async def test_the_best_way_of_announcing_that_a_modem_knows_is_used() -> None:
    async with scripted({"AT+CNMI=2,1,0,1,0": "\r\n+CMS ERROR: 303\r\n"}) as modem, open_link(modem.path) as link:
        await ready(link, modem)
        assert [line for line in modem.heard if "CNMI" in line] == ["AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1,0,2,0"]


async def test_a_listing_with_noise_gives_what_is_whole() -> None:
    listing = (
        '\r\n+CMGL: 1,1,,5\r\n00040AB0\r\nxx\r\n+CMGL: 2,2,,5\r\n0011\r\n+CMGL: 3,0,"",3\r\n00040AB0\r\n\r\nOK\r\n'
    )
    async with scripted({"AT+CMGL=4": listing}) as modem, open_link(modem.path) as link:
        ours = await ready(link, modem)
        stored = await ours.stored("SM")
        assert [(one.index, one.is_whole) for one in stored] == [(1, False), (3, True)]


async def test_signal_operator_and_registration_are_read() -> None:
    answers = {"AT+CREG?": '\r\n+CREG: 2,5,"1A2B","01F3"\r\n\r\nOK\r\n'}
    async with scripted(answers) as modem, open_link(modem.path) as link:
        health = await (await ready(link, modem)).health()
        assert (health.is_registered, health.signal_dbm, health.operator) == (True, -73, "CMCC")


@pytest.mark.parametrize(
    ("gsm", "lte", "registered"),
    [
        ("+CREG: 0,2", "+CEREG: 0,1", True),
        ("+CREG: 0,6", "", True),
        ("+CREG: 0,2", "+CEREG: 0,2", False),
        ("+CREG: 0,0", "", False),
    ],
)
async def test_registration_in_any_network_counts(gsm: str, lte: str, registered: bool) -> None:
    answers: dict[str, Answer] = {
        "AT+CREG?": f"\r\n{gsm}\r\n\r\nOK\r\n",
        "AT+CEREG?": f"\r\n{lte}\r\n\r\nOK\r\n" if lte else "\r\nERROR\r\n",
    }
    async with scripted(answers) as modem, open_link(modem.path) as link:
        assert (await (await ready(link, modem)).health()).is_registered is registered


async def test_a_modem_that_cannot_say_is_believed() -> None:
    answers: dict[str, Answer] = {"AT+CREG?": "\r\nERROR\r\n", "AT+CEREG?": "\r\nERROR\r\n"}
    async with scripted(answers) as modem, open_link(modem.path) as link:
        assert (await (await ready(link, modem)).health()).is_registered


async def test_a_text_shown_instead_of_stored_is_kept_and_acknowledged(database_url: str, tmp_path: Path) -> None:
    async with (
        scripted() as modem,
        texting(database_url, Path(modem.path), HandsetClient(tmp_path)) as hospital,
    ):
        await hospital.reports("ok")
        (part,) = deliver("直接显示", ZHANG, at=NOON)
        modem.say(f"\r\n+CMT: ,{len(part) // 2 - 9}\r\n{part}\r\n")
        await hospital.has_received("直接显示")
        await eventually(lambda: "AT+CNMA" in modem.heard, what="acknowledgement")


async def test_a_report_for_nobody_and_a_garbled_one_harm_nobody(database_url: str, tmp_path: Path) -> None:
    async with (
        scripted() as modem,
        texting(database_url, Path(modem.path), HandsetClient(tmp_path)) as hospital,
    ):
        await hospital.reports("ok")
        modem.say(f"\r\n+CDS: 25\r\n{report(99, ZHANG, 0, NOON)}\r\n+CDS: 25\r\nFFFF\r\n+CDS: 9\r\nRING\r\n")
        assert (await hospital.becomes(await hospital.queue("还好"), "sent")).tries == 1


async def test_what_nobody_can_read_is_read_three_times_kept_and_deleted(database_url: str, tmp_path: Path) -> None:
    listing: list[str] = ["\r\n+CMGL: 4,0,,3\r\n07FF\r\n\r\nOK\r\n"]

    def forget(_line: str) -> str:
        listing[0] = "\r\nOK\r\n"
        return "\r\nOK\r\n"

    answers: dict[str, Answer] = {"AT+CMGL=4": lambda _line: listing[0], "AT+CMGD=4": forget}
    async with (
        scripted(answers) as modem,
        texting(database_url, Path(modem.path), HandsetClient(tmp_path)) as hospital,
    ):
        await eventually(lambda: "AT+CMGD=4" in modem.heard, what="deletion")
        assert modem.heard.count("AT+CMGL=4") == 3
        assert await hospital.rows("SELECT pdu FROM sms_inbound_part") == [("07FF",)]


async def test_a_refused_pin_is_never_tried_again(database_url: str) -> None:
    answers: dict[str, Answer] = {"AT+CPIN?": PIN, 'AT+CPIN="0000"': "\r\n+CME ERROR: 16\r\n"}
    async with scripted(answers) as modem, open_database(database_url) as db, hearing(db) as notices:
        device = ModemDevice(name="sim1", device=modem.path, pin="0000")
        worker = ModemWorker(db, notices, StatusBoard(), device, LETTERHEAD.timezone, QUICK)
        running = asyncio.ensure_future(worker.run())
        await eventually(lambda: modem.heard.count("AT+CPIN?") >= 3, what="three tries")
        assert modem.heard.count('AT+CPIN="0000"') == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_an_absent_device_is_said() -> None:
    with pytest.raises(ModemLinkError, match="cannot be opened"):
        async with open_link("/dev/no-such-modem"):
            pass


async def test_a_device_is_ours_alone() -> None:
    async with scripted() as modem, open_link(modem.path):
        with pytest.raises(ModemLinkError):
            async with open_link(modem.path):
                pass
