"""`python -m tests.modem.sms_server URL DEVICE`: a worker and its jobs as a process that can be killed."""

import asyncio
import sys
from pathlib import Path

from demo.gsm.client import HandsetClient
from tests.modem.sms_worker import serve


def main() -> None:
    """Until killed."""
    url, device = sys.argv[1:]
    asyncio.run(serve(url, Path(device), HandsetClient(Path("unused"))))


if __name__ == "__main__":
    main()
