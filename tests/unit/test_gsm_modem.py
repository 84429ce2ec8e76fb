"""The simulated modem understands AT as 27.005 and 27.007 want it, without any wire."""

import ast
from pathlib import Path

import pytest

from demo.gsm import pdu
from demo.gsm.commands import COMMANDS
from demo.gsm.effects import Effect, Indicate, Kind, Reply, Submit, Ussd
from demo.gsm.modem import Modem, Verdict
from demo.gsm.pdu import Alphabet, UserData
from demo.gsm.segments import cut
from demo.gsm.settings import CommandError
from tests.unit.gsm_tpdu import NOON, PATIENT, deliver, submit

pytestmark = pytest.mark.unit

PURE = (
    "alphabet",
    "commands",
    "effects",
    "fault_book",
    "faults",
    "inboxes",
    "lines",
    "message_commands",
    "modem",
    "network",
    "pdu",
    "segments",
    "settings",
    "smsc",
    "storage",
    "text_mode",
    "timing",
)
FORBIDDEN = {"asyncio", "os", "socket", "time", "logging", "pty", "random", "sms"}


def quiet_modem() -> Modem:
    modem = Modem(COMMANDS)
    modem.receive(b"ATE0\r")
    return modem


def said(effects: list[Effect]) -> bytes:
    return b"".join(effect.data for effect in effects if isinstance(effect, (Reply, Indicate)))


def ask(modem: Modem, line: str) -> str:
    return said(modem.receive(line.encode() + b"\r")).decode()


def begin_send(modem: Modem, tpdu: bytes) -> list[Effect]:
    assert ask(modem, f"AT+CMGS={len(tpdu)}") == "\r\n> "
    return modem.receive(b"00" + tpdu.hex().encode() + b"\x1a")


def test_it_echoes_until_told_not_to() -> None:
    modem = Modem(COMMANDS)
    assert ask(modem, "AT") == "AT\r\r\nOK\r\n"
    assert ask(modem, "ATE0") == "ATE0\r\r\nOK\r\n"
    assert ask(modem, "AT") == "\r\nOK\r\n"


def test_one_line_holds_many_commands_and_ends_at_the_first_error() -> None:
    modem = quiet_modem()
    assert ask(modem, "AT+CMEE=1;+CREG?") == "\r\n+CREG: 0,1\r\n\r\nOK\r\n"
    assert ask(modem, "ATE0V1+CMEE=2;+CSQ") == "\r\n+CSQ: 23,0\r\n\r\nOK\r\n"
    assert ask(modem, "AT+CSQ;+NONSENSE;+CREG?") == "\r\n+CSQ: 23,0\r\n\r\nERROR\r\n"


def test_errors_are_plain_numeric_or_verbose() -> None:
    modem = quiet_modem()
    modem.radio.has_sim = False
    assert ask(modem, "AT+CPIN?") == "\r\nERROR\r\n"
    assert ask(modem, "AT+CMEE=1;+CPIN?") == "\r\n+CME ERROR: 10\r\n"
    assert ask(modem, "AT+CMEE=2;+CPIN?") == "\r\n+CME ERROR: SIM not inserted\r\n"
    assert ask(modem, "ATV0+CMEE=0;+CPIN?") == "4\r"


def test_noise_before_a_command_is_ignored() -> None:
    modem = quiet_modem()
    assert said(modem.receive(b"\xff\x00hello\r")) == b""
    assert said(modem.receive(b"\xff\xfeAT+CSQ\r")).endswith(b"OK\r\n")


def test_a_command_may_come_byte_by_byte() -> None:
    modem = quiet_modem()
    answers = [said(modem.receive(bytes([byte]))) for byte in b"at+cpin?\r"]
    assert answers[:-1] == [b""] * 8
    assert answers[-1] == b"\r\n+CPIN: READY\r\n\r\nOK\r\n"


def test_a_message_is_on_the_air_until_the_network_answers() -> None:
    modem = quiet_modem()
    tpdu = submit("预约成功")
    effects = begin_send(modem, tpdu)
    assert effects == [Submit(tpdu[:1] + b"\x01" + tpdu[2:], 1)]
    assert modem.receive(b"AT+CSQ\r") == []  # busy: what is typed waits
    assert said(modem.submit_done(1)) == b"\r\n+CMGS: 1\r\n\r\nOK\r\n\r\n+CSQ: 23,0\r\n\r\nOK\r\n"


