"""A GSM modem in PDU mode: setting it up, sending a segment, reading and emptying its storage, asking how it is."""

import logging
import re
from dataclasses import dataclass, field

from crm_core.kernel.errors import OutcomeUnknownError, SendError, TemporarySendError
from sms.at import AtLink
from sms.at_lines import Reply, Unsolicited
from sms.delivery import Refusal, refusal
from sms.errors import ModemError, ModemLinkError, SimLockedError
from sms.pdu import EncodedPdu

log = logging.getLogger("sms.modem")

ATTENTION_TRIES = 5
LIST_TIMEOUT_S = 60.0
REGISTERED = frozenset({1, 5, 6, 7, 9, 10})  # at home, roaming; for SMS only; without circuit-switched fallback
_NEW_MESSAGE_MODES = ("2,1,0,1,0", "2,1,0,2,0", "1,1,0,1,0", "1,1,0,2,0", "2,1,0,0,0", "1,1,0,0,0")
STORAGES = ("SM", "ME", "MT", "SR")
RESTARTED = frozenset({"RDY", "^SYSSTART", "^RST"})  # its settings are gone


@dataclass(frozen=True, slots=True, kw_only=True)
class ModemDevice:
    """A configured modem. `name` is what staff see and what rows remember; keep it when the device moves."""

    name: str
    device: str
    baudrate: int = 115_200
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StoredPdu:
    """One message in the modem's storage."""

    storage: str
    index: int
    pdu: str = field(repr=False)
    length: int | None = None  # bytes without the SMSC's address, as the modem announced it

    @property
    def is_whole(self) -> bool:
        """Whether the line has as many bytes as announced; noise on the line changes that."""
        try:
            data = bytes.fromhex(self.pdu)
        except ValueError:
            return False
        return bool(data) and (self.length is None or len(data) == 1 + data[0] + self.length)


@dataclass(frozen=True, slots=True)
class Health:
    """`signal_dbm` None: unknown. `operator` as the modem spells it."""

    is_registered: bool
    signal_dbm: int | None
    operator: str
    was_deaf: bool = False  # it had stopped announcing: its storage may hold something


@dataclass(slots=True)
class Modem:
    """A modem after set-up. All methods raise ModemLinkError when the link is lost."""

    link: AtLink
    storages: tuple[str, ...] = ()
    acknowledges: bool = False  # the network waits for AT+CNMA after each message shown directly
    announces: str = ""  # how, as AT+CNMI says it
    _storage: str = ""

    async def send(self, pdu: EncodedPdu) -> int:
        """Hand over one segment; the reference the network gave it, 0..255.

        Raises TemporarySendError, SendError (never will), OutcomeUnknownError.
        """
        reply = await self.link.submit(f"AT+CMGS={pdu.length}", pdu.hex)
        if reply.is_ok:
            return _reference(reply)
        match refusal(reply.final):
            case Refusal.TEMPORARY:
                raise TemporarySendError(_code(reply.final))
            case Refusal.UNKNOWN:
                raise OutcomeUnknownError(_code(reply.final))
            case Refusal.PERMANENT:
                raise SendError(_code(reply.final))

    async def stored(self, storage: str) -> list[StoredPdu]:
        """Everything received that lies in a storage. Lines that make no sense are left out and stay there."""
        await self._use(storage)
        reply = await self.link.command("AT+CMGL=4", timeout_s=LIST_TIMEOUT_S)
        if not reply.is_ok:
            raise ModemError(_code(reply.final))
        return _listed(storage, reply)

    async def delete(self, stored: StoredPdu) -> None:
        """Make room. A refusal is logged only: the message would be read again and recognised."""
        await self._use(stored.storage)
        reply = await self.link.command(f"AT+CMGD={stored.index}")
        if not reply.is_ok:
            log.warning("modem did not delete a message", extra={"error": _code(reply.final)})

    async def acknowledge(self) -> None:
        """Tell the network a directly shown message or report is kept; without it, it will come again."""
        if self.acknowledges:
            await self.link.command("AT+CNMA")

    async def next_unsolicited(self) -> Unsolicited:
        """The next line nobody asked for."""
        return await self.link.next_unsolicited()

    async def health(self) -> Health:
        """Ask for registration, signal and operator; also for PDU mode and announcements again: modems forget."""
        await self.link.command("AT+CMGF=0")
        was_deaf = await self._is_deaf()
        self.announces = await announce_messages(self.link)
        is_registered = await self._is_registered()
        signal = await self.link.command("AT+CSQ", reply_prefix="+CSQ:")
        operator = await self.link.command("AT+COPS?", reply_prefix="+COPS:", timeout_s=30.0)
        return Health(is_registered, _signal_dbm(signal), _operator(operator), was_deaf)

    async def _is_deaf(self) -> bool:
        """A modem whose AT+CNMA did not come in time switches announcements off (27.005, 3.4.4)."""
        reply = await self.link.command("AT+CNMI?", reply_prefix="+CNMI:")
        said = "".join(reply.lines).replace(" ", "")
        return reply.is_ok and bool(said) and self.announces not in said

    async def _is_registered(self) -> bool:
        """In the GSM or the LTE network. A modem that cannot say is believed to be."""
        replies = []
        for kind in ("CREG", "CEREG"):
            replies.append(await self.link.command(f"AT+{kind}?", reply_prefix=f"+{kind}:"))
            if replies[-1].is_ok and _says_registered(replies[-1]):
                return True
        return not any(reply.is_ok for reply in replies)

    async def _use(self, storage: str) -> None:
        if storage == self._storage:
            return
        reply = await self.link.command(f'AT+CPMS="{storage}"', reply_prefix="+CPMS:")
        if not reply.is_ok:
            raise ModemError(_code(reply.final))
        self._storage = storage


