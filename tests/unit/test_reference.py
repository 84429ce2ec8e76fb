from pathlib import Path

import pytest

from server import reference

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def test_the_reference_says_what_the_code_does() -> None:
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert written == reference.pages(), "run `make docs`"
