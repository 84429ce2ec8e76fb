"""What a client can set in a modem, and how the modem words its answers under these settings."""

from dataclasses import dataclass, field

CHARACTER_SETS = ("GSM", "IRA", "UCS2", "HEX", "8859-1", "UTF-8")


@dataclass(slots=True)
class Settings:
    """As after power-up; ATZ and AT&F come back here."""

    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    error_detail: int = 0  # CMEE
    character_set: str = "GSM"
    text_mode: bool = False
    text_header: bool = False  # CSDH
    text_parameters: tuple[int, int, int, int] = (17, 167, 0, 0)  # CSMP: first octet, validity, PID, DCS
    service: int = 0  # CSMS: 1 wants AT+CNMA
    memories: list[str] = field(default_factory=lambda: ["SM", "SM", "SM"])
    indication: tuple[int, int, int, int, int] = (2, 0, 0, 0, 0)  # CNMI: mode, mt, bm, ds, bfr
    registration_reports: int = 0  # CREG
    operator_format: int = 0  # COPS


CME_TEXT = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    16: "incorrect password",
    30: "no network service",
    50: "incorrect parameters",
    100: "unknown",
}
CMS_TEXT = {
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable, unspecified",
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


class CommandError(Exception):
    """A final answer other than OK. `family` is CME, CMS or '' for a plain ERROR."""

    def __init__(self, family: str = "", number: int = 0) -> None:
        super().__init__(f"{family} {number}")
        self.family = family
        self.number = number


def info(settings: Settings, text: str) -> bytes:
    """An information line."""
    raw = text.encode("utf-8", errors="replace")
    return b"\r\n" + raw + b"\r\n" if settings.verbose else raw + b"\r\n"


def final_ok(settings: Settings) -> bytes:
    """OK or 0."""
    if settings.quiet:
        return b""
    return b"\r\nOK\r\n" if settings.verbose else b"0\r"


def final_error(settings: Settings, error: CommandError) -> bytes:
    """ERROR, +CME ERROR or +CMS ERROR, in words when AT+CMEE=2."""
    if settings.quiet:
        return b""
    if not error.family or (error.family == "CME" and settings.error_detail == 0):
        return b"\r\nERROR\r\n" if settings.verbose else b"4\r"
    names = CME_TEXT if error.family == "CME" else CMS_TEXT
    word = names.get(error.number, "unknown error") if settings.error_detail == 2 else str(error.number)
    return info(settings, f"+{error.family} ERROR: {word}")


def encode_string(settings: Settings, text: str) -> str:
    """A string parameter as the chosen character set writes it."""
    if settings.character_set == "UCS2":
        return text.encode("utf-16-be", errors="replace").hex().upper()
    if settings.character_set == "HEX":
        return text.encode("latin-1", errors="replace").hex().upper()
    return text


def decode_string(settings: Settings, text: str) -> str:
    """The other way. What is not in the chosen form (a plain number, say) stays as it is."""
    if settings.character_set not in ("UCS2", "HEX"):
        return text
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return text
    if settings.character_set == "UCS2":
        return octets.decode("utf-16-be", errors="replace") if len(octets) % 2 == 0 and octets[:1] == b"\0" else text
    return octets.decode("latin-1")
