"""`hcrm try-flow`: a story played against a flow, without a telephone."""

from pathlib import Path
from typing import Annotated

import typer

from ivr import simulator
from server.commands import output


def try_flow(
    file: Annotated[Path, typer.Argument(help="A story: what the caller does and what the call must do.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Play a story against its flow and say how it went."""
    with output.errors_told():
        report = simulator.run_file(file)
    if as_json:
        output.say_json({"about": report.about, "path": report.path, "problems": report.problems})
    else:
        for line in (*report.lines, *report.problems):
            output.say(line)
    if not report.went_well:
        raise typer.Exit(output.FAILED)


def register(app: typer.Typer) -> None:
    """Add it to the command."""
    app.command("try-flow")(try_flow)
