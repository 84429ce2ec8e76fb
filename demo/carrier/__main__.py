"""`python -m demo.carrier --folder PATH ...`: write the carrier's configuration and voices, ready to be started."""

import argparse
import sys
from pathlib import Path

from demo.carrier.provision import Carrier, provision
from telephony.provision import asterisk, tools


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line; exits with a usage message when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m demo.carrier", description="Configure the simulated carrier.")
    parser.add_argument("--folder", type=Path, required=True, help="where the carrier lives")
    parser.add_argument("--cache", type=Path, required=True, help="what set-up downloaded")
    parser.add_argument("--sip-port", type=int, required=True)
    parser.add_argument("--rtp-ports", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"))
    return parser.parse_args(arguments)


def main() -> None:
    """Entry point."""
    options = parse(sys.argv[1:])
    provision(
        Carrier(
            folder=options.folder,
            asterisk=asterisk.find(options.cache),
            espeak=tools.tool("espeak-ng", options.cache),
            sip_port=options.sip_port,
            rtp_ports=tuple(options.rtp_ports),
        )
    )


if __name__ == "__main__":
    main()
