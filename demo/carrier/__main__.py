"""`python -m demo.carrier`: write the carrier's configuration and voices; who supervises it starts it afterwards."""

import argparse
import subprocess
import sys
from pathlib import Path

from demo.carrier.provision import Carrier, provision
from telephony.provision import asterisk, tools
from telephony.provision.errors import ProvisionError


def main(words: list[str] | None = None) -> int:
    """0 when everything is written; 1 with a sentence on stderr when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m demo.carrier", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="everything of the carrier's goes below it")
    parser.add_argument("--cache", type=Path, required=True, help="where set-up keeps Asterisk and espeak-ng")
    parser.add_argument("--sip-port", type=int, required=True, help="UDP on 127.0.0.1")
    parser.add_argument("--rtp-ports", type=int, nargs=2, required=True, metavar=("FIRST", "LAST"))
    given = parser.parse_args(words)
    try:
        provision(
            Carrier(
                folder=given.folder,
                asterisk=asterisk.find(given.cache),
                espeak=tools.tool("espeak-ng", given.cache),
                sip_port=given.sip_port,
                rtp_ports=(given.rtp_ports[0], given.rtp_ports[1]),
            )
        )
    except ProvisionError as error:
        sys.stderr.write(f"{error}. {error.mend}\n")
        return 1
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"the carrier cannot be prepared: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
