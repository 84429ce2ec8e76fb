"""Everything that can be ordered to go wrong. `apply(network, name, params, now)`; FAULTS says what each does."""

from collections.abc import Callable
from dataclasses import dataclass

from demo.gsm.fault_book import Armed
from demo.gsm.network import Network
from demo.gsm.smsc import subscriber

Apply = Callable[[Network, Armed, float], None]


class UnknownFaultError(ValueError):
    """No such fault; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`apply` None: waits for its occasion, `times=N` for the next N."""

    help: str
    apply: Apply | None = None


def _unplug(network: Network, armed: Armed, now: float) -> None:
    seconds = armed.params.get("seconds")
    network.unplug(now, back_after_s=float(seconds) if seconds else None)


def _garbage(network: Network, armed: Armed, now: float) -> None:
    network.emit(bytes.fromhex(armed.params.get("hex", "0d0a00fffe80c328d5c50d0a")), now)


def _registration(network: Network, armed: Armed, now: float) -> None:
    network.register({"home": 1, "lost": 2, "denied": 3}[armed.params.get("state", "lost")], now)


def _signal(network: Network, armed: Armed, now: float) -> None:
    network.modem.radio.rssi = int(armed.number("rssi", 2))


def _sim(network: Network, armed: Armed, now: float) -> None:
    network.modem.radio.has_sim = armed.params.get("state", "out") == "in"


def _full_storage(network: Network, armed: Armed, now: float) -> None:
    """As if every other place held something that nobody may delete."""
    storage = network.modem.receiving
    storage.capacity = int(armed.number("capacity", len(storage.messages)))


def _free_storage(network: Network, armed: Armed, now: float) -> None:
    for storage in network.modem.storages.values():
        storage.capacity = int(armed.number("capacity", 50))
    network.free_memory()


def _fragment(network: Network, armed: Armed, now: float) -> None:
    network.faults.switch("fragment", on=armed.params.get("state", "on") == "on")


def _phone_off(network: Network, armed: Armed, now: float) -> None:
    network.smsc.phones_off.add(subscriber(armed.params["number"]))


def _phone_on(network: Network, armed: Armed, now: float) -> None:
    network.smsc.turn_on(subscriber(armed.params["number"]), now)


def _clear(network: Network, armed: Armed, now: float) -> None:
    network.faults.clear()
    network.modem.muted = 0
    network.modem.radio.has_sim, network.modem.radio.rssi = True, 23
    for number in sorted(network.smsc.phones_off):
        network.smsc.turn_on(number, now)
    _free_storage(network, armed, now)
    network.register(1, now)
    network.plug(now)


def _no_answer(network: Network, armed: Armed, now: float) -> None:
    network.modem.muted += int(armed.number("times", 1))


FAULTS: dict[str, Fault] = {
    "drop_indication": Fault("a message is stored, its +CMTI never comes"),
    "delay_indication": Fault("the indication comes `seconds` (5) late"),
    "duplicate_segment": Fault("each segment of the next inbound message comes twice"),
    "lose_segment": Fault("the last segment of the next inbound message never comes"),
    "reorder": Fault("the segments of the next inbound message come in reverse"),
    "non_utf8": Fault("a line with bytes that are no UTF-8 comes before the next indication"),
    "refuse_send": Fault("the next AT+CMGS ends in +CMS ERROR `error` (500)"),
    "die_after_pdu": Fault("unplugged between the PDU and +CMGS for `seconds` (2); `accepted=0`: message lost too"),
    "delivery_failed": Fault("the next message is reported as failed, TP-ST `status` (0x41)"),
    "delivery_temporary": Fault("first a report with TP-ST `status` (0x20: still trying), then it is delivered"),
    "no_report": Fault("the next message gets no delivery report"),
    "duplicate_report": Fault("the next delivery report comes twice"),
    "early_report": Fault("the delivery report comes before +CMGS"),
    "no_answer": Fault("the next command line gets no answer", _no_answer),
    "garbage": Fault("bytes `hex` come out of the modem now", _garbage),
    "unplug": Fault("the device disappears, for `seconds` or until replug", _unplug),
    "replug": Fault("the device is back", lambda network, armed, now: network.plug(now)),
    "registration": Fault("`state` lost, denied or home", _registration),
    "signal": Fault("signal strength `rssi` (2), 0 to 31", _signal),
    "sim": Fault("`state` out or in", _sim),
    "full_storage": Fault("no place for messages but `capacity` (those used)", _full_storage),
    "free_storage": Fault("storages of `capacity` (50) places again", _free_storage),
    "fragment": Fault("`state` on or off: every byte comes alone", _fragment),
    "phone_off": Fault("the telephone `number` is switched off: its messages wait or expire", _phone_off),
    "phone_on": Fault("the telephone `number` is on again", _phone_on),
    "clear": Fault("nothing is wrong any more", _clear),
}


def apply(network: Network, name: str, params: dict[str, str], now: float) -> None:
    """Now, or for the next `times` occasions. Raises UnknownFaultError; ValueError or KeyError for wrong parameters."""
    fault = FAULTS.get(name)
    if fault is None:
        raise UnknownFaultError(f"no fault named like this; there are: {', '.join(FAULTS)}")
    armed = Armed(params)
    if fault.apply:
        fault.apply(network, armed, now)
    else:
        network.faults.arm(name, params, times=int(armed.number("times", 1)))
