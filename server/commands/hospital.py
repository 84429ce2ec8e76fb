"""`hcrm demo`, `up`, `serve` and `migrate`: starting things."""

import asyncio
import dataclasses
import os
from typing import Annotated

import typer

from crm_core.kernel import log
from server import config as configuration
from server.commands import output
from server.commands.fill import fill
from server.commands.speak import speak
from server.config import Config
from server.shown import show, unknown_variables


def _with_log(config: Config) -> Config:
    log.configure(level=config.logs.level, show_personal=config.logs.show_personal)
    return config


def demo(context: typer.Context) -> None:
    """Start the demo hospital in the foreground: everything, with a simulated carrier and GSM network."""
    os.environ["HCRM_DEMO"] = "yes"
    if context.invoked_subcommand is None:
        _run_hospital()


def up() -> None:
    """Start everything one machine needs in the foreground: PostgreSQL, Asterisk, the server."""
    _run_hospital()


def _run_hospital() -> None:
    from server import hospital

    with output.errors_told():
        config = _with_log(configuration.load())
        quiet = dataclasses.replace(config.logs, level="WARNING")
        log.configure(level=quiet.level)
        asyncio.run(hospital.run(config, output.say))


def serve() -> None:
    """Run the server alone: web pages, API, calls, messages. PostgreSQL and Asterisk must be there."""
    from server.lifespan import serve as serve_until_told

    with output.errors_told():
        config = _with_log(configuration.load())
        asyncio.run(serve_until_told(config))


def migrate() -> None:
    """Bring the database to this release's schema."""
    from server import postgres
    from server.secret_store import load_or_make

    with output.errors_told():
        config = _with_log(configuration.load())
        postgres.migrate(config, load_or_make(config.places.secrets))
        output.say("the database has this release's schema")


def check_config(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Print every setting, where it came from and what it is for; secrets are masked."""
    with output.errors_told():
        config = configuration.load()
    lines = show(config)
    unknown = unknown_variables(os.environ)
    if as_json:
        output.say_json({"settings": [dataclasses.asdict(line) for line in lines], "unknown": unknown})
        return
    for line in lines:
        output.say(f"{line.name:<28} {line.value or '-':<34} {line.source}\n{'':<28} {line.help}")
    for name in unknown:
        output.say(f"{name}: no such setting, ignored")


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    trial = typer.Typer(invoke_without_command=True, callback=demo)
    trial.command()(fill)
    trial.command(hidden=True)(speak)
    app.add_typer(trial, name="demo")
    for function in (up, serve, migrate):
        app.command()(function)
    app.command("check-config")(check_config)
