"""Patients' data stays out of what a browser keeps: which script writes what into its storage, and nothing else."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ASSETS = Path(__file__).parents[2] / "web" / "assets"
WRITES = re.compile(r"(localStorage|sessionStorage)\.(?:setItem\(([^,]+),|(\w+) = )")
MAY = {
    ("app.js", "sessionStorage", "SCROLLED"),  # how far each address was scrolled; an address names nobody
    ("claim.js", "sessionStorage", "HAD"),  # that this tab has the telephone
    ("drafts.js", "sessionStorage", "LEFT"),  # that something was on its way, never what
    ("phone.js", "sessionStorage", "KEPT"),  # the ids of the dialog of the call under way
}


def test_only_these_scripts_write_into_the_browsers_storage_and_none_for_longer_than_the_tab_but_devices() -> None:
    found = {
        (path.name, *(part for part in match.groups() if part))
        for path in ASSETS.glob("*.js")
        for match in WRITES.finditer(path.read_text("utf-8"))
    }
    assert {one for one in found if one[1] == "sessionStorage"} == MAY
    assert {name for name, storage, _key in found if storage == "localStorage"} <= {"sound.js", "ring.js", "board.js"}
    assert re.search(r'setItem\(LEFT, "1"\)', (ASSETS / "drafts.js").read_text("utf-8"))
