"""`make test`: one PostgreSQL with one migrated database for the whole run, then pytest with as many workers as pay."""

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from server import launch, postgres
from telephony.provision.errors import ProvisionError
from tests import databases, ports, spread

KEPT = ("HCRM_CACHE", "HCRM_TEST_POSTGRES_URL", "HCRM_TEST_ASTERISK_ROOT")


def main() -> int:
    """pytest's exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HCRM_") or name in KEPT}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # every process that a test starts would compile hcrm anew
    if "HCRM_TEST_POSTGRES_URL" in environment:
        return run_pytest(environment)
    with (
        tempfile.TemporaryDirectory(prefix="hcrm-test-", ignore_cleanup_errors=True) as folder,
        ports.row(1) as port,
    ):
        place = Path(folder)
        place.chmod(0o711)
        cluster = postgres.Cluster(
            folder=place / "postgres",
            port=port,
            password=secrets.token_urlsafe(24),
            user=launch.service_user(postgres.USER),
            durable=False,
        )
        with postgres.running(cluster, place / "postgres.log") as url:
            return run_pytest({**environment, "HCRM_TEST_POSTGRES_URL": url})


def run_pytest(environment: dict[str, str]) -> int:
    """In a process of its own, so that what a test leaves behind cannot keep PostgreSQL."""
    args = sys.argv[1:]
    command = [sys.executable, "-m", "pytest", *spread.options(args, len(os.sched_getaffinity(0))), *args]
    with databases.migrated(environment["HCRM_TEST_POSTGRES_URL"]) as template:
        environment = {**environment, "HCRM_TEST_TEMPLATE": template}
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProvisionError as error:
        sys.exit(f"make test: {error}\n  {error.mend}")
    except KeyboardInterrupt:
        sys.exit(130)
