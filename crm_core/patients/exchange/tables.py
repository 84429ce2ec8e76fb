"""A file somebody brought, as titles and numbered rows: what it is, is seen by its content, not by its name. Blocking.

HIS programs write texts with tabs, and web pages, under names that end in .xls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from crm_core.kernel.errors import InvalidInputError
from crm_core.patients.exchange import cells, csvs, headers, workbooks
from crm_core.patients.exchange.headers import SEARCHED, Guess, Memory
from crm_core.patients.exchange.spreadsheet import LARGEST_FILE_BYTES, Cell

SUFFIXES = frozenset({".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls"})
PREVIEWED = 50
NUMBERS = frozenset({"phones", "card_no", "outpatient_no", "inpatient_no", "id_no", "contact_phone", "postcode"})
DAYS = frozenset({"birth_date"})
LATER_BY = 1462  # days from the first of 1900 to the first of 1904
NOTHING: Memory = {}

Row = tuple[int, Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` can be read once: each that says something, with the number that a spreadsheet shows for it."""

    guesses: tuple[Guess, ...]
    rows: Iterator[Row] = field(repr=False)

    @property
    def fields(self) -> list[str | None]:
        """Of the columns whose meaning is sure."""
        return [one.field if one.is_sure else None for one in self.guesses]


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that cannot be taken as it is; `reason` is a sentence without what stands in it."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows, and what would be asked before the rest is read."""

    guesses: tuple[Guess, ...]
    rows: Sequence[tuple[int, Mapping[str, str]]] = field(repr=False)
    problems: Sequence[Problem]


def open_table(path: Path, memory: Memory = NOTHING) -> Table:
    """Raises InvalidInputError, also later, while its rows are read."""
    found, from_1904 = _rows(path)
    top = list(islice(found, SEARCHED))
    header = headers.find(top, memory)
    if header is None:
        raise InvalidInputError("no row of titles was found, one of them 姓名 or Name", field="file")
    numbered = enumerate(chain(top, found), start=1)
    rows = _telling(islice(numbered, header.height, None))
    return Table(header.guesses, _since_1900(rows, header.guesses) if from_1904 else rows)


def _rows(path: Path) -> tuple[Iterator[Sequence[Cell]], bool]:
    head = _head(path)
    if head.startswith((workbooks.ZIP, workbooks.OLE)):
        return workbooks.rows(path), workbooks.is_1904(path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise InvalidInputError("a web page that is called a workbook: open it and save it as .xlsx", field="file")
    return csvs.rows(path), False


def _head(path: Path) -> bytes:
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidInputError("the file must end in .csv, .xlsx or .xls", field="file")
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InvalidInputError("the file is larger than 100 MB", field="file")
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise InvalidInputError(f"cannot read the file: {error.strerror}", field="file") from None


def _telling(rows: Iterator[Row]) -> Iterator[Row]:
    """Without those in which nothing stands, wherever they are."""
    return ((number, row) for number, row in rows if any(cell not in (None, "") for cell in row))


def _since_1900(rows: Iterator[Row], guesses: Sequence[Guess]) -> Iterator[Row]:
    """Days that are bare numbers, as all other workbooks count them."""
    days = [column for column, one in enumerate(guesses) if one.field in DAYS]
    for number, row in rows:
        moved = list(row)
        for column in days:
            cell = moved[column] if column < len(moved) else None
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                moved[column] = cell + LATER_BY
        yield number, moved


def ready(field_name: str | None, cell: Cell) -> Cell:
    """A cell as its field wants it. Raises InvalidInputError naming the field."""
    try:
        if field_name in DAYS:
            return cells.day(cell)
        return cells.digits(cell) if field_name in NUMBERS else cells.text(cell)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field=field_name or "") from None


def preview(table: Table) -> Preview:
    """Its first rows; the table is used up by it."""
    shown: list[tuple[int, Mapping[str, str]]] = []
    problems: list[Problem] = []
    for number, row in islice(table.rows, PREVIEWED):
        said: dict[str, str] = {}
        for one, cell in zip(table.guesses, row, strict=False):
            try:
                text = cells.text(ready(one.field, cell)) if one.field else ""
            except InvalidInputError as error:
                problems.append(Problem(number, error.field, str(error)))
                continue
            if one.field and text:
                said[one.field] = f"{said[one.field]};{text}" if one.field in said else text
        shown.append((number, said))
    return Preview(table.guesses, shown, problems)
