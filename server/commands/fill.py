"""`hcrm demo fill`: a hospital of any size to measure and to rehearse on."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from crm_core import migrations
from server import config as configuration
from server.commands import output

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
MOST = 5_000_000


def fill(
    patients: Annotated[int, typer.Option(min=1, max=MOST, help="How many people; the rest grows with them.")],
    as_json: AsJson = False,
) -> None:
    """Fill this home's demo hospital with seeded people, visits, calls and texts: never one with real patients."""
    from demo.fill.work import fill as fill_in
    from server.backup.database import reachable
    from server.secret_store import load_or_make

    with output.errors_told(), Progress(console=Console(stderr=True), transient=True) as progress:
        config = configuration.load()
        task = progress.add_task("rows", total=None)

        def say(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        with reachable(config, load_or_make(config.places.secrets)) as url:
            migrations.upgrade(url)
            made = asyncio.run(fill_in(url, patients, now=datetime.now(UTC), say=say))
    if as_json:
        output.say_json(made)
        return
    for table, count in made.items():
        output.say(f"{table:<16} {count:>12,}")
