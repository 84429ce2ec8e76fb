"""The same menu twice on one Asterisk: as a published flow of ours, and as dialplan that nobody is asked about."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_core.kernel.actor import SYSTEM
from ivr import service
from ivr.prompt import Text, compose
from ivr.prompt_files import PromptFiles
from ivr.tts import EspeakNg
from telephony.provision.render import fill
from tests.bench.hospital import Hospital

HERE = Path(__file__).parent
FLOW = "hotline"
CARRIER = re.compile(r"^\[carrier\]\ntype = endpoint\n.*?\n\n", re.MULTILINE | re.DOTALL)
IDENTIFY = "[bench-carrier]\ntype = identify\nendpoint = bench-carrier\nmatch = {source}\n"


@dataclass(frozen=True, slots=True)
class Side:
    """Who answers. `source` is the address a caller calls from; Asterisk tells the two sides apart by it."""

    name: str
    source: str


OURS = Side("hcrm", "127.0.0.1")
BASELINE = Side("dialplan", "127.0.0.2")
SIDES = (OURS, BASELINE)


async def install(hospital: Hospital) -> None:
    """Publish the flow, speak its prompts, and add the dialplan to the running Asterisk."""
    definition = json.loads((HERE / "flow.json").read_text("utf-8"))
    version = await service.draft(hospital.db, SYSTEM, FLOW, definition)
    await service.publish(hospital.db, SYSTEM, FLOW, version)
    prompts = await _spoken(hospital, definition)
    etc = hospital.config.places.asterisk / "etc"
    monitor = hospital.config.places.asterisk / "spool" / "bench"
    dialplan = (HERE / "dialplan.conf").read_text("utf-8")
    for node, path in prompts.items():
        dialplan = dialplan.replace(f"@{node}@", path)
    _append(etc / "extensions.conf", fill(dialplan, {"MONITOR": str(monitor)}, "dialplan.conf"))
    _append(etc / "pjsip.conf", _endpoint((etc / "pjsip.conf").read_text("utf-8")))
    await hospital.console("dialplan reload")
    await hospital.console("module reload res_pjsip.so")
    shown = await hospital.console("pjsip show endpoint bench-carrier")
    if "bench-carrier" not in shown or "127.0.0.2" not in shown:
        raise RuntimeError(f"the baseline's endpoint is not there: {shown}")


async def uninstall(hospital: Hospital) -> None:
    """The shipped hotline again."""
    await service.rollback(hospital.db, SYSTEM, FLOW)


def _endpoint(pjsip: str) -> str:
    """The carrier again, for callers from another address, whom our call tracker does not see."""
    found = CARRIER.search(pjsip)
    if found is None:
        raise RuntimeError("pjsip.conf has no carrier to copy")
    ours = found[0].replace("[carrier]", "[bench-carrier]").replace("context = from-trunk", "context = bench-baseline")
    return "\n" + ours + IDENTIFY.format(source=BASELINE.source)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


async def _spoken(hospital: Hospital, definition: Mapping[str, object]) -> dict[str, str]:
    """Node -> the very file that our runner plays."""
    files = PromptFiles(hospital.config.places.prompts, EspeakNg(hospital.program("espeak-ng")))
    nodes = definition["nodes"]
    if not isinstance(nodes, dict):
        raise TypeError("a flow has nodes")
    texts = {name: Text(**node["say"]) for name, node in nodes.items() if "say" in node}
    return {name: (await files.paths(compose(text.in_language("zh_CN"), "zh_CN")))[0] for name, text in texts.items()}
