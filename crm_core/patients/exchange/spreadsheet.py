"""csv and xlsx to be written, behind one class. Blocking: call it in a thread."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from crm_core.kernel.cells import guarded
from crm_core.kernel.errors import InvalidInputError

LARGEST_FILE_BYTES = 100_000_000
ROWS_A_SHEET = 1_048_575  # and the titles

Cell = str | int | float | bool | date | None


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
