"""`hcrm audit verify`: whether what was written down is still as it was written."""

import asyncio
import dataclasses
from typing import Annotated

import typer

from crm_core.kernel import audit_chain
from crm_core.kernel.audit_chain import Verdict
from server.commands import output
from server.commands.session import database

commands = typer.Typer(help="The audit: who saw or changed what.", no_args_is_help=True)


@commands.command()
def verify(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Compare every row of the audit with its seal; exit code 1 when one was changed, taken away or put in."""
    with output.errors_told():
        verdict = asyncio.run(_verify())
    if as_json:
        output.say_json(dataclasses.asdict(verdict) | {"is_whole": verdict.is_whole})
    else:
        for line in _lines(verdict):
            output.say(line)
    if not verdict.is_whole:
        raise typer.Exit(output.FAILED)


async def _verify() -> Verdict:
    async with database() as db:
        await audit_chain.seal(db)
        return await audit_chain.verify(db)


def _lines(verdict: Verdict) -> list[str]:
    found = [
        f"seal {one.seal} is broken: of rows {one.first_id} to {one.last_id} one was changed, taken away or put in"
        for one in verdict.breaks
    ]
    if verdict.strange:
        found.append(f"{verdict.strange} rows were put in among sealed ones")
    return [
        *(found or ["the audit is as it was written"]),
        f"{verdict.rows} rows in {verdict.seals} seals, {verdict.unsealed} not sealed yet",
        f"{verdict.missing} numbers without a row",
        f"last seal: {verdict.head}",
    ]


def register(app: typer.Typer) -> None:
    """Add it to the command."""
    app.add_typer(commands, name="audit")
