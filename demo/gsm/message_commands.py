"""AT commands of 3GPP TS 27.005: storages, sending, reading, indications."""

import re
from collections.abc import Callable, Sequence

from demo.gsm import pdu, text_mode
from demo.gsm.lines import Op, Request
from demo.gsm.modem import Handler, Modem
from demo.gsm.settings import CommandError, decode_string, encode_string
from demo.gsm.storage import ALL, TEXT_STAT, Stat, Stored

NOTHING: tuple[str, ...] = ()
INDICATION_RANGES = ((0, 3), (0, 3), (0, 0), (0, 2), (0, 1))


def need_network(modem: Modem) -> None:
    """CommandError without a SIM or a network."""
    if not modem.radio.has_sim:
        raise CommandError("CMS", 310)
    if not modem.radio.is_registered:
        raise CommandError("CMS", 331)


def need_sim(modem: Modem) -> None:
    """CommandError without a SIM."""
    if not modem.radio.has_sim:
        raise CommandError("CMS", 310)


def message_format(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMGF: 0 PDU, 1 text."""
    if request.op is Op.TEST:
        return ("+CMGF: (0,1)",)
    if request.op is Op.READ:
        return (f"+CMGF: {int(modem.settings.text_mode)}",)
    value = request.number(0, 0)
    if value not in (0, 1):
        raise CommandError("CMS", 302)
    modem.settings.text_mode = value == 1
    return NOTHING


def service(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CSMS: with 1, direct messages want AT+CNMA."""
    if request.op is Op.TEST:
        return ("+CSMS: (0,1)",)
    if request.op is Op.READ:
        return (f"+CSMS: {modem.settings.service},1,1,1",)
    value = request.number(0, 0)
    if value not in (0, 1):
        raise CommandError("CMS", 302)
    modem.settings.service = value
    return ("+CSMS: 1,1,1",)


def _usage(modem: Modem, *, named: bool) -> str:
    used = (modem.storages[name] for name in modem.settings.memories)
    return ",".join((f'"{one.name}",' if named else "") + f"{len(one.messages)},{one.capacity}" for one in used)


def memories(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CPMS: where to read, write, receive."""
    need_sim(modem)
    names = ",".join(f'"{name}"' for name in modem.storages)
    if request.op is Op.TEST:
        return (f"+CPMS: ({names}),({names}),({names})",)
    if request.op is Op.READ:
        return (f"+CPMS: {_usage(modem, named=True)}",)
    wanted = [decode_string(modem.settings, name).upper() for name in request.args]
    if not 1 <= len(wanted) <= 3 or any(name not in modem.storages for name in wanted):
        raise CommandError("CMS", 302)
    modem.settings.memories[: len(wanted)] = wanted
    return (f"+CPMS: {_usage(modem, named=False)}",)


def service_centre(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CSCA."""
    if request.op is Op.READ:
        number = encode_string(modem.settings, modem.service_centre)
        return (f'+CSCA: "{number}",{145 if modem.service_centre.startswith("+") else 129}',)
    if request.op is Op.SET:
        number = decode_string(modem.settings, request.text(0))
        if not re.fullmatch(r"\+?[0-9]{1,20}", number):
            raise CommandError("CMS", 304)
        is_international = request.number(1, 129) == 145
        modem.service_centre = number if number.startswith("+") or not is_international else f"+{number}"
    return NOTHING


def indication(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CNMI."""
    if request.op is Op.TEST:
        return ("+CNMI: (0,1,2,3),(0,1,2,3),(0),(0,1,2),(0,1)",)
    if request.op is Op.READ:
        return ("+CNMI: " + ",".join(str(value) for value in modem.settings.indication),)
    mode, route, broadcast, report, buffer = (
        request.number(position, default) for position, default in enumerate(modem.settings.indication)
    )
    chosen = (mode, route, broadcast, report, buffer)
    if any(not low <= value <= high for value, (low, high) in zip(chosen, INDICATION_RANGES, strict=True)):
        raise CommandError("CMS", 302)
    modem.settings.indication = chosen
    if mode:
        modem.release_held(forget=buffer == 1)
    return NOTHING


def text_parameters(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CSMP."""
    if request.op is Op.SET:
        current = modem.settings.text_parameters
        first, validity, protocol, coding = (request.number(position, current[position]) for position in range(4))
        modem.settings.text_parameters = (first, validity, protocol, coding)
    if request.op is Op.READ:
        return ("+CSMP: " + ",".join(str(value) for value in modem.settings.text_parameters),)
    return NOTHING


def text_header(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CSDH."""
    if request.op is Op.READ:
        return (f"+CSDH: {int(modem.settings.text_header)}",)
    if request.op is Op.SET:
        modem.settings.text_header = request.number(0, 0) == 1
    return NOTHING


def read(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMGR: an unread message is read by it."""
    if request.op is Op.TEST:
        return NOTHING
    need_sim(modem)
    stored = modem.reading.messages.get(request.number(0, 0))
    if stored is None:
        raise CommandError("CMS", 321)
    answer = _one(modem, "+CMGR", None, stored)
    _mark_read(stored)
    return (answer,)


def _one(modem: Modem, command: str, place: int | None, stored: Stored) -> str:
    if modem.settings.text_mode:
        return text_mode.entry(modem.settings, command, place, stored)
    length = len(stored.pdu) - stored.pdu[0] - 1
    number = f"{place}," if place is not None else ""
    return f"{command}: {number}{stored.stat.value},,{length}\r\n{stored.pdu.hex().upper()}"


def _mark_read(stored: Stored) -> None:
    if stored.stat is Stat.UNREAD:
        stored.stat = Stat.READ


def list_messages(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMGL: by number in PDU mode, by word in text mode."""
    need_sim(modem)
    words = {f"{word}": stat.value for stat, word in TEXT_STAT.items()} | {"ALL": ALL}
    if request.op is Op.TEST:
        names = ",".join(f'"{word}"' for word in words)
        return (f"+CMGL: ({names})",) if modem.settings.text_mode else ("+CMGL: (0-4)",)
    if modem.settings.text_mode:
        wanted = words.get(decode_string(modem.settings, request.text(0, "REC UNREAD")).upper(), -1)
    else:
        wanted = request.number(0, 0)
    if wanted not in range(5):
        raise CommandError("CMS", 302)
    found = modem.reading.listed(wanted)
    answers = [_one(modem, "+CMGL", place, stored) for place, stored in found]
    for _, stored in found:
        _mark_read(stored)
    return answers


def delete(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMGD=place[,flag]."""
    need_sim(modem)
    storage = modem.reading
    if request.op is Op.TEST:
        return (f"+CMGD: ({','.join(str(place) for place in sorted(storage.messages))}),(0-4)",)
    place, flag = request.number(0, 0), request.number(1, 0)
    if flag not in range(5) or (flag == 0 and not 1 <= place <= max(storage.capacity, *storage.messages, 1)):
        raise CommandError("CMS", 321)
    storage.delete(place, flag)
    modem.memory_freed()
    return NOTHING


def send(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMGS: the length of a TPDU, or a number in text mode; then the prompt."""
    if request.op is Op.TEST:
        return NOTHING
    need_network(modem)
    modem.ask(_composer(modem, request, "+CMGS", _send_tpdu))
    return NOTHING


def write(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMGW: the same into storage."""
    if request.op is Op.TEST:
        return NOTHING
    need_sim(modem)
    modem.ask(_composer(modem, request, "+CMGW", _store_tpdu))
    return NOTHING


def _send_tpdu(modem: Modem, octets: bytes) -> None:
    _, tpdu = pdu.split_service_centre(octets)
    modem.submit(tpdu, lambda reference: f"+CMGS: {reference}")


def _store_tpdu(modem: Modem, octets: bytes) -> None:
    place = modem.writing.put(Stat.UNSENT, octets)
    if place is None:
        raise CommandError("CMS", 322)
    modem.say(f"+CMGW: {place}")


Keep = Callable[[Modem, bytes], None]


def _composer(modem: Modem, request: Request, command: str, keep: Keep) -> "Composer":
    if modem.settings.text_mode:
        number = decode_string(modem.settings, request.text(0))
        if not re.fullmatch(r"\+?[0-9*#]{1,20}", number):
            raise CommandError("CMS", 305)
        return Composer(modem, keep, number, 0)
    length = request.number(0, 0)
    if not 7 <= length <= 176:
        raise CommandError("CMS", 304)
    return Composer(modem, keep, "", length)


class Composer:
    """What happens when Ctrl-Z ends the prompt."""

    def __init__(self, modem: Modem, keep: Keep, number: str, length: int) -> None:
        self._modem, self._keep, self._number, self._length = modem, keep, number, length

    def __call__(self, typed: str) -> None:
        octets = self._from_text(typed) if self._number else self._from_hex(typed)
        self._keep(self._modem, octets)

    def _from_hex(self, typed: str) -> bytes:
        try:
            octets = bytes.fromhex(typed)
            _, tpdu = pdu.split_service_centre(octets)
        except ValueError:
            raise CommandError("CMS", 304) from None
        if len(tpdu) != self._length:
            raise CommandError("CMS", 304)
        return octets

    def _from_text(self, typed: str) -> bytes:
        first, validity, _, coding = self._modem.settings.text_parameters
        data = text_mode.typed_text(self._modem.settings, typed)
        return b"\0" + pdu.encode_submit(self._number, data, dcs=coding, first=first, validity=validity)


def send_stored(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CMSS=place."""
    if request.op is Op.TEST:
        return NOTHING
    need_network(modem)
    stored = modem.writing.messages.get(request.number(0, 0))
    if stored is None or stored.stat not in (Stat.UNSENT, Stat.SENT):
        raise CommandError("CMS", 321)
    _, tpdu = pdu.split_service_centre(stored.pdu)

    def sent(reference: int) -> str:
        stored.stat = Stat.SENT
        return f"+CMSS: {reference}"

    modem.submit(tpdu, sent)
    return NOTHING


def acknowledge(modem: Modem, request: Request) -> Sequence[str]:
    """AT+CNMA after +CMT or +CDS under AT+CSMS=1; with 2 it was not taken and comes again."""
    if request.op is Op.TEST:
        return ("+CNMA: (0-2)",)
    modem.acknowledge(is_taken=request.number(0, 0) != 2)
    return NOTHING


def accepted(modem: Modem, request: Request) -> Sequence[str]:
    """Taken without effect."""
    return NOTHING


MESSAGE_COMMANDS: dict[str, Handler] = {
    "+CMGF": message_format,
    "+CSMS": service,
    "+CPMS": memories,
    "+CSCA": service_centre,
    "+CNMI": indication,
    "+CSMP": text_parameters,
    "+CSDH": text_header,
    "+CMGR": read,
    "+CMGL": list_messages,
    "+CMGD": delete,
    "+CMGS": send,
    "+CMGW": write,
    "+CMSS": send_stored,
    "+CNMA": acknowledge,
    "+CMMS": accepted,
    "+CSAS": accepted,
    "+CRES": accepted,
    "+CSCB": accepted,
}