def test_a_refused_message_ends_in_a_cms_error() -> None:
    modem = quiet_modem()
    begin_send(modem, submit("hello"))
    assert said(modem.submit_done(CommandError("CMS", 500))) == b"\r\n+CMS ERROR: 500\r\n"
    assert ask(modem, "AT") == "\r\nOK\r\n"


def test_a_pdu_of_the_wrong_length_or_form_is_refused() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CMGS=20")
    assert said(modem.receive(b"0011000B91\x1a")) == b"\r\n+CMS ERROR: 304\r\n"
    ask(modem, "AT+CMGS=20")
    assert said(modem.receive(b"what?\x1a")) == b"\r\n+CMS ERROR: 304\r\n"
    assert ask(modem, "AT+CMGS=3") == "\r\n+CMS ERROR: 304\r\n"


def test_escape_leaves_the_prompt() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CMGS=20")
    assert said(modem.receive(b"0011\x1b")) == b"\r\nOK\r\n"
    assert ask(modem, "AT") == "\r\nOK\r\n"


def test_without_a_network_nothing_can_be_sent() -> None:
    modem = quiet_modem()
    modem.radio.registration = 2
    assert ask(modem, "AT+CMGS=20") == "\r\n+CMS ERROR: 331\r\n"
    assert "+CSQ: 99,99" in ask(modem, "AT+CSQ")
    assert "+CREG: 0,2" in ask(modem, "AT+CREG?")


def test_a_message_is_stored_indicated_read_and_deleted() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CNMI=2,1,0,2,0")
    tpdu = deliver("预约")
    assert modem.deliver(tpdu, 8) == (Verdict.TAKEN, [Indicate(b'\r\n+CMTI: "SM",1\r\n', Kind.MESSAGE)])
    centre = pdu.encode_service_centre(modem.card.smsc)
    shown = f",,{len(tpdu)}\r\n{(centre + tpdu).hex().upper()}\r\n\r\nOK\r\n"
    assert ask(modem, "AT+CMGL=4") == "\r\n+CMGL: 1,0" + shown
    assert ask(modem, "AT+CMGR=1") == "\r\n+CMGR: 1" + shown  # read by now
    assert ask(modem, "AT+CPMS?") == '\r\n+CPMS: "SM",1,50,"SM",1,50,"SM",1,50\r\n\r\nOK\r\n'
    ask(modem, "AT+CMGD=1")
    assert ask(modem, "AT+CMGR=1") == "\r\n+CMS ERROR: 321\r\n"


def test_a_full_sim_takes_nothing_until_there_is_room() -> None:
    modem = quiet_modem()
    modem.storages["SM"].capacity = 1
    assert modem.deliver(deliver("1"), 8)[0] is Verdict.TAKEN
    assert modem.deliver(deliver("2"), 8)[0] is Verdict.FULL
    ask(modem, "AT+CMGD=1,4")
    assert modem.deliver(deliver("2"), 8)[0] is Verdict.TAKEN


def test_deleting_by_flag_keeps_what_is_unread() -> None:
    modem = quiet_modem()
    modem.deliver(deliver("1"), 8)
    ask(modem, "AT+CMGR=1")
    modem.deliver(deliver("2"), 8)
    ask(modem, "AT+CMGD=0,1")
    assert sorted(modem.storages["SM"].messages) == [2]


def test_direct_messages_want_an_acknowledgement_in_service_one() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CSMS=1;+CNMI=2,2,0,1,0")
    verdict, effects = modem.deliver(deliver("预约"), 8)
    assert verdict is Verdict.AWAITING_ACK
    assert said(effects).startswith(b"\r\n+CMT: ,")
    assert ask(modem, "AT+CNMA") == "\r\nOK\r\n"
    assert ask(modem, "AT+CNMA") == "\r\n+CMS ERROR: 340\r\n"


def test_reports_go_where_cnmi_sends_them() -> None:
    report = pdu.encode_report(PATIENT, 5, accepted_at=NOON, done_at=NOON, status=0)
    modem = quiet_modem()
    assert modem.report(report) == (Verdict.TAKEN, [])
    ask(modem, "AT+CNMI=2,1,0,1,0")
    assert said(modem.report(report)[1]).startswith(f"\r\n+CDS: {len(report)}\r\n".encode())
    ask(modem, "AT+CNMI=2,1,0,2,0")
    assert said(modem.report(report)[1]) == b'\r\n+CDSI: "SM",1\r\n'


