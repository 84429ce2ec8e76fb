"""Import the register from a file: rows are new, updated, unchanged or rejected. Running it again changes nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import asyncpg

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import ConflictError, DatabaseUnavailableError, HcrmError, InvalidInputError
from crm_core.kernel.ids import Msisdn
from crm_core.patients import service, store
from crm_core.patients.exchange import columns, matching, tables
from crm_core.patients.exchange.spreadsheet import Cell
from crm_core.patients.fields import IDENTIFIERS
from crm_core.patients.model import NewPatient, Patient
from crm_core.patients.rules import MOST_SHARERS, is_nobodys, phones

ROWS_AT_ONCE = 200  # in one transaction
MOST_ROWS = 1_100_000

Progress = Callable[[int, int], None]  # rows done, rows in all


@dataclass(frozen=True, slots=True)
class Rejected:
    """`row` as a spreadsheet counts, the title is row 1. `reason` is a sentence without personal data."""

    row: int
    field: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What became of each row. `shared`: rows of new people who share a telephone with somebody else."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    shared: list[int] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()

    def add(self, other: "ImportReport") -> None:
        """What became of further rows."""
        self.new += other.new
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejected += other.rejected
        self.shared += other.shared

    def counts(self) -> dict[str, int]:
        """For the audit and the last line on the screen."""
        return {
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": len(self.rejected),
            "shared": len(self.shared),
        }


class ImportStoppedError(HcrmError):
    """It could not go on; `report` tells of the rows above `before`, which stay."""

    code = "import_stopped"

    def __init__(self, report: ImportReport, *, before: int) -> None:
        super().__init__(f"stopped before row {before}: the rows above it are done; run it again, it goes on by itself")
        self.report = report
        self.before = before


async def import_patients(
    db: Database, actor: Actor, path: Path, *, on_progress: Progress | None = None
) -> ImportReport:
    """Raises InvalidInputError when the file cannot be read or has no column of names; rows are reported one by one.

    Rows are committed some hundreds at a time. Raises ImportStoppedError when it cannot go on; run it again later.
    """
    total = await asyncio.to_thread(_count, path)  # to the end of the file: what breaks there has changed nothing
    table = await asyncio.to_thread(tables.open_table, path)
    fields, done = table.fields, 0
    report = ImportReport(ignored_columns=_ignored(table))
    while batch := await asyncio.to_thread(lambda: list(islice(table.rows, ROWS_AT_ONCE))):
        try:
            report.add(await db.transact(actor, partial(_import_batch, fields=fields, batch=batch)))
        except (HcrmError, asyncpg.PostgresError) as error:
            await _note_stop(db, actor, report)
            raise ImportStoppedError(report, before=batch[0][0]) from error
        done += len(batch)
        if on_progress:
            on_progress(done, total)
    async with db.transaction(actor) as tx:
        await audit.record(tx, "import patients", "patient", detail=report.counts())
    return report


async def _note_stop(db: Database, actor: Actor, report: ImportReport) -> None:
    with suppress(DatabaseUnavailableError):  # each record's own row says who changed it, all the same
        async with db.transaction(actor) as tx:
            await audit.record(tx, "import patients", "patient", outcome="stopped", detail=report.counts())


def _count(path: Path) -> int:
    table = tables.open_table(path)
    _ensure_readable(table.fields)
    count = sum(1 for _row in table.rows)
    if count > MOST_ROWS:
        raise InvalidInputError(f"more than {MOST_ROWS} rows: cut the file in two", field="file")
    return count


def _ensure_readable(fields: Sequence[str | None]) -> None:
    if "name" not in fields:
        raise InvalidInputError("a row must have titles, one of them 姓名 or Name", field="file")
    doubled = sorted({name for name in fields if name and name != "phones" and fields.count(name) > 1})
    if doubled:
        raise InvalidInputError(f"two columns mean the same: {', '.join(doubled)}", field="file")


def _ignored(table: tables.Table) -> tuple[str, ...]:
    return tuple(one.title for one in table.guesses if one.title and not one.is_sure)


def _given(fields: Sequence[str | None], row: Sequence[Cell]) -> dict[str, str]:
    return columns.given(fields, [tables.ready(name, cell) for name, cell in zip(fields, row, strict=False)])


async def _import_batch(
    tx: Tx, *, fields: Sequence[str | None], batch: Sequence[tuple[int, Sequence[Cell]]]
) -> ImportReport:
    """Who imports the same people at the same time takes them in the same order."""
    report = ImportReport()
    keys = [key for _, row in batch for key in _keys(fields, row)]
    telling = await _telling(tx, [Msisdn(text) for kind, text in keys if kind == "msisdn"])
    await store.lock_by_keys(tx.conn, [key for key in keys if key[0] in IDENTIFIERS], sorted(telling))
    for number, row in batch:
        await _import_row(tx, report, number, fields, row)
    return report


def _keys(fields: Sequence[str | None], row: Sequence[Cell]) -> list[tuple[str, str]]:
    """What a row could be recognised by; nothing for one that will be rejected."""
    try:
        texts = _given(fields, row)
        new = columns.as_new(columns.changes_of(texts)) if texts else None
        numbers = [phone.msisdn for phone in phones(new.phones)] if new else []
    except InvalidInputError:
        return []
    identifiers = [(name, value) for name in IDENTIFIERS if (value := getattr(new, name, None))]
    return [*identifiers, *(("msisdn", number) for number in numbers)]


async def _import_row(
    tx: Tx, report: ImportReport, number: int, fields: Sequence[str | None], row: Sequence[Cell]
) -> None:
    try:
        texts = _given(fields, row)
        if not texts:
            return  # an empty line
        values = columns.changes_of(texts)
        new = columns.as_new(values)
        async with tx.conn.transaction():  # a rejected row leaves nothing behind
            await _store(tx, report, number, new, values)
    except InvalidInputError as error:
        report.rejected.append(Rejected(number, error.field, str(error)))
    except ConflictError as error:
        report.rejected.append(Rejected(number, getattr(error, "field", ""), str(error)))


async def _store(tx: Tx, report: ImportReport, number: int, new: NewPatient, values: Mapping[str, object]) -> None:
    numbers = await _telling(tx, [phone.msisdn for phone in phones(new.phones)])
    if not matching.has_key(new, numbers):
        raise InvalidInputError("neither telephone nor card or hospital number: nobody could tell who this is")
    match await _match(tx, new, numbers):
        case matching.Conflict(reason):
            raise ConflictError(reason)
        case matching.Nobody(shares_number):
            await service.register_in(tx, new)
            report.new += 1
            if shares_number:
                report.shared.append(number)
        case matching.Somebody(patient):
            said = {name: value for name, value in values.items() if not _is_known_number(patient, name, value)}
            changes = said | {"phones": (*patient.phones, *new.phones)}
            if await service.change_in(tx, patient.id, changes) == patient:
                report.unchanged += 1
            else:
                report.updated += 1


def _is_known_number(patient: Patient, name: str, value: object) -> bool:
    """An earlier stay's number in a file does not become today's."""
    return name in IDENTIFIERS and matching.has_number(patient, name, value)


async def _telling(tx: Tx, typed: Sequence[Msisdn]) -> frozenset[Msisdn]:
    """The numbers by which somebody is known: one that a crowd has is a placeholder."""
    people = await store.sharers(tx.conn, typed, most=MOST_SHARERS + 1)
    return frozenset(number for number, count in people.items() if not is_nobodys(count))


async def _match(tx: Tx, new: NewPatient, numbers: frozenset[Msisdn]) -> matching.Match:
    identifiers = [(system, value) for system in IDENTIFIERS if (value := getattr(new, system))]
    return matching.match(new, numbers, await store.find_by_keys(tx.conn, identifiers, sorted(numbers)))
