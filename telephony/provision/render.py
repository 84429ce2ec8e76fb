"""Writes `asterisk_conf/` for one hospital: the same files for production, demo and tests, with names filled in.

`NAME.conf` has `@NAME@` placeholders and is written once. `NAME.each-desk.conf` is written once per desk, one after the
other, into `NAME.desks.conf`; there `@DESK@` and `@DESK_SECRET@` differ. `NAME.each-handset.conf` likewise.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from telephony.provision.errors import ProvisionError

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk_conf"
PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")
STATE_FOLDERS = ("etc", "lib", "keys", "agi", "spool", "run", "log", "monitor", "prompts", "sounds")
LONGEST_SOCKET = 107  # bytes, the kernel's limit for the path of a Unix socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the templates may name. Ports are the effective ones."""

    folder: Path  # HOME/asterisk
    prompts: Path
    monitor: Path
    modules: Path
    data: Path
    listen: str
    sip_port: int
    http_port: int
    ami_port: int
    fastagi_port: int
    rtp_first: int
    rtp_last: int
    ami_secret: str
    carrier_host: str
    carrier_port: int
    desks: Mapping[str, str]  # endpoint -> secret
    handsets: Mapping[str, str]  # empty but in the demo

    def values(self) -> dict[str, str]:
        """Placeholder -> text."""
        return {
            "ETC_DIR": str(self.folder / "etc"),
            "STATE_DIR": str(self.folder),
            "MODULES_DIR": str(self.modules),
            "DATA_DIR": str(self.data),
            "PROMPTS_DIR": str(self.prompts),
            "MONITOR_DIR": str(self.monitor),
            "LISTEN": self.listen,
            "SIP_PORT": str(self.sip_port),
            "HTTP_PORT": str(self.http_port),
            "AMI_PORT": str(self.ami_port),
            "FASTAGI_PORT": str(self.fastagi_port),
            "RTP_FIRST": str(self.rtp_first),
            "RTP_LAST": str(self.rtp_last),
            "AMI_SECRET": self.ami_secret,
            "CARRIER_HOST": self.carrier_host,
            "CARRIER_PORT": str(self.carrier_port),
            "DEMO": "yes" if self.handsets else "no",
        }


def config_file(folder: Path) -> Path:
    """What `asterisk -C` is given."""
    return folder / "etc" / "asterisk.conf"


def render(layout: Layout, templates: Path = TEMPLATES) -> Path:
    """Folders and files below `layout.folder`; a file changes only when its text does. Returns the asterisk.conf."""
    for name in STATE_FOLDERS:
        (layout.folder / name).mkdir(parents=True, exist_ok=True)
    for place in (layout.prompts, layout.monitor):
        place.mkdir(parents=True, exist_ok=True)
    written = dict(_files(layout, templates))
    for name, text in written.items():
        _write(layout.folder / "etc" / name, text)
    for stale in (layout.folder / "etc").glob("*.conf"):
        if stale.name not in written:
            stale.unlink()
    _require_short_socket(layout.folder)
    return config_file(layout.folder)


def _files(layout: Layout, templates: Path) -> Iterable[tuple[str, str]]:
    values = layout.values()
    for template in sorted(templates.glob("*.conf")):
        source = template.read_text("utf-8")
        if template.name.endswith(".each-desk.conf"):
            name = template.name.replace(".each-desk.conf", ".desks.conf")
            yield name, _repeat(source, values, "DESK", layout.desks, template.name)
        elif template.name.endswith(".each-handset.conf"):
            name = template.name.replace(".each-handset.conf", ".handsets.conf")
            yield name, _repeat(source, values, "HANDSET", layout.handsets, template.name)
        else:
            yield template.name, fill(source, values, template.name)


def _repeat(source: str, values: Mapping[str, str], word: str, secrets: Mapping[str, str], name: str) -> str:
    pieces = [
        fill(source, {**values, word: endpoint, f"{word}_SECRET": secret}, name)
        for endpoint, secret in sorted(secrets.items())
    ]
    return "\n".join(pieces)


def fill(source: str, values: Mapping[str, str], name: str) -> str:
    """`source` with placeholders replaced. Raises ProvisionError for one nobody fills and for a line break."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None or "\n" in found or "\r" in found:
            raise ProvisionError(
                f"{name}: nothing to put for @{match[1]}@", mend="Compare it with telephony.provision.render."
            )
        return found

    return PLACEHOLDER.sub(value, source)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text("utf-8") == text:
        return
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o640)
    partial.write_text(text, "utf-8")
    partial.rename(path)


def _require_short_socket(folder: Path) -> None:
    socket = folder / "run" / "asterisk.ctl"
    if len(os.fsencode(socket)) > LONGEST_SOCKET:
        raise ProvisionError(
            f"{socket} is longer than {LONGEST_SOCKET} bytes, too long for a socket",
            mend="Point HCRM_HOME to a folder with a shorter name.",
        )
