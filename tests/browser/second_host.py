"""A second computer on the hospital's network: a network namespace, joined to this machine by a virtual cable."""

import os
import secrets
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from telephony.provision.tools import tool

NEEDS_ROOT = "only root may make a network namespace with a cable to this machine"


@dataclass(frozen=True, slots=True)
class SecondHost:
    """`server` is this machine's end of the cable. Programs on the other end reach nothing else."""

    namespace: str
    server: str

    def program(self, folder: Path, target: Path) -> Path:
        """A file that runs `target` on the second computer."""
        script = folder / f"there-{target.name}"
        script.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{self.namespace} "{target}" "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return script


@contextmanager
def second_host() -> Iterator[SecondHost]:
    """There until the block ends."""
    if os.geteuid() != 0:
        pytest.skip(NEEDS_ROOT)
    name = f"hcrm{secrets.token_hex(3)}"
    net = f"10.213.{secrets.randbelow(256)}.{4 * secrets.randbelow(64)}".rpartition(".")
    here, there = f"{net[0]}.{int(net[2]) + 1}", f"{net[0]}.{int(net[2]) + 2}"
    inside = ("-n", name)
    _ip("netns", "add", name)
    try:
        _ip("link", "add", name, "type", "veth", "peer", "name", "cable", "netns", name)
        _ip("address", "add", f"{here}/30", "dev", name)
        _ip("link", "set", name, "up")
        _ip(*inside, "address", "add", f"{there}/30", "dev", "cable")
        _ip(*inside, "link", "set", "cable", "up")
        _ip(*inside, "link", "set", "lo", "up")
        yield SecondHost(name, here)
    finally:
        _ip("netns", "delete", name)  # the cable goes with it


def _ip(*words: str) -> None:
    subprocess.run([tool("ip"), *words], check=True, timeout=60)
