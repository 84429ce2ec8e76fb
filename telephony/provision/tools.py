"""Programs of Debian that hcrm or its tests call: an installed one, else the one in the cache."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from telephony.provision import debian, roots
from telephony.provision.errors import ProvisionError


@dataclass(frozen=True, slots=True)
class Tool:
    """Run `[*argv, ...]` with `environment()`."""

    argv: tuple[str, ...]
    env: dict[str, str]  # beyond what this process has

    def environment(self) -> dict[str, str]:
        """This process's environment and the tool's own."""
        return {**os.environ, **self.env}


@dataclass(frozen=True, slots=True)
class _Known:
    spec: roots.Spec
    path: str  # in the root


KNOWN = {
    "espeak-ng": _Known(roots.SPEECH, "usr/bin/espeak-ng"),
    "chromium": _Known(roots.BROWSER, "usr/lib/chromium/chromium"),
    "sipp": _Known(roots.PHONES, "usr/bin/sipp"),
    "sox": _Known(roots.PHONES, "usr/bin/sox"),
    "smsd": _Known(roots.PHONES, "usr/sbin/smsd"),
    "gammu-smsd": _Known(roots.PHONES, "usr/bin/gammu-smsd"),
}
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{root}/var/cache/fontconfig</cachedir>
  <include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
"""


def tool(name: str, cache: Path | None = None) -> Tool:
    """How to run the program. Raises NotAssembledError when it is neither installed nor in the cache."""
    installed = installed_path(name)
    if installed:
        return Tool((installed,), {})
    known = KNOWN[name]
    root = roots.assembled(known.spec, cache or roots.default_cache())
    if not (root / known.path).exists():
        raise ProvisionError(f"{name} is missing in {root}", mend=f"Remove {root} and run set-up again.")
    return Tool((str(root / known.path),), _environment(root))


def installed_path(name: str) -> str | None:
    """Where the machine itself has the program."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":" + SYSTEM_FOLDERS)


def missing(*names: str) -> list[roots.Spec]:
    """Roots that set-up must assemble before these programs can be called."""
    specs = {KNOWN[name].spec.name: KNOWN[name].spec for name in names if not installed_path(name)}
    return list(specs.values())


def _environment(root: Path) -> dict[str, str]:
    architecture = debian.architecture()
    triplet = debian.TRIPLETS[architecture]
    env = {"LD_LIBRARY_PATH": roots.search_path(root, architecture)}
    if (root / "usr/lib" / triplet / "espeak-ng-data").is_dir():
        env["ESPEAK_DATA_PATH"] = str(root / "usr/lib" / triplet)
    fonts = root / "hcrm-fonts.conf"
    if fonts.exists():
        env["FONTCONFIG_FILE"] = str(fonts)
    return env


def write_font_list(root: Path) -> None:
    """Fonts of the root beside the machine's own; called once after the root is assembled."""
    if (root / "usr/share/fonts").is_dir() and not (root / "hcrm-fonts.conf").exists():
        (root / "hcrm-fonts.conf").write_text(FONTS.format(root=root))
