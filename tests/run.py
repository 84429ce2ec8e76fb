"""`make test`: one PostgreSQL for the whole run, in a folder and on a port of its own, then pytest."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from server import launch, postgres
from telephony.provision.errors import ProvisionError

KEPT = ("HCRM_CACHE", "HCRM_TEST_POSTGRES_URL", "HCRM_TEST_ASTERISK_ROOT")


def free_port() -> int:
    """A port nobody has now; the demo that may be running keeps its own."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def main() -> int:
    """pytest's exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HCRM_") or name in KEPT}
    if "HCRM_TEST_POSTGRES_URL" in environment:
        return run_pytest(environment)
    with tempfile.TemporaryDirectory(prefix="hcrm-test-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o711)
        cluster = postgres.Cluster(
            folder=place / "postgres",
            port=free_port(),
            password=secrets.token_urlsafe(24),
            user=launch.service_user(postgres.USER),
            durable=False,
        )
        with postgres.running(cluster, place / "postgres.log") as url:
            return run_pytest({**environment, "HCRM_TEST_POSTGRES_URL": url})


def run_pytest(environment: dict[str, str]) -> int:
    """In a process of its own, so that what a test leaves behind cannot keep PostgreSQL."""
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProvisionError as error:
        sys.exit(f"make test: {error}\n  {error.mend}")
    except KeyboardInterrupt:
        sys.exit(130)
