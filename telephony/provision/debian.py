"""Debian packages without installing them: an apt state of our own, in which apt verifies and resumes as ever.

Works as any user: nothing of the machine's own apt state is read but its mirror and its archive keys, nothing
is written.
"""

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telephony.provision.errors import ProvisionError

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADERS = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}
KEYRINGS = tuple(Path("/usr/share/keyrings") / f"debian-archive-keyring.{kind}" for kind in ("gpg", "pgp"))
ROLLING = ("stable", "oldstable", "testing", "unstable", "sid")
APT_TIMEOUT_S = 3600.0
OFFLINE = ("Temporary failure resolving", "Could not resolve", "Could not connect", "Connection timed out", "timed out")

CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::https::Timeout "60";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{state}";
Dir::State::lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::State::extended_states "{state}/extended_states";
Dir::Cache "{state}/cache";
Dir::Cache::archives "{state}/archives";
Dir::Log "{state}/log";
quiet "1";
"""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where this machine's own apt gets its packages, and which suite it follows."""

    uri: str
    suite: str


@functools.cache
def architecture() -> str:
    """`amd64` or `arm64`; raises ProvisionError on anything else and where there is no dpkg."""
    need("dpkg", "apt-get", "dpkg-deb")
    found = _output(["dpkg", "--print-architecture"])
    if found not in TRIPLETS:
        raise ProvisionError(
            f"this processor ({found}) is not supported", mend="Use a machine with an amd64 or arm64 Debian."
        )
    return found


def need(*programs: str) -> None:
    """Raises ProvisionError when one is not installed."""
    for program in programs:
        if not shutil.which(program):
            raise ProvisionError(
                f"{program} is not installed", mend="Run this on Debian 12 or 13, or install what it lacks yourself."
            )


def own_mirror() -> Mirror:
    """Read from apt's own configuration, never written down here."""
    listed = _output(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)"])
    mirror = choose_mirror(listed, os_release().get("VERSION_CODENAME", ""))
    if mirror is None:
        raise ProvisionError(
            "apt knows no Debian mirror with the component main",
            mend="Add one to /etc/apt/sources.list; `apt-get indextargets` must name it.",
        )
    return mirror


def choose_mirror(listed: str, codename: str) -> Mirror | None:
    """Of lines `uri suite component kind` the one with Debian's main packages; updates and other vendors are not it."""
    rows = [line.split() for line in listed.splitlines() if len(line.split()) == 4]
    mirrors = [
        Mirror(uri, suite)
        for uri, suite, component, made_by in rows
        if suite in (codename, *ROLLING) and component == "main" and made_by == "Packages" and uri.startswith("http")
    ]
    return min(mirrors, key=lambda mirror: "debian" not in mirror.uri.rstrip("/").rpartition("/")[2], default=None)


def os_release() -> dict[str, str]:
    """The words of /etc/os-release."""
    try:
        lines = Path("/etc/os-release").read_text("utf-8").splitlines()
    except OSError:
        return {}
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


@dataclass(frozen=True, slots=True)
class Apt:
    """One suite of one mirror with its state in `state`; a download that broke off goes on there."""

    state: Path
    mirror: Mirror
    architecture: str

    def prepare(self) -> None:
        """Write the configuration and fetch the signed list of packages."""
        for name in ("lists/partial", "archives/partial", "cache", "log"):
            (self.state / name).mkdir(parents=True, exist_ok=True)
        keyring = next((path for path in KEYRINGS if path.exists()), None)
        if keyring is None:
            raise ProvisionError(
                "Debian's archive keys are missing", mend="Install the package debian-archive-keyring."
            )
        (self.state / "status").touch()
        (self.state / "apt.conf").write_text(CONF.format(state=self.state, architecture=self.architecture))
        options = f"[arch={self.architecture} signed-by={keyring} target=Packages]"
        (self.state / "sources.list").write_text(f"deb {options} {self.mirror.uri} {self.mirror.suite} main\n")
        self._apt("update", "--error-on=any")

    def download(self, packages: Sequence[str]) -> list[Path]:
        """The packages and all they depend on, each verified by apt against the signed list."""
        self._apt("autoclean")  # an earlier, interrupted run may have fetched older versions
        self._apt("install", "--download-only", "--no-install-recommends", *packages)
        return sorted((self.state / "archives").glob("*.deb"))

    def download_alone(self, package: str, folder: Path) -> Path:
        """One package without what it depends on."""
        folder.mkdir(parents=True, exist_ok=True)
        self._apt("download", package, cwd=folder)
        return next(folder.glob(f"{package}_*.deb"))

    def _apt(self, *words: str, cwd: Path | None = None) -> None:
        # apt reads the machine's configuration first, then ours; --error-on came with apt 2.1
        command = ["apt-get", "-c", str(self.state / "apt.conf"), *words]
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=APT_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise _explained(done.stdout, self.mirror)


def _explained(output: str, mirror: Mirror) -> ProvisionError:
    faults = [line for line in output.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    said = "; ".join(faults[-4:]) or output[-400:]
    if any(word in output for word in OFFLINE):
        mend = "Check the network or apt's proxy settings and run it again; what was downloaded is kept."
    elif "No space left" in output:
        mend = "Free some disk space, or point HCRM_CACHE to a larger disk, and run it again."
    elif "NO_PUBKEY" in output or "not signed" in output:
        mend = "Install the current debian-archive-keyring; packages without a valid signature are never used."
    else:
        mend = f"Try `apt-get update` yourself; the mirror in use offers the suite {mirror.suite}."
    return ProvisionError(f"apt failed: {said}", mend=mend)


def unpack(debs: Sequence[Path], root: Path) -> None:
    """All packages over one another into `root`; no maintainer script runs. Raises ProvisionError."""
    root.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        done = subprocess.run(
            ["dpkg-deb", "-x", str(deb), str(root)], capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            raise ProvisionError(
                f"{deb.name} could not be unpacked: {done.stderr.strip()[-200:]}",
                mend="Look whether the disk is full; the package will be fetched again.",
            )
    _open_modes(root)


def _open_modes(root: Path) -> None:
    """Every user may read it, nobody gains rights by it."""
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.stat(path).st_mode & 0o111 else 0o644)


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout.strip()
