"""Workbooks of Excel and WPS, xlsx and xls, behind python-calamine. Blocking.

What a stranger's file can do to the machine is bounded before it is opened: how much it unpacks to, and how far out its
cells lie, for a sheet is held whole: some 90 bytes a cell.
"""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum
from python_calamine import SheetVisibleEnum as Visible

from crm_core.kernel.errors import InvalidInputError
from crm_core.patients.exchange.spreadsheet import Cell

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST_UNPACKED_BYTES = 2_000_000_000
LARGEST_OTHER_BYTES = 600_000_000  # of a part that is no sheet: all texts of a workbook stand in one
LARGEST_FACTOR = 300  # unpacked to packed; a workbook of one word repeated stays below 100
MOST_CELLS = 40_000_000
MOST_PARTS = 2_000
CHUNK = 1 << 22
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FAR = re.compile(rb'r="(?:[B-Z][A-Z]|A[E-Z]|[A-Z]{3})\d')  # beyond the 30th column
_ODD = re.compile(rb"r(?:\s+=|=\s|=')")  # a place written as hardly any program writes it: it may be anywhere
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
_LONGEST_PLACE = 4096  # bytes; so much is read again where two chunks meet

Merged = tuple[tuple[int, int], tuple[int, int]]


def rows(path: Path) -> Iterator[list[Cell]]:
    """The first sheet that can be seen, and those after it with the same titles. Raises InvalidInputError.

    Merged cells have their value in every place; formulas their last result.
    """
    _ensure_harmless(path)
    try:
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:  # from_path believes the name
            yield from _continued(book)
    except PasswordError:
        raise _locked() from None
    except (CalamineError, BadZipFile, OSError, ValueError, IndexError, OverflowError):
        raise InvalidInputError("not a workbook that can be read; open it and save it again", field="file") from None


def _locked() -> InvalidInputError:
    return InvalidInputError("the workbook has a password: save it without one", field="file")


def is_1904(path: Path) -> bool:
    """Whether days that are bare numbers count from 1904, as in workbooks of old Macs."""
    try:
        with ZipFile(path) as parts, parts.open("xl/workbook.xml") as part:
            return re.search(rb'date1904\s*=\s*"(1|true)"', part.read(1 << 16)) is not None
    except (BadZipFile, KeyError, OSError):
        return False


def _ensure_harmless(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(CHUNK)
    if head.startswith(OLE):
        if _ENCRYPTED in head:
            raise _locked()
        return  # an xls has at most 65,536 x 256 cells, and is not packed
    try:
        with ZipFile(path) as parts:
            infos = parts.infolist()
            _ensure_size(infos)
            for info in infos:
                _ensure_part(parts, info)
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise InvalidInputError("not a workbook that can be read; open it and save it again", field="file") from None


def _ensure_size(infos: Sequence[ZipInfo]) -> None:
    unpacked, packed = sum(one.file_size for one in infos), sum(one.compress_size for one in infos)
    if len(infos) > MOST_PARTS or unpacked > LARGEST_UNPACKED_BYTES or unpacked > max(packed, 10_000) * LARGEST_FACTOR:
        raise _too_large()


def _too_large() -> InvalidInputError:
    return InvalidInputError("the workbook is too large: save it as csv, or cut it in two", field="file")


def _ensure_part(parts: ZipFile, info: ZipInfo) -> None:
    """Read once to its end: what says less of its size than it unpacks to is found out by its checksum.

    A sheet as narrow as nearly all are may have as many rows as a sheet can; of a wider one the places are looked at.
    """
    is_sheet = info.filename.startswith("xl/worksheets/")
    if not is_sheet and info.file_size > LARGEST_OTHER_BYTES:
        raise _too_large()
    to_the_end = [_may_be_far(chunk) for chunk in _overlapping(parts, info)]
    if is_sheet and any(to_the_end):
        columns, rows = 1, 1
        for chunk in _overlapping(parts, info):
            places = set(_PLACE.findall(chunk))
            columns = max((columns, *(column_number(column) for column, _row in places)))
            rows = max((rows, *(int(row) for _column, row in places)))
        if columns * rows > MOST_CELLS:
            raise _too_large()


def _overlapping(parts: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    """The part in pieces, each with the end of the one before: no place is cut in two."""
    tail = b""
    with parts.open(info) as part:
        while chunk := part.read(CHUNK):
            if not tail and chunk.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
                raise BadZipFile("no place in it could be found")
            yield tail + chunk
            tail = chunk[-_LONGEST_PLACE:]


def _may_be_far(chunk: bytes) -> bool:
    return _FAR.search(chunk) is not None or _ODD.search(chunk) is not None


def column_number(letters: bytes) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _continued(book: CalamineWorkbook) -> Iterator[list[Cell]]:
    """An export of more than a million rows goes on on the next sheet."""
    title: list[Cell] | None = None
    for number, about in enumerate(book.sheets_metadata):
        if about.visible is not Visible.Visible or about.typ is not SheetTypeEnum.WorkSheet:
            continue
        found = _filled(book.get_sheet_by_index(number))
        first = next(found, None)
        if first is None or (title is not None and first != title):
            continue
        if title is None:
            title = first
            yield first
        yield from found


def _filled(sheet: CalamineSheet) -> Iterator[list[Cell]]:
    """From the first row on, which calamine does, and from the first column on, which it does not."""
    if sheet.start is None:
        return
    left = sheet.start[1]
    merged = sorted(sheet.merged_cell_ranges or ())
    open_ranges: list[tuple[Merged, Cell]] = []
    for number, raw in enumerate(sheet.iter_rows()):
        row: list[Cell] = [None] * left + [_cell(value) for value in raw]
        open_ranges = [one for one in open_ranges if one[0][1][0] >= number]
        while merged and merged[0][0][0] <= number:
            place = merged.pop(0)
            open_ranges.append((place, row[place[0][1]] if place[0][1] < len(row) else None))
        for (start, end), value in open_ranges:
            row[start[1] : end[1] + 1] = [value] * (min(end[1] + 1, len(row)) - start[1])
        yield row


def _cell(value: object) -> Cell:
    match value:
        case "" | None | timedelta():
            return None
        case str() | int() | float():
            return value
        case datetime() if value.time() == time():
            return value.date()
        case date():
            return value
        case _:
            return str(value)