async def set_up(link: AtLink, device: ModemDevice) -> Modem:
    """From a line that may hold anything to a modem that sends and receives. Raises ModemLinkError, SimLockedError."""
    await _get_attention(link)
    await link.command("ATE0")
    await link.command("AT+CMEE=1")
    await _unlock(link, device)
    if not (await link.command("AT+CMGF=0")).is_ok:
        raise ModemLinkError("modem has no PDU mode")
    acknowledges = (await link.command("AT+CSMS=1", reply_prefix="+CSMS:")).is_ok
    if acknowledges:
        await link.command("AT+CNMA=2")  # what the last user was shown and left comes again; all wait for it
    await link.command("AT+CREG=0")
    storages = await _choose_storage(link)
    announces = await announce_messages(link)
    return Modem(link, storages, acknowledges, announces)


async def announce_messages(link: AtLink) -> str:
    """New messages are stored and announced, reports shown at once; the best mode this modem knows, "" if none."""
    for mode in _NEW_MESSAGE_MODES:
        if (await link.command(f"AT+CNMI={mode}")).is_ok:
            return mode
    log.warning("modem announces no messages; its storage is read from time to time")
    return ""


async def _get_attention(link: AtLink) -> None:
    """A modem that is busy with the last user's message may need a while; then its settings begin anew."""
    for _ in range(ATTENTION_TRIES):
        if await link.synchronise():
            await link.command("ATZ")
            return
    raise ModemLinkError("no answer")


async def _unlock(link: AtLink, device: ModemDevice) -> None:
    reply = await link.command("AT+CPIN?", reply_prefix="+CPIN:")
    state = "".join(reply.lines).partition(":")[2].strip()
    if state == "READY":
        return
    if state == "SIM PIN" and device.pin:
        if not (await link.command(f'AT+CPIN="{device.pin}"', timeout_s=20.0)).is_ok:
            raise SimLockedError("SIM refuses the PIN")
        return
    if state:
        raise SimLockedError(f"SIM wants {state.removeprefix('SIM ')}")
    raise ModemLinkError("no SIM")


async def _choose_storage(link: AtLink) -> tuple[str, ...]:
    """Where messages lie: first the one new messages go to, then the others. MT is SM and ME together: only alone."""
    known = await link.command("AT+CPMS=?", reply_prefix="+CPMS:")
    names = set(re.findall(r'"(\w+)"', "".join(known.lines))) & set(STORAGES)
    if names & {"SM", "ME"}:
        names -= {"MT"}
    for name in [name for name in STORAGES[:3] if name in names]:
        reply = await link.command(f'AT+CPMS="{name}","{name}","{name}"', reply_prefix="+CPMS:")
        if reply.is_ok:
            return (name, *sorted(names - {name}))
    return tuple(sorted(names)) or ("SM",)


def _reference(reply: Reply) -> int:
    for line in reply.lines:
        if match := re.match(r"\+CMGS:\s*(\d+)", line):
            return int(match[1]) & 0xFF
    raise OutcomeUnknownError("taken without a reference")


def _listed(storage: str, reply: Reply) -> list[StoredPdu]:
    """+CMGL lines with status 0 or 1 (received), each followed by its PDU."""
    found: list[StoredPdu] = []
    header: re.Match[str] | None = None
    for line in reply.lines:
        if match := re.match(r"\+CMGL:\s*(\d+)\s*,\s*(\d+)(?:.*,\s*(\d+)\s*$)?", line):
            header = match if int(match[2]) in (0, 1) else None
        elif header is not None:
            length = int(header[3]) if header[3] else None
            found.append(StoredPdu(storage, int(header[1]), line, length))
            header = None
    return found


def _says_registered(reply: Reply) -> bool:
    """The last number of "+CREG: 0,1" or of "+CREG: 1"; area and cell may follow in quotes."""
    numbers = re.findall(r"(?<![\w\"])(\d+)(?![\w\"])", "".join(reply.lines).partition(":")[2])
    status = numbers[1] if len(numbers) > 1 else (numbers or ["0"])[0]
    return int(status) in REGISTERED


def _signal_dbm(reply: Reply) -> int | None:
    match = re.search(r"\+CSQ:\s*(\d+)", "".join(reply.lines))
    return -113 + 2 * int(match[1]) if match and int(match[1]) <= 31 else None


def _operator(reply: Reply) -> str:
    match = re.search(r'"([^"]*)"', "".join(reply.lines))
    return match[1] if match else ""


def _code(final: str) -> str:
    """A final result as it may be shown and logged: short, printable."""
    return "".join(char for char in final[:60] if char.isprintable())
