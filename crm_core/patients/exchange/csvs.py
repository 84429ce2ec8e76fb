"""Comma-separated texts from any program in China: which encoding, which delimiter, row after row. Blocking."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from crm_core.kernel.cells import GUARD, unguarded
from crm_core.kernel.errors import InvalidInputError

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 30
CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = ("utf-8", "gb18030")  # the second holds GBK and GB 2312, and takes nearly everything: it comes last


def rows(path: Path) -> Iterator[list[str]]:
    """One list a line, with the memory of one line. Raises InvalidInputError."""
    encoding = encoding_of(path)
    delimiter, skipped = _manner(path, encoding)
    with path.open(encoding=encoding, newline="") as file:
        try:
            for row in islice(csv.reader(file, delimiter=delimiter), skipped, None):
                yield [unguarded(cell) if cell[:1] == GUARD else cell for cell in row]
        except csv.Error:
            raise InvalidInputError("not a csv file that can be read", field="file") from None


def encoding_of(path: Path) -> str:
    """By its mark, else the first that fits the whole file. Raises InvalidInputError."""
    with path.open("rb") as file:
        head = file.read(4096)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "") or _wide(head)
    for name in (marked,) if marked else _UNMARKED:
        if _fits(path, name):
            return name
    raise InvalidInputError("the file is neither UTF-8, UTF-16 nor GB 18030", field="file")


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: commas, digits and line ends have a zero byte behind or before them."""
    behind, before = head[1::2].count(0), head[::2].count(0)
    if max(behind, before) * 20 < len(head):
        return ""
    return "utf-16-le" if behind > before else "utf-16-be"


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _manner(path: Path, encoding: str) -> tuple[str, int]:
    """The delimiter, and whether the first line is only there to name it (Excel's `sep=;`)."""
    with path.open(encoding=encoding, newline="") as file:
        sample = list(islice(file, SAMPLE_LINES))
    first = sample[0].strip().lower() if sample else ""
    if first.startswith("sep=") and len(first) == len("sep=,"):
        return sample[0].strip()[-1], 1
    return max(DELIMITERS, key=lambda one: _columns(sample, one)), 0


def _columns(sample: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines have the usual number of columns, when that is more than one; and how many columns."""
    try:
        widths = Counter(len(row) for row in csv.reader(sample, delimiter=delimiter))
    except csv.Error:
        return 0, 0
    wide = [(count, width) for width, count in widths.items() if width > 1]
    return max(wide, default=(0, 0))
