"""Which Asterisk runs here: an installed one that can do what we need, else Debian's package in the cache."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from telephony.provision import debian, roots, tools
from telephony.provision.errors import ProvisionError

OLDEST = 20
NEEDED_MODULES = (
    "res_agi",
    "res_pjsip",
    "res_pjsip_transport_websocket",
    "res_srtp",
    "app_queue",
    "app_mixmonitor",
    "app_amd",
    "app_audiosocket",
    "app_chanspy",
    "app_confbridge",
)
RUN_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Asterisk:
    """One Asterisk on disk. `argv` runs it as `[*argv, "-f", "-C", ".../asterisk.conf"]`."""

    argv: tuple[str, ...]
    version: str
    modules: Path
    data: Path  # with documentation/ and sounds/
    folders: tuple[Path, ...]  # what its user must be able to read
    env: dict[str, str] = field(default_factory=dict)

    def foreground(self, config: Path) -> list[str]:
        """The command of a long-lived process."""
        return [*self.argv, "-f", "-C", str(config)]

    def console(self, config: Path, command: str) -> list[str]:
        """The command that says one line to a running one."""
        return [*self.argv, "-C", str(config), "-rx", command]


def find(cache: Path | None = None) -> Asterisk:
    """The one to use. Raises NotAssembledError when set-up has yet to assemble it."""
    return installed() or in_root(roots.assembled(roots.ASTERISK, cache or roots.default_cache()))


def provide(cache: Path, report: roots.Report = lambda _: None) -> Asterisk:
    """As `find`, but assembles it when needed."""
    return installed() or in_root(roots.assemble(roots.ASTERISK, cache, report))


def installed() -> Asterisk | None:
    """The machine's own, when it is new enough and has the modules."""
    program = tools.installed_path("asterisk")
    if program is None:
        return None
    version = _version((program,), {})
    modules = next((path for path in _module_folders() if has_modules(path)), None)
    data = next((path for path in _data_folders() if (path / "documentation").is_dir()), None)
    if major(version) < OLDEST or modules is None or data is None:
        return None
    return Asterisk((program,), version, modules, data, ())


def in_root(root: Path) -> Asterisk:
    """Debian's package, run by the loader and the libraries it was built for. Raises ProvisionError."""
    architecture = debian.architecture()
    triplet = debian.TRIPLETS[architecture]
    loader = root / "usr/lib" / triplet / debian.LOADERS[architecture]
    argv = (str(loader), "--library-path", roots.search_path(root, architecture), str(root / "usr/sbin/asterisk"))
    env = {"OPENSSL_CONF": str(root / "etc/ssl/openssl.cnf")}
    modules = root / "usr/lib" / triplet / "asterisk/modules"
    if not has_modules(modules):
        raise ProvisionError(f"{root} has no complete Asterisk", mend=f"Remove {root} and run set-up again.")
    return Asterisk(argv, _version(argv, env), modules, root / "usr/share/asterisk", (root,), env)


def major(version: str) -> int:
    """22 of `22.10.1~dfsg`; 0 when it says nothing we understand."""
    found = re.match(r"(\d+)\.", version)
    return int(found[1]) if found else 0


def has_modules(folder: Path) -> bool:
    """Whether everything we load is there."""
    return all((folder / f"{name}.so").exists() for name in NEEDED_MODULES)


def _module_folders() -> list[Path]:
    triplets = [Path("/usr/lib") / triplet / "asterisk/modules" for triplet in debian.TRIPLETS.values()]
    return [*triplets, Path("/usr/lib/asterisk/modules"), Path("/usr/lib64/asterisk/modules")]


def _data_folders() -> list[Path]:
    return [Path("/usr/share/asterisk"), Path("/var/lib/asterisk")]


def _version(argv: Sequence[str], env: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            [*argv, "-V"],
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
            env={**os.environ, **env},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisionError(
            f"Asterisk does not run: {type(error).__name__}",
            mend="Remove the folder roots/ in HCRM_CACHE and try again.",
        ) from None
    if done.returncode:
        raise ProvisionError(
            f"Asterisk does not run: {done.stderr.strip()[-200:]}",
            mend="Remove the folder roots/ in HCRM_CACHE and try again.",
        )
    return done.stdout.strip().removeprefix("Asterisk ").strip()
