"""Where the figures were measured: a figure without its machine says nothing."""

import asyncio
import os
import platform
import re
from pathlib import Path

from server.config import CHECKOUT
from telephony.provision import asterisk
from tests.bench.hospital import Hospital

ASKED = {
    "SIPp": ("sipp", "-v", r"SIPp (v[\w.]+)"),
    "Chromium": ("chromium", "--version", r"Chromium ([\d.]+)"),
    "smstools": ("smsd", "-V", r"[Vv]ersion ([\d.]+)"),
    "gammu-smsd": ("gammu-smsd", "--version", r"version ([\d.]+)"),
}
ANSWER_WITHIN_S = 20.0


def machine() -> dict[str, str]:
    """Processor, memory, system; and how busy it was before we began."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="(.+)"$', _read("/etc/os-release"), re.MULTILINE)
    return {
        "processor": cpu[1].strip() if cpu else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory[1]) / 2**20:.1f} GiB" if memory else "unknown",
        "system": system[1] if system else platform.platform(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


async def versions(hospital: Hospital) -> dict[str, str]:
    """Of what was measured and of what measured it."""
    async with hospital.db.connection() as conn:
        database = str(await conn.fetchval("SHOW server_version"))
    found = {
        "hcrm": await _commit(),
        "Asterisk": asterisk.find(hospital.config.places.cache).version,
        "PostgreSQL": database,
        "Python": platform.python_version(),
    }
    for name, (program, option, pattern) in ASKED.items():
        said = await _output(str(hospital.program(program)), option)
        match = re.search(pattern, said)
        found[name] = match[1] if match else "unknown"
    return found


async def _commit() -> str:
    return (await _output("git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD")).strip() or "unknown"


async def _output(*command: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError:
        return ""
    async with asyncio.timeout(ANSWER_WITHIN_S):
        output, _ = await process.communicate()
    return output.decode("utf-8", "replace")


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
