"""Programs of Debian that hcrm or its tests call: an installed one, else the one in the cache."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from telephony.provision import debian, roots
from telephony.provision.errors import ProvisionError

WRAPPERS = "hcrm-bin"
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


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
    "gammu": _Known(roots.PHONES, "usr/bin/gammu"),
    "gammu-smsd": _Known(roots.PHONES, "usr/bin/gammu-smsd"),
    "ip": _Known(roots.NETWORK, "bin/ip"),
}
WRAPPER = """\
#!/bin/sh
{exports}
exec "{program}" "$@"
"""
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
"""


def tool(name: str, cache: Path | None = None) -> Path:
    """What to run; one of `KNOWN`. Raises NotAssembledError when it is neither installed nor in the cache."""
    installed = installed_path(name)
    if installed:
        return Path(installed)
    root = roots.assembled(KNOWN[name].spec, cache or roots.default_cache())
    wrapper = root / WRAPPERS / name
    if not wrapper.exists():
        raise ProvisionError(f"{name} is missing in {root}", mend=f"Remove {root} and run set-up again.")
    return wrapper


def installed_path(name: str) -> str | None:
    """Where the machine itself has the program."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":" + SYSTEM_FOLDERS)


def missing(*names: str) -> list[roots.Spec]:
    """Roots that set-up must assemble before these programs can be called."""
    specs = {KNOWN[name].spec.name: KNOWN[name].spec for name in names if not installed_path(name)}
    return list(specs.values())


def assemble(spec: roots.Spec, cache: Path, report: roots.Report = lambda _: None) -> Path:
    """The root with a wrapper for each of its programs, so that one path is all a caller needs."""
    root = roots.assemble(spec, cache, report)
    exports = "\n".join(f'export {name}="{value}"' for name, value in _environment(root).items())
    (root / WRAPPERS).mkdir(exist_ok=True)
    for name, known in KNOWN.items():
        wrapper = root / WRAPPERS / name
        if known.spec == spec and not wrapper.exists():
            partial = wrapper.with_suffix(f".{os.getpid()}")
            partial.write_text(WRAPPER.format(exports=exports, program=root / known.path))
            partial.chmod(0o755)
            partial.rename(wrapper)
    return root


def _environment(root: Path) -> dict[str, str]:
    architecture = debian.architecture()
    triplet = debian.TRIPLETS[architecture]
    env = {"LD_LIBRARY_PATH": roots.search_path(root, architecture)}
    if (root / "usr/lib" / triplet / "espeak-ng-data").is_dir():
        env["ESPEAK_DATA_PATH"] = str(root / "usr/lib" / triplet)
    if (root / "usr/share/fonts").is_dir():
        fonts = root / "hcrm-fonts.conf"
        if not fonts.exists():
            fonts.write_text(FONTS.format(root=root))
        env["FONTCONFIG_FILE"] = str(fonts)
    return env
