"""csv and xlsx behind one function and one class. Blocking: call them in a thread."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook
from xlsxwriter.exceptions import XlsxWriterException

from crm_core.kernel.cells import guarded, unguarded
from crm_core.kernel.errors import InvalidInputError

LARGEST_FILE_BYTES = 100_000_000
ROWS_A_SHEET = 1_048_575  # and the titles

Cell = str | int | float | bool | date | None


def read(path: Path) -> list[list[Cell]]:
    """Rows of the first sheet and of those that continue it; a csv in UTF-8 or GB 18030, with comma, semicolon or tab.

    Raises InvalidInputError.
    """
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
            rows = _continued(book)
    except (CalamineError, BadZipFile, OSError, ValueError, IndexError):
        raise InvalidInputError("not an xlsx file that can be read", field="file") from None
    return [[_cell(value) for value in row] for row in rows]


def _continued(book: CalamineWorkbook) -> list[list[Any]]:
    """The first sheet, and those after it with the same titles, which an export needs beyond a million rows."""
    rows: list[list[Any]] = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    for number in range(1, len(book.sheet_names)):
        more = book.get_sheet_by_index(number).to_python(skip_empty_area=False)
        if rows and more and more[0] == rows[0]:
            rows += more[1:]
    return rows


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
    return [[unguarded(cell) for cell in row] for row in rows]


@contextmanager
def _said() -> Iterator[None]:
    """A disk that is full, or not ours to write on, is a sentence."""
    try:
        yield
    except OSError as error:
        raise InvalidInputError(f"cannot write the file: {error.strerror}", field="file") from None
    except XlsxWriterException as error:
        raise InvalidInputError(f"cannot write the file: {type(error).__name__}", field="file") from None


class Output:
    """A file being written, a page of rows after the other, with the memory of one row.

    Every cell is a text: no number loses digits, no cell becomes a formula. What is written lies beside the file, for
    its owner's eyes only, and takes the name at the end; what is given up leaves nothing. Raises InvalidInputError.
    """

    def __init__(self, path: Path, header: Sequence[str], *, rows_a_sheet: int = ROWS_A_SHEET) -> None:
        kinds: dict[str, Callable[[], _Xlsx | _Csv]] = {
            ".xlsx": lambda: _Xlsx(self._part, header, rows_a_sheet),
            ".csv": lambda: _Csv(self._part, header),
        }
        if path.suffix.lower() not in kinds:
            raise InvalidInputError("the file must end in .csv or .xlsx", field="file")
        self._path = path
        with _said():
            self._folder = TemporaryDirectory(prefix=".hcrm-export-", dir=path.parent, ignore_cleanup_errors=True)
        self._part = Path(self._folder.name) / f"part{path.suffix.lower()}"
        self._part.touch(0o600)
        self._file = kinds[path.suffix.lower()]()

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """More rows."""
        with _said():
            for row in rows:
                self._file.add(row)

    def finish(self) -> None:
        """All is written: now the file is there. Raises InvalidInputError."""
        with _said():
            self._file.close()
            os.replace(self._part, self._path)

    def drop(self) -> None:
        """Nothing is left but what was finished."""
        with suppress(XlsxWriterException, OSError):
            self._file.abandon()
        self._folder.cleanup()


class _Xlsx:
    """As many sheets as the rows need, each with the titles."""

    def __init__(self, path: Path, header: Sequence[str], rows_a_sheet: int) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        self._text = self._book.add_format({"num_format": "@"})
        self._bold = self._book.add_format({"bold": True})
        self._header, self._most = header, rows_a_sheet
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheet, self._rows = self._book.add_worksheet(), 0
        self._sheet.set_column(0, len(self._header) - 1, 16, self._text)
        self._sheet.freeze_panes(1, 0)
        self._write(self._header, self._bold)

    def add(self, row: Sequence[str]) -> None:
        """On the next sheet when this one is full."""
        if self._rows == self._most:
            self._begin_sheet()
        self._rows += 1
        self._write(row, self._text)

    def _write(self, row: Sequence[str], look: object) -> None:
        for column, cell in enumerate(row):
            if self._sheet.write_string(self._rows, column, cell, look) != 0:
                raise InvalidInputError("a cell does not fit into the file", field="file")

    def close(self) -> None:
        """Only now is there a file."""
        self._book.close()

    def abandon(self) -> None:
        """xlsxwriter's own files lie in the folder that goes."""
        self._book.fileclosed = True
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()


class _Csv:
    """One long list."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")  # the mark makes Excel read Chinese
        self._writer = csv.writer(self._file)
        self._writer.writerow(header)

    def add(self, row: Sequence[str]) -> None:
        """One line."""
        self._writer.writerow([guarded(cell) for cell in row])

    def close(self) -> None:
        """All is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """As it is."""
        self._file.close()
