"""`python -m demo.gsm --link PATH --control SOCKET`: the simulated GSM network as a process of its own."""

import argparse
import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

from demo.gsm.client import HandsetClient, NetworkUnavailableError
from demo.gsm.commands import COMMANDS
from demo.gsm.control import LONGEST_LINE_BYTES, serve_client
from demo.gsm.journal import Journal
from demo.gsm.modem import Card, Modem
from demo.gsm.network import Network
from demo.gsm.shell import Shell
from demo.gsm.timing import Timing


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line; exits with a usage message when it is wrong."""
    usual = Timing()
    about = "A GSM modem with a network behind it, on a pty."
    parser = argparse.ArgumentParser(prog="python -m demo.gsm", description=about)
    add = parser.add_argument
    add("--link", type=Path, required=True, help="symbolic link to make: the modem's device")
    add("--control", type=Path, required=True, help="Unix socket for handsets and faults")
    add("--storage", type=Path, help="folder that keeps inboxes and the SIM over a restart")
    add("--number", default=Card().msisdn, help="the hospital's own number (%(default)s)")
    add("--baud", type=int, default=usual.baud, help="speed of the serial line (%(default)s)")
    add("--air", type=float, default=usual.air_s, help="seconds on the air per segment (%(default)s)")
    add("--mobile", type=float, default=usual.mobile_s, help="seconds between inbound segments (%(default)s)")
    add("--delivery", type=float, default=usual.delivery_s, help="seconds to a telephone (%(default)s)")
    add("--report", type=float, default=usual.report_s, help="seconds for a delivery report (%(default)s)")
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT; leaves no link and no socket."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await _refuse_second(options.control)
    timing = Timing(options.baud, options.air, options.mobile, options.delivery, options.report)
    network = Network(timing, Modem(COMMANDS, Card(msisdn=options.number)))
    shell = Shell(network, link=options.link, journal=Journal(options.storage))
    shell.start()
    try:
        server = await asyncio.start_unix_server(
            partial(serve_client, shell), options.control, limit=LONGEST_LINE_BYTES
        )
        options.control.chmod(0o600)
        rate = timing.segments_per_min()
        print(f"gsm ready: {options.link} control {options.control} allows {rate:.0f} segments/min", flush=True)  # noqa: T201
        await stopped.wait()
        server.close()
    finally:
        shell.close()
        options.control.unlink(missing_ok=True)


async def _refuse_second(control: Path) -> None:
    try:
        await HandsetClient(control).status()
    except NetworkUnavailableError:
        _make_room(control)
    else:
        sys.exit(f"a simulated GSM network already runs at {control}")


def _make_room(control: Path) -> None:
    control.parent.mkdir(parents=True, exist_ok=True)
    control.unlink(missing_ok=True)  # left behind by a kill


def main() -> None:
    """Entry point."""
    asyncio.run(run(parse(sys.argv[1:])))


if __name__ == "__main__":
    main()
