"""`hcrm patients import` and `export`: the register from and to a spreadsheet."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from crm_core.patients.exchange.reading import ImportReport, ImportStoppedError, import_patients
from crm_core.patients.exchange.reading import Progress as OnProgress
from crm_core.patients.exchange.writing import export_patients
from server.commands import output
from server.commands.session import COMMAND_LINE, database

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
SHOWN_REJECTED = 50


def import_file(
    file: Annotated[Path, typer.Argument(help=".xlsx, .xls or .csv with a row of titles.")], as_json: AsJson = False
) -> None:
    """Bring patients along. Rows that cannot be read are listed with the reason; running it again changes nothing."""
    with output.errors_told(), _progress() as progress:
        task = progress.add_task("patients", total=None)
        try:
            report = asyncio.run(_import(file, lambda done, total: progress.update(task, completed=done, total=total)))
        except ImportStoppedError as stopped:
            _say(stopped.report, as_json=as_json)
            raise
    _say(report, as_json=as_json)
    if report.rejected:
        raise typer.Exit(output.FAILED)


def _say(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        output.say_json(dataclasses.asdict(report))
    else:
        _tell(report)


def _progress() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


async def _import(file: Path, on_progress: OnProgress) -> ImportReport:
    async with database() as db:
        return await import_patients(db, COMMAND_LINE, file, on_progress=on_progress)


def _tell(report: ImportReport) -> None:
    output.say("  ".join(f"{name} {count}" for name, count in report.counts().items()))
    if report.ignored_columns:
        output.say(f"columns nobody knows: {', '.join(report.ignored_columns)}")
    for rejected in report.rejected[:SHOWN_REJECTED]:
        output.say(f"row {rejected.row}: {rejected.field} {rejected.reason}")
    if len(report.rejected) > SHOWN_REJECTED:
        output.say(f"and {len(report.rejected) - SHOWN_REJECTED} more; --json lists all")


def export_file(
    file: Annotated[Path, typer.Argument(help=".xlsx or .csv to write.")],
    locale: Annotated[str, typer.Option(help="Language of the titles: zh_CN or en.")] = "zh_CN",
    as_json: AsJson = False,
) -> None:
    """Write the register to a file. Audited with the count."""
    with output.errors_told(), _progress() as progress:
        task = progress.add_task("patients", total=None)
        count = asyncio.run(
            _export(file, locale, lambda done, total: progress.update(task, completed=done, total=total))
        )
    if as_json:
        output.say_json({"exported": count, "file": str(file)})
    else:
        output.say(f"{count} patients in {file}")


async def _export(file: Path, locale: str, on_progress: OnProgress) -> int:
    async with database() as db:
        return await export_patients(db, COMMAND_LINE, file, locale=locale, on_progress=on_progress)


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    group = typer.Typer(help="The register of patients.", no_args_is_help=True)
    group.command("import")(import_file)
    group.command("export")(export_file)
    app.add_typer(group, name="patients")
