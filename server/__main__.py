"""The `hcrm` command."""

import sys

import typer

from server.commands import audit, backups, doctor, flows, handset, hospital, messages, patients, people

COMMANDS = (hospital, doctor, people, patients, messages, handset, flows, backups, audit)  # each has register(app)


def build() -> typer.Typer:
    """All commands; `--help` lists them."""
    app = typer.Typer(
        name="hcrm",
        help="Hotline, dialer, SMS and patient relations of a hospital.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module in COMMANDS:
        module.register(app)
    return app


def main() -> None:
    """Entry point."""
    sys.exit(build()(prog_name="hcrm"))


if __name__ == "__main__":
    main()
