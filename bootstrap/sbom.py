"""`make sbom`: everything hcrm is made of, as CycloneDX 1.6. Read from the lock files alone, so two runs are equal."""

import base64
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bootstrap.python import REQUIREMENTS, entries
from bootstrap.steps import CHECKOUT
from telephony.provision import roots

Component = dict[str, Any]

HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")
NEEDED, TESTS_ONLY = "required", "excluded"  # CycloneDX's words: at run time, not there at run time


def main() -> int:
    """Writes the file that is named."""
    place = Path(sys.argv[1])
    place.parent.mkdir(parents=True, exist_ok=True)
    found = bill()
    place.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{place}: {len(found['components'])} components\n")
    return 0


def bill() -> dict[str, Any]:
    """The document. No time and no serial number: it changes when the locks change."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = {"type": "application", "name": project["name"], "version": project["version"]}
    components = sorted([*python_packages(), *npm_packages(), *programs()], key=lambda one: str(one["bom-ref"]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**ours, "bom-ref": "hcrm", "licenses": [{"expression": project["license"]}]}},
        "components": components,
    }


def python_packages() -> Iterator[Component]:
    """What the lock files name. A package has a hash for each platform's wheel."""
    run = set(entries(REQUIREMENTS / "run.txt"))
    for entry in entries(REQUIREMENTS / "test.txt"):
        if pin := PIN.match(entry):
            name, version = pin.groups()
            hashes = [{"alg": "SHA-256", "content": digest} for digest in HASH.findall(entry)]
            yield _component(f"pkg:pypi/{name}", name, version, NEEDED if entry in run else TESTS_ONLY, hashes=hashes)


def npm_packages() -> Iterator[Component]:
    """What package-lock.json names; what only bundles is not there at run time."""
    locked = json.loads((CHECKOUT / "package-lock.json").read_text("utf-8"))["packages"]
    for path, package in locked.items():
        name = path.rpartition("node_modules/")[2]
        if name:
            scope = TESTS_ONLY if package.get("dev") else NEEDED
            yield _component(
                f"pkg:npm/{quote(name, safe='/')}",
                name,
                package["version"],
                scope,
                hashes=[{"alg": "SHA-512", "content": _hex(package["integrity"])}],
                licenses=[{"license": {"name": package["license"]}}] if "license" in package else [],
            )


def programs() -> Iterator[Component]:
    """Debian's, of the suite that set-up finds: their version is the machine's."""
    for spec, scope in ((roots.ASTERISK, NEEDED), (roots.SPEECH, NEEDED), (roots.PHONES, TESTS_ONLY)):
        for name in spec.packages:
            yield _component(f"pkg:deb/debian/{name}", name, "", scope)


def _component(purl: str, name: str, version: str, scope: str, **more: list[dict[str, Any]]) -> Component:
    reference = f"{purl}@{version}" if version else purl
    found: Component = {"type": "library", "bom-ref": reference, "name": name, "purl": reference, "scope": scope}
    return found | ({"version": version} if version else {}) | {key: value for key, value in more.items() if value}


def _hex(integrity: str) -> str:
    """npm writes base64."""
    return base64.b64decode(integrity.removeprefix("sha512-")).hex()


if __name__ == "__main__":
    sys.exit(main())
