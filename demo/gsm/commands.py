"""AT commands of ITU-T V.250 and 3GPP TS 27.007: the modem, its SIM and its network."""

from collections.abc import Sequence

from demo.gsm.lines import Op, Request
from demo.gsm.message_commands import MESSAGE_COMMANDS
from demo.gsm.modem import Handler, Modem
from demo.gsm.settings import CHARACTER_SETS, CommandError, Settings, encode_string

NOTHING: tuple[str, ...] = ()
CELL = ',"4000","0001"'  # location area and cell


def fixed(answer: str) -> Handler:
    """A question with one answer, asked as `AT+X` or `AT+X?`."""

    def handle(modem: Modem, request: Request) -> Sequence[str]:
        return NOTHING if request.op in (Op.SET, Op.TEST) else (answer,)

    return handle


def accepted(modem: Modem, request: Request) -> Sequence[str]:
    """Settings of the line that a pty does not have."""
    return NOTHING


def reset(modem: Modem, request: Request) -> Sequence[str]:
    """ATZ and AT&F."""
    modem.settings = Settings()
    return NOTHING


def echo(modem: Modem, request: Request) -> Sequence[str]:
    """ATE."""
    modem.settings.echo = request.number(0, 0) != 0
    return NOTHING


def verbose(modem: Modem, request: Request) -> Sequence[str]:
    """ATV."""
    modem.settings.verbose = request.number(0, 0) != 0
    return NOTHING


def quiet(modem: Modem, request: Request) -> Sequence[str]:
    """ATQ."""
    modem.settings.quiet = request.number(0, 0) != 0
    return NOTHING


def register(modem: Modem, request: Request) -> Sequence[str]:
    """ATSn? and ATSn=v: read as zero, written to nowhere."""
    return ("000",) if request.op is Op.READ else NOTHING


def identity(modem: Modem, request: Request) -> Sequence[str]:
    """ATI."""
    card = modem.card
    return (
        f"Manufacturer: {card.manufacturer}",
        f"Model: {card.model}",
        f"Revision: {card.revision}",
        f"IMEI: {card.imei}",
    )