def test_an_indication_waits_while_a_message_is_typed() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CNMI=2,1")
    ask(modem, "AT+CMGS=20")
    assert modem.deliver(deliver("预约"), 8)[1] == []
    assert b"+CMTI" in said(modem.receive(b"\x1b"))


def test_indications_are_held_in_mode_zero() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CNMI=0,1,0,0,0")
    assert modem.deliver(deliver("预约"), 8)[1] == []
    assert '+CMTI: "SM",1' in ask(modem, "AT+CNMI=2,1,0,0,0")


def test_text_mode_sends_and_shows_texts() -> None:
    modem = quiet_modem()
    ask(modem, 'AT+CMGF=1;+CSCS="UTF-8"')
    assert ask(modem, f'AT+CMGS="{PATIENT}"') == "\r\n> "
    [sent] = modem.receive(b"Hello {you}\x1a")
    assert isinstance(sent, Submit)
    assert pdu.text_of(pdu.decode_submit(sent.tpdu, now=NOON).data) == "Hello {you}"
    modem.submit_done(1)
    modem.deliver(deliver("预约"), 8)
    listed = ask(modem, 'AT+CMGL="ALL"')
    assert listed.startswith(f'\r\n+CMGL: 1,"REC UNREAD","{PATIENT}",,"26/03/02,20:00:00+32"\r\n预约\r\n')


def test_a_message_can_be_stored_and_sent_from_storage() -> None:
    modem = quiet_modem()
    tpdu = submit("hello")
    ask(modem, f"AT+CMGW={len(tpdu)}")
    assert said(modem.receive(b"00" + tpdu.hex().encode() + b"\x1a")) == b"\r\n+CMGW: 1\r\n\r\nOK\r\n"
    assert modem.receive(b"AT+CMSS=1\r") == [Submit(tpdu[:1] + b"\x01" + tpdu[2:], 1)]
    assert said(modem.submit_done(1)) == b"\r\n+CMSS: 1\r\n\r\nOK\r\n"


def test_the_balance_is_asked_by_ussd() -> None:
    assert Ussd("*100#") in quiet_modem().receive(b'AT+CUSD=1,"*100#",15\r')


def test_power_off_forgets_settings_and_keeps_messages() -> None:
    modem = quiet_modem()
    ask(modem, "AT+CNMI=2,1,0,2,0")
    modem.deliver(deliver("预约"), 8)
    modem.lose_power()
    assert modem.settings.echo
    assert len(modem.storages["SM"].messages) == 1


@pytest.mark.parametrize("command", sorted(name for name in COMMANDS if name.startswith("+")))
def test_no_form_of_a_command_breaks_the_modem(command: str) -> None:
    for form in ("", "?", "=?", "=", "=1", "=-1", '="', '="x",,9', "=999999", "=99999999999"):
        modem = quiet_modem()
        modem.receive(f"AT{command}{form}\r".encode())
        modem.receive(b"\x1b")
        modem.submit_done(1)
        assert ask(modem, "ATV1E0").endswith("OK\r\n"), command + form


def test_the_network_is_pure_and_shares_no_code_with_the_product() -> None:
    folder = Path(pdu.__file__).parent
    for name in PURE:
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {module.split(".")[0] for module in modules} & FORBIDDEN, name


def test_eight_bit_data_is_no_text() -> None:
    modem = quiet_modem()
    tpdu = pdu.encode_deliver(PATIENT, UserData(Alphabet.OCTETS, b"", b"\x00\xff"), dcs=4, at=NOON)
    modem.deliver(tpdu, 4)
    assert "00FF" in ask(modem, "AT+CMGF=1;+CMGR=1")


def test_a_long_text_shows_its_segments_one_by_one() -> None:
    modem = quiet_modem()
    for part in cut("约" * 100, reference=1):
        modem.deliver(pdu.encode_deliver(PATIENT, part, dcs=8, at=NOON), 8)
    assert ask(modem, "AT+CMGL=4").count("+CMGL: ") == 2
