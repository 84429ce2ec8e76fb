"""`hcrm doctor`."""

import dataclasses
from typing import Annotated

import typer

from server import config as configuration
from server.commands import output


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Check what this machine has, and say what is missing and how to mend it. Exit code 1 when something needed is."""
    from server.doctor import examine

    with output.errors_told():
        config = configuration.load()
    checks = []
    for check in examine(config):
        checks.append(check)
        if not as_json:
            sign = "ok" if check.ok else "MISSING" if check.needed else "absent"
            output.say(f"{sign:<8} {check.name:<18} {check.found}")
            if check.mend:
                output.say(f"{'':<27} -> {check.mend}")
    well = all(check.ok or not check.needed for check in checks)
    if as_json:
        output.say_json({"ok": well, "checks": [dataclasses.asdict(check) for check in checks]})
    if not well:
        raise typer.Exit(output.FAILED)


def register(app: typer.Typer) -> None:
    """Add it to the command."""
    app.command()(doctor)