def manufacturer(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CGMI, AT+GMI."""
    return NOTHING if request.op is Op.TEST else (modem.card.manufacturer,)


def model(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CGMM, AT+GMM."""
    return NOTHING if request.op is Op.TEST else (modem.card.model,)


def revision(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CGMR, AT+GMR."""
    return NOTHING if request.op is Op.TEST else (modem.card.revision,)


def serial(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CGSN, AT+GSN."""
    return NOTHING if request.op is Op.TEST else (modem.card.imei,)


def need_sim(modem: Modem) -> None:
    """CommandError without a SIM."""
    if not modem.radio.has_sim:
        raise CommandError("CME", 10)


def subscriber(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CIMI."""
    need_sim(modem)
    return NOTHING if request.op is Op.TEST else (modem.card.imsi,)


def card_identity(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CCID."""
    need_sim(modem)
    return NOTHING if request.op is Op.TEST else (f"+CCID: {modem.card.iccid}",)


def own_number(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CNUM."""
    need_sim(modem)
    number = encode_string(modem.settings, modem.card.msisdn)
    return NOTHING if request.op is Op.TEST else (f'+CNUM: "","{number}",145',)


def pin(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CPIN: this SIM wants none."""
    need_sim(modem)
    if request.op is Op.SET:
        raise CommandError("CME", 3)
    return ("+CPIN: READY",) if request.op is Op.READ else NOTHING


def registration(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CREG, CGREG, CEREG; with 2 the cell is shown too."""
    if request.op is Op.TEST:
        return (f"{request.name}: (0,1,2)",)
    if request.op is Op.SET:
        reports = request.number(0, 0)
        if reports not in (0, 1, 2):
            raise CommandError("CME", 50)
        if request.name == "+CREG":
            modem.settings.registration_reports = reports
        return NOTHING
    reports = modem.settings.registration_reports if request.name == "+CREG" else 0
    cell = CELL if reports == 2 and modem.radio.is_registered else ""
    return (f"{request.name}: {reports},{modem.radio.registration}{cell}",)


def signal(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CSQ."""
    if request.op is Op.TEST:
        return ("+CSQ: (0-31,99),(0-7,99)",)
    return (f"+CSQ: {modem.radio.rssi if modem.radio.is_registered else 99},{0 if modem.radio.is_registered else 99}",)


def operator(modem: Modem, request: Request) -> Sequence[str]:
    """AT+COPS: automatic selection only; format 2 is numeric."""
    if request.op is Op.TEST:
        return (
            f'+COPS: (2,"{modem.card.operator}","{modem.card.operator}","{modem.card.operator_code}"),,(0,3),(0,1,2)',
        )
    if request.op is Op.SET:
        modem.settings.operator_format = request.number(1, modem.settings.operator_format)
        return NOTHING
    if not modem.radio.is_registered:
        return ("+COPS: 0",)
    form = modem.settings.operator_format
    shown = modem.card.operator_code if form == 2 else encode_string(modem.settings, modem.card.operator)
    return (f'+COPS: 0,{form},"{shown}"',)


def error_detail(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMEE."""
    if request.op is Op.TEST:
        return ("+CMEE: (0-2)",)
    if request.op is Op.READ:
        return (f"+CMEE: {modem.settings.error_detail}",)
    level = request.number(0, 0)
    if not 0 <= level <= 2:
        raise CommandError("CME", 50)
    modem.settings.error_detail = level
    return NOTHING


def character_set(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CSCS."""
    if request.op is Op.TEST:
        return (f"+CSCS: ({','.join(chr(34) + name + chr(34) for name in CHARACTER_SETS)})",)
    if request.op is Op.READ:
        return (f'+CSCS: "{modem.settings.character_set}"',)
    name = request.text(0).upper()
    if name not in CHARACTER_SETS:
        raise CommandError("CME", 50)
    modem.settings.character_set = name
    return NOTHING


def functionality(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CFUN: always full; `AT+CFUN=1,1` starts anew."""
    if request.op is Op.TEST:
        return ("+CFUN: (1),(0,1)",)
    if request.op is Op.READ:
        return ("+CFUN: 1",)
    if request.number(0, 1) != 1:
        raise CommandError("CME", 4)
    if request.number(1, 0) == 1:
        modem.settings = Settings()
    return NOTHING


def ussd(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CUSD=1,"*100#": the operator's answer comes as +CUSD."""
    if request.op is Op.TEST:
        return ("+CUSD: (0-2)",)
    if request.op is Op.READ:
        return ("+CUSD: 1",)
    code = request.text(1)
    if code:
        if not modem.radio.is_registered:
            raise CommandError("CME", 30)
        modem.ask_network(code)
    return NOTHING


_FIXED = {
    "+GCAP": fixed("+GCAP: +CGSM"),
    "+CPAS": fixed("+CPAS: 0"),
    "+CGATT": fixed("+CGATT: 0"),
    "+CLCC": lambda modem, request: NOTHING,
    "+CGREG": registration,
    "+CEREG": registration,
    "+CREG": registration,
}
_LINE = dict.fromkeys(
    ("&C", "&D", "&W", "&K", "&S", "X", "S", "L", "M", "H", "+IPR", "+IFC", "+ICF", "+CLIP", "+CRC"), accepted
)
COMMANDS: dict[str, Handler] = {
    **_LINE,
    **_FIXED,
    "S": register,
    "Z": reset,
    "&F": reset,
    "E": echo,
    "V": verbose,
    "Q": quiet,
    "I": identity,
    "+CGMI": manufacturer,
    "+GMI": manufacturer,
    "+CGMM": model,
    "+GMM": model,
    "+CGMR": revision,
    "+GMR": revision,
    "+CGSN": serial,
    "+GSN": serial,
    "+CIMI": subscriber,
    "+CCID": card_identity,
    "+CNUM": own_number,
    "+CPIN": pin,
    "+CSQ": signal,
    "+COPS": operator,
    "+CMEE": error_detail,
    "+CSCS": character_set,
    "+CFUN": functionality,
    "+CUSD": ussd,
    **MESSAGE_COMMANDS,
}
