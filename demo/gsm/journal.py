"""The network's memory in a folder: `inboxes.jsonl` grows by a line per segment, `network.json` is replaced whole."""

import json
import os
from contextlib import suppress
from pathlib import Path

from demo.gsm.inboxes import Inboxes, from_record, to_record
from demo.gsm.network import Network
from demo.gsm.smsc import Landed
from demo.gsm.storage import Stat, Stored

BROKEN = (ValueError, KeyError, TypeError)


class Journal:
    """Without a folder it forgets everything."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._written = ""
        if folder:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self, network: Network, inboxes: Inboxes) -> None:
        """What was there when the last process ended. A line cut short by a kill is left out."""
        if not self._folder:
            return
        with suppress(FileNotFoundError):
            for line in (self._folder / "inboxes.jsonl").read_text("utf-8").splitlines():
                with suppress(*BROKEN):
                    inboxes.put(from_record(json.loads(line)))
        lines = "".join(json.dumps(to_record(landed)) + "\n" for landed in inboxes.all())
        self._replace("inboxes.jsonl", lines)
        with suppress(FileNotFoundError, *BROKEN):
            _restore(network, json.loads((self._folder / "network.json").read_text("utf-8")))

    def landed(self, landed: Landed) -> None:
        """Written before anybody is told."""
        if self._folder:
            with (self._folder / "inboxes.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(to_record(landed)) + "\n")

    def save(self, network: Network) -> None:
        """Storages and the SMSC, when they changed."""
        state = (
            json.dumps({"smsc": network.smsc.written_down(), "storages": _storages(network)}) if self._folder else ""
        )
        if state != self._written:
            self._replace("network.json", state)
            self._written = state

    def _replace(self, name: str, text: str) -> None:
        if self._folder:
            path = self._folder / name
            draft = path.with_suffix(".new")
            draft.write_text(text, "utf-8")
            os.replace(draft, path)


def _storages(network: Network) -> dict[str, dict[str, list[object]]]:
    return {
        name: {str(place): [one.stat.value, one.pdu.hex()] for place, one in storage.messages.items()}
        for name, storage in network.modem.storages.items()
    }


def _restore(network: Network, state: dict[str, dict[str, dict[str, tuple[int, str]]]]) -> None:
    for name, messages in state["storages"].items():
        network.modem.storages[name].messages = {
            int(place): Stored(Stat(stat), bytes.fromhex(pdu)) for place, (stat, pdu) in messages.items()
        }
    network.smsc.read_back(state["smsc"])  # type: ignore[arg-type]
