"""Which Debian packages hcrm unpacks, and where: one folder of the cache per purpose, complete or not there at all."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from telephony.provision import debian
from telephony.provision.errors import NotAssembledError, ProvisionError

LAYOUT = "1"  # raise it when roots are unpacked in another way
MANIFEST = ".hcrm-root.json"
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """`suites`: which to try in turn; empty is the machine's own. `without`: packages the machine surely has."""

    name: str
    packages: tuple[str, ...]
    suites: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    needs_mb: int

    def key(self, architecture: str, suite: str) -> str:
        """Names the folder: other packages, another folder."""
        words = json.dumps([LAYOUT, self.name, self.packages, self.without, architecture, suite])
        return f"{self.name}-{hashlib.sha256(words.encode()).hexdigest()[:12]}"


ASTERISK = Spec(
    name="asterisk",
    packages=("asterisk",),
    suites=("forky", "sid"),
    needs_mb=700,
)
# The machine's own C library runs these: they are of its own suite.
HOST_LIBRARIES = ("libc6", "libc-bin", "libcrypt1")
SPEECH = Spec(name="speech", packages=("espeak-ng",), without=HOST_LIBRARIES, needs_mb=200)
FONTS = Spec(name="fonts", packages=("fonts-noto-cjk",), needs_mb=300)
BROWSER = Spec(name="browser", packages=("chromium", "fonts-noto-cjk"), without=HOST_LIBRARIES, needs_mb=1500)
PHONES = Spec(
    name="phones",
    packages=("sip-tester", "sox", "smstools", "gammu", "gammu-smsd"),
    without=HOST_LIBRARIES,
    needs_mb=400,
)
NETWORK = Spec(name="network", packages=("iproute2",), without=HOST_LIBRARIES, needs_mb=50)


def default_cache() -> Path:
    """HCRM_CACHE, else `~/.cache/hcrm`."""
    return Path(os.environ.get("HCRM_CACHE") or "~/.cache/hcrm").expanduser().resolve()


def place(spec: Spec, cache: Path) -> Path:
    """Where the root is or would be."""
    suite = "+".join(spec.suites) or debian.os_release().get("VERSION_CODENAME", "unknown")
    return cache / "roots" / spec.key(debian.architecture(), suite)


def assembled(spec: Spec, cache: Path) -> Path:
    """The finished root; raises NotAssembledError."""
    root = place(spec, cache)
    if not (root / MANIFEST).is_file():
        raise NotAssembledError(
            f"the Debian packages for {spec.name} are not in the cache", mend="Run `make run` or `make test` once."
        )
    return root


def assemble(spec: Spec, cache: Path, report: Report = lambda _: None) -> Path:
    """The root, fetched and unpacked when it is not there yet. Safe beside other runs. Raises ProvisionError."""
    root = place(spec, cache)
    if (root / MANIFEST).is_file():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / f"{spec.name}.lock", report):
        if not (root / MANIFEST).is_file():
            _require_space(cache, spec)
            _fetch(spec, cache, root, report)
    return root


def _require_space(cache: Path, spec: Spec) -> None:
    free_mb = shutil.disk_usage(cache).free // 2**20
    if free_mb < spec.needs_mb:
        raise ProvisionError(
            f"{spec.name} needs {spec.needs_mb} MB below {cache}, {free_mb} MB are free",
            mend="Free some disk space, or point HCRM_CACHE to a larger disk.",
        )


def _fetch(spec: Spec, cache: Path, root: Path, report: Report) -> None:
    mirror = debian.own_mirror()
    suites = spec.suites or (mirror.suite,)
    for suite in suites:
        try:
            _fetch_from(debian.Mirror(mirror.uri, suite), spec, cache, root, report)
        except ProvisionError:
            if suite == suites[-1]:
                raise
            report(f"{suite} does not offer it now")
        else:
            return


def _fetch_from(mirror: debian.Mirror, spec: Spec, cache: Path, root: Path, report: Report) -> None:
    architecture = debian.architecture()
    apt = debian.Apt(cache / "apt" / spec.key(architecture, mirror.suite), mirror, architecture)
    report(f"reading the package lists of {mirror.suite}")
    apt.prepare()
    report("downloading " + ", ".join(spec.packages))
    debs = [deb for deb in apt.download(spec.packages) if deb.name.split("_")[0] not in spec.without]
    report(f"unpacking {len(debs)} packages")
    partial = root.with_name(root.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debian.unpack(debs, partial)
    manifest = {"suite": mirror.suite, "packages": [deb.name.removesuffix(".deb") for deb in debs]}
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))
    partial.rename(root)
    shutil.rmtree(apt.state, ignore_errors=True)


@contextmanager
def locked(path: Path, report: Report = lambda _: None) -> Iterator[None]:
    """One process at a time; a second waits and says for whom. A killed holder leaves no lock behind."""
    with path.open("a+") as file:
        os.fchmod(file.fileno(), 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            report(f"waiting for another run (process {file.read().strip() or 'unknown'})")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def search_path(root: Path, architecture: str) -> str:
    """Where the root keeps its libraries, for `--library-path` or LD_LIBRARY_PATH."""
    triplet = debian.TRIPLETS[architecture]
    below = (triplet, f"{triplet}/pulseaudio", f"{triplet}/blas", f"{triplet}/lapack", f"{triplet}/nss", "")
    folders = [root / base / name for base in ("usr/lib", "lib") for name in below]
    return ":".join(str(folder) for folder in folders if folder.is_dir())


@contextmanager
def locked_now(path: Path, busy: str) -> Iterator[None]:
    """One process at a time; a second is refused. Raises ProvisionError that names the holder."""
    with path.open("a+") as file:
        os.fchmod(file.fileno(), 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ProvisionError(
                f"{busy} (process {file.read().strip() or 'unknown'})",
                mend="Stop that one first, or set HCRM_HOME and HCRM_PORT_OFFSET to run a second beside it.",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
