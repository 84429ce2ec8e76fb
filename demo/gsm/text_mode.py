"""Messages as AT+CMGF=1 shows and takes them (27.005, 3.2 to 3.4)."""

from demo.gsm import alphabet, pdu
from demo.gsm.pdu import Alphabet, BadPduError, UserData
from demo.gsm.settings import CommandError, Settings, decode_string, encode_string, info
from demo.gsm.storage import TEXT_STAT, Stored


def shown_text(settings: Settings, data: UserData) -> str:
    """UCS-2 and 8 bit as hex unless the character set can hold them; a header is never shown."""
    if data.alphabet is Alphabet.OCTETS:
        return data.body.hex().upper()
    if data.alphabet is Alphabet.UCS2 and settings.character_set not in ("UCS2", "UTF-8"):
        return data.body.hex().upper()
    return encode_string(settings, pdu.text_of(data))


def typed_text(settings: Settings, text: str) -> UserData:
    """What was typed at the prompt, in the alphabet that AT+CSMP chose. Raises CommandError when it cannot be."""
    coding = pdu.alphabet_of(settings.text_parameters[3])
    if coding is Alphabet.GSM7:
        plain = decode_string(settings, text)
        codes = alphabet.to_septets(plain)
        return _checked(UserData(coding, b"", bytes(codes)), 160)
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        if settings.character_set != "UTF-8":
            raise CommandError("CMS", 305) from None
        octets = text.encode("utf-16-be", errors="replace")
    return _checked(UserData(coding, b"", octets), 140)


def _checked(data: UserData, limit: int) -> UserData:
    if len(data.body) > limit:
        raise CommandError("CMS", 305)
    return data


def entry(settings: Settings, command: str, place: int | None, stored: Stored) -> str:
    """One message of AT+CMGL (`place` given) or AT+CMGR."""
    _, tpdu = pdu.split_service_centre(stored.pdu)
    try:
        shown = pdu.show(tpdu)
    except BadPduError:
        raise CommandError("CMS", 320) from None
    head = f'{command}: {f"{place}," if place is not None else ""}"{TEXT_STAT[stored.stat]}"'
    number = encode_string(settings, shown.number)
    if shown.kind == 2:
        return f"{head},{_report(shown, number)}"
    head += f',"{number}",,"{shown.at}"' if shown.at else f',"{number}",'
    if settings.text_header:
        head += f",{_kind(shown.number)},{len(shown.data.body)}"
    return f"{head}\r\n{shown_text(settings, shown.data)}"


def direct_text(settings: Settings, tpdu: bytes) -> bytes:
    """+CMT with the text itself."""
    shown = pdu.show(tpdu)
    number = encode_string(settings, shown.number)
    return info(settings, f'+CMT: "{number}",,"{shown.at}"\r\n{shown_text(settings, shown.data)}')


def direct_text_report(settings: Settings, tpdu: bytes) -> bytes:
    """+CDS in words."""
    shown = pdu.show(tpdu)
    return info(settings, f"+CDS: {_report(shown, encode_string(settings, shown.number))}")


def _report(shown: pdu.Shown, number: str) -> str:
    times = f'"{shown.at}","{shown.done_at}"'
    return f'{shown.first},{shown.reference},"{number}",{_kind(shown.number)},{times},{shown.status}'


def _kind(number: str) -> int:
    return 145 if number.startswith("+") else 129
