"""`hcrm backup` and `hcrm restore`."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from server import config as configuration
from server.commands import output

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept; each is a new folder in it.")],
    secrets: Annotated[bool, typer.Option(help="With the key of the recordings; else keep it elsewhere.")] = True,
    as_json: AsJson = False,
) -> None:
    """Copy database, recordings and secrets while the hospital works on."""
    from server.backup.make import make
    from server.backup.manifest import read

    with output.errors_told(), _files() as on_file:
        config = configuration.load()
        say = (lambda _line: None) if as_json else output.say
        made = make(config, folder, now=datetime.now(UTC), with_secrets=secrets, say=say, on_file=on_file)
        found = read(made)
    if as_json:
        output.say_json({"folder": made, "recordings": len(found.recordings), "missing": list(found.missing)})
        return
    output.say(f"{made}: {len(found.recordings)} recordings")
    if found.missing:
        output.say(f"{len(found.missing)} recordings are named by the database and not on the disk")
    if not secrets:
        output.say("without secrets.json nobody can hear the recordings: keep a copy of it elsewhere")


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder hcrm-... that `hcrm backup` made.")], as_json: AsJson = False
) -> None:
    """Put a backup into this home, which must be empty; then start hcrm as always."""
    from server.backup.restore import restore as put_back

    with output.errors_told(), _files() as on_file:
        say = (lambda _line: None) if as_json else output.say
        done = put_back(configuration.load(), folder, say=say, on_file=on_file)
    if as_json:
        output.say_json(dataclasses.asdict(done))
        return
    output.say(f"restored: {done.recordings} recordings, {done.missing} were missing in the backup")
    if done.unreadable:
        output.say(f"{done.unreadable} recordings do not open: secrets.json is not the one they were sealed with")


@contextmanager
def _files() -> Iterator[Callable[[int, int], None]]:
    """A bar for the recordings."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("recordings", total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    app.command()(backup)
    app.command()(restore)
