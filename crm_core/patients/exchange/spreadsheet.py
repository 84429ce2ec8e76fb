"""csv and xlsx behind two functions. Blocking: call them in a thread."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from zipfile import BadZipFile

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from crm_core.kernel.errors import InvalidInputError

LARGEST_FILE_BYTES = 100_000_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"  # what spreadsheet programs put before a text that would else be a formula

Cell = str | int | float | bool | date | None


def read(path: Path) -> list[list[Cell]]:
    """Rows of the first sheet. csv may be UTF-8 or GB 18030, with comma, semicolon or tab. Raises InvalidInputError."""
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise InvalidInputError("the file must end in .csv or .xlsx", field="file")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InvalidInputError(f"cannot read the file: {error.strerror}", field="file") from None
    if size > LARGEST_FILE_BYTES:
        raise InvalidInputError("the file is larger than 100 MB", field="file")
    return _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)


def _read_xlsx(path: Path) -> list[list[Cell]]:
    try:
        with CalamineWorkbook.from_path(path) as book:
            rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, BadZipFile, OSError, ValueError, IndexError):
        raise InvalidInputError("not an xlsx file that can be read", field="file") from None
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, (str, int, float, bool, date)):
        return value
    return str(value)


def _read_csv(path: Path) -> list[list[Cell]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise InvalidInputError("the file is neither UTF-8 nor GB 18030", field="file") from None
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise InvalidInputError("not a csv file that can be read", field="file") from None
    return [[_unguarded(cell) for cell in row] for row in rows]


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Every cell is a text: no number loses digits, no cell becomes a formula. Raises InvalidInputError."""
    match path.suffix.lower():
        case ".xlsx":
            _write_xlsx(path, header, rows)
        case ".csv":
            _write_csv(path, header, rows)
        case _:
            raise InvalidInputError("the file must end in .csv or .xlsx", field="file")


def _write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        sheet = book.add_worksheet()
        sheet.set_column(0, len(header) - 1, 16, text)
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, text)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark makes Excel read Chinese
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_guarded(cell) for cell in row])


def _guarded(cell: str) -> str:
    return GUARD + cell if cell.startswith((*FORMULA_STARTS, GUARD)) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(GUARD) and cell[1:].startswith((*FORMULA_STARTS, GUARD)) else cell
