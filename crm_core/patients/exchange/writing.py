"""Export the register to a file. Audited before and after, with the count."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.ids import PatientId
from crm_core.patients import store
from crm_core.patients.exchange import columns, spreadsheet
from crm_core.patients.exchange.reading import Progress
from crm_core.patients.model import Patient
from crm_core.users import rights
from crm_core.users.rights import Right

PAGE = 1000


async def export_patients(
    db: Database, actor: Actor, path: Path, *, locale: str = "zh_CN", on_progress: Progress | None = None
) -> int:
    """All patients, all cells texts; `import_patients` reads it back and finds nothing new. Returns how many.

    An audit row says that it began before anything is read, another how many it were: nobody carries data away unseen.
    Raises ForbiddenError, InvalidInputError.
    """
    rights.ensure(actor, Right.EXPORT_PATIENTS)
    chinese = locale != "en"
    total = await _begin(db, actor, path)
    output = await asyncio.to_thread(spreadsheet.Output, path, columns.titles(chinese=chinese))
    written = 0
    try:
        async for page in _pages(db):
            await asyncio.to_thread(output.add, [columns.as_row(patient, chinese=chinese) for patient in page])
            written += len(page)
            if on_progress:
                on_progress(written, total)
        await asyncio.to_thread(output.finish)
    finally:
        output.drop()
    await _note(db, actor, path, "done", written)
    return written


async def _begin(db: Database, actor: Actor, path: Path) -> int:
    async with db.connection() as conn:
        total = await store.count(conn)
    await _note(db, actor, path, "begun", total)
    return total


async def _note(db: Database, actor: Actor, path: Path, outcome: str, count: int) -> None:
    detail = {"filter": "all", "count": count, "format": path.suffix.lower()}
    async with db.transaction(actor) as tx:
        await audit.record(tx, "export patients", "patient", outcome=outcome, detail=detail)


async def _pages(db: Database) -> AsyncIterator[list[Patient]]:
    """By id, each page in a transaction of its own: an export of minutes holds nothing back."""
    after: PatientId | None = None
    while True:
        async with db.connection() as conn:
            page = await store.page(conn, limit=PAGE, after=after)
        if not page:
            return
        yield page
        after = page[-1].id
