"""Export the register to a file. Everybody's data leaves the house here: it is audited with the count."""

import asyncio
from pathlib import Path

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.ids import PatientId
from crm_core.patients import store
from crm_core.patients.exchange import columns, spreadsheet
from crm_core.patients.exchange.reading import Progress

PAGE = 1000


async def export_patients(
    db: Database, actor: Actor, path: Path, *, locale: str = "zh_CN", on_progress: Progress | None = None
) -> int:
    """All patients, all cells texts; `import_patients` reads it back and finds nothing new. Returns how many.

    The audit row is written before the file: nobody carries data away unseen. Raises InvalidInputError.
    """
    chinese = locale != "en"
    rows: list[list[str]] = []
    async with db.transaction(actor) as tx:
        total = await store.count(tx.conn)
        after: PatientId | None = None
        while found := await store.page(tx.conn, limit=PAGE, after=after):
            rows.extend(columns.as_row(patient, chinese=chinese) for patient in found)
            after = found[-1].id
            if on_progress:
                on_progress(len(rows), total)
        await audit.record(tx, "export patients", "patient", detail={"count": len(rows)})
    header = [title[0 if chinese else 1] for title in columns.TITLES.values()]
    await asyncio.to_thread(spreadsheet.write, path, header, rows)
    return len(rows)
