"""The font in which letters are printed: the machine's own, else the one in the cache. Standard library only."""

from pathlib import Path

from telephony.provision import roots
from telephony.provision.errors import NotAssembledError

SERIF = "usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
_ROOTS = (roots.FONTS, roots.BROWSER)  # the tests' browser has brought it already


def find(cache: Path) -> Path:
    """Songti for Chinese, with Latin letters that go with it. Raises NotAssembledError."""
    places = (Path("/"), *(roots.place(spec, cache) for spec in _ROOTS))
    found = next((place / SERIF for place in places if (place / SERIF).is_file()), None)
    if found is None:
        raise NotAssembledError("no font for letters", mend="Run `make run` or `make test` once.")
    return found


def provide(cache: Path, report: roots.Report = lambda _: None) -> None:
    """From Debian, when the machine has none. Raises ProvisionError."""
    roots.assemble(roots.FONTS, cache, report)
