"""Writes `asterisk_conf/` for one hospital: the same files for production, demo and tests, with names filled in.

What the placeholders mean is in asterisk_conf/README.md. `NAME.conf` is written once. `NAME.each-desk.conf` is
written once per desk into `NAME.desks.conf`; there `@DESK@` and `@DESK_SECRET@` differ. `each-handset` likewise.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from telephony import sounds
from telephony.provision.errors import ProvisionError

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk_conf"
PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")
LONGEST_SOCKET = 107  # bytes, the kernel's limit for the path of a Unix socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One Asterisk of ours. Everything it writes lies below `folder`; ports are the effective ones."""

    folder: Path
    monitor: Path
    modules: Path
    data: Path  # of the package: documentation and so on
    sip_port: int
    http_port: int
    ami_port: int
    fastagi_port: int
    rtp_ports: tuple[int, int]  # first and last
    ami_secret: str = field(repr=False)
    hospital_number: str
    carrier: tuple[str, int]  # host and port
    listen: str = "127.0.0.1"  # SIP
    desks: Mapping[str, str] = field(repr=False)  # endpoint -> secret
    handsets: Mapping[str, str] = field(default_factory=dict, repr=False)  # only in the demo

    @property
    def config(self) -> Path:
        """What `asterisk -C` is given."""
        return self.folder / "etc" / "asterisk.conf"

    @property
    def prompts(self) -> Path:
        """What the dialplan itself says, one folder per language."""
        return self.folder / "sounds"

    @property
    def music(self) -> Path:
        """What those who wait hear."""
        return self.folder / "music"

    def folders(self) -> tuple[Path, ...]:
        """All that must exist before Asterisk starts."""
        below = ("etc", "data", "lib", "cache", "agi", "spool", "run", "log")
        return (*(self.folder / name for name in below), self.prompts, self.music, self.monitor)

    def values(self) -> dict[str, str]:
        """Placeholder -> text."""
        folder = self.folder
        return {
            "ETC_DIR": str(folder / "etc"),
            "MODULES_DIR": str(self.modules),
            "DATA_DIR": str(folder / "data"),
            "STATE_DIR": str(folder),
            "MONITOR_DIR": str(self.monitor),
            "MUSIC_DIR": str(self.music),
            "AMI_PORT": str(self.ami_port),
            "AMI_SECRET": self.ami_secret,
            "HTTP_PORT": str(self.http_port),
            "LISTEN": self.listen,
            "SIP_PORT": str(self.sip_port),
            "RTP_FIRST": str(self.rtp_ports[0]),
            "RTP_LAST": str(self.rtp_ports[1]),
            "CARRIER_HOST": self.carrier[0],
            "CARRIER_PORT": str(self.carrier[1]),
            "HOSPITAL_NUMBER": self.hospital_number,
            "FASTAGI_PORT": str(self.fastagi_port),
        }


def render(layout: Layout, templates: Path = TEMPLATES) -> Path:
    """Folders, links and files; a file changes only when its text does. Returns the asterisk.conf."""
    _require_short_socket(layout.folder)
    for folder in layout.folders():
        folder.mkdir(parents=True, exist_ok=True)
    sounds.link_data(layout.folder / "data", layout.data, layout.prompts)
    written = dict(_files(layout, templates))
    for name, text in written.items():
        _write(layout.folder / "etc" / name, text)
    for stale in (layout.folder / "etc").glob("*.conf"):
        if stale.name not in written:
            stale.unlink()
    return layout.config


def _files(layout: Layout, templates: Path) -> Iterator[tuple[str, str]]:
    values = layout.values()
    for template in sorted(templates.glob("*.conf")):
        source = template.read_text("utf-8")
        stem, _, word = template.stem.partition(".each-")
        telephones = {"": None, "desk": layout.desks, "handset": layout.handsets}[word]
        if telephones is None:
            yield template.name, fill(source, values, template.name)
        else:
            yield f"{stem}.{word}s.conf", _repeat(source, values, word.upper(), telephones, template.name)


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
            raise ProvisionError(f"{name}: nothing to put for @{match[1]}@", mend="See asterisk_conf/README.md.")
        return found

    return PLACEHOLDER.sub(value, source)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text("utf-8") == text:
        return
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
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
