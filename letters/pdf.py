"""The only module that knows how a font measures and how a PDF is made. Blocking: call it in a thread."""

import threading
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from fontTools.ttLib import TTCollection
from fpdf import FPDF

from letters.model import Sheet

SIMPLIFIED = "SC"  # the face of the collection whose characters are written as on the mainland
FRAME_MM = 0.3
RED = (213, 43, 30)  # PANTONE 1795
_FAMILY = "letters"


class Press:
    """One font, opened when it is first needed: half a second, and again for each PDF."""

    def __init__(self, font: Path) -> None:
        self._path = font
        self._lock = threading.Lock()

    @cached_property
    def _face(self) -> tuple[int, dict[int, float]]:
        """Which face of the collection, and how wide each of its characters is, in ems."""
        with self._lock, TTCollection(str(self._path), lazy=True) as fonts:
            number, font = next(
                (number, font) for number, font in enumerate(fonts.fonts) if SIMPLIFIED in font["name"].getDebugName(1)
            )
            units, widths = font["head"].unitsPerEm, font["hmtx"].metrics
            return number, {code: widths[glyph][0] / units for code, glyph in font.getBestCmap().items()}

    def has(self, text: str) -> bool:
        """Whether the font has every character of it."""
        return all(ord(one) in self._face[1] for one in text)

    def measure(self, text: str) -> float:
        """How wide it is, in ems."""
        widths = self._face[1]
        return sum(widths.get(ord(one), 1.0) for one in text)

    def pdf(self, sheets: Iterable[Sheet], *, title: str) -> bytes:
        """A page for each; the characters in use are in the file, so that it prints the same everywhere."""
        paper = FPDF(unit="mm")
        paper.set_title(title)
        paper.set_auto_page_break(False)
        paper.add_font(_FAMILY, fname=self._path, collection_font_number=self._face[0])
        paper.set_draw_color(*RED)
        paper.set_line_width(FRAME_MM)
        for sheet in sheets:
            self._page(paper, sheet)
        return bytes(paper.output())

    def _page(self, paper: FPDF, sheet: Sheet) -> None:
        paper.add_page(orientation="P", format=(sheet.width, sheet.height))
        for box in sheet.boxes:
            paper.rect(box.x, box.y, box.width, box.height)
        for text in sheet.texts:
            paper.set_font(_FAMILY, size=text.points)
            paper.text(text.x, text.y, text.text)
