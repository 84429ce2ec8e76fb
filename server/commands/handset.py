"""`hcrm handset`: a patient's telephone in the demo. The demo is looked up when it is used, never imported by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from crm_core.kernel.errors import HcrmError
from server import config as configuration
from server.commands import output


class HandsetError(HcrmError):
    """The simulated network is away or did not understand; the text says which."""

    code = "handset"


@contextmanager
def _demo() -> Iterator[Any]:
    """demo.handset, its errors as ours."""
    if not find_spec("demo"):
        output.fail(HandsetError("this installation has no demo"))
    handset, client = import_module("demo.handset"), import_module("demo.gsm.client")
    with output.errors_told():
        try:
            yield handset
        except (client.NetworkUnavailableError, client.RefusedError, handset.BadParameterError) as error:
            raise HandsetError(str(error)) from error


def send(
    sender: Annotated[str, typer.Argument(metavar="FROM", help="The patient's number: 13800138000, +8613800138000.")],
    text: Annotated[str, typer.Argument(help="What the patient writes; any length.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Text the hospital as a patient."""
    with _demo() as handset:
        sent = handset.send(configuration.load().places.gsm_control, sender, text)
    if as_json:
        output.say_json(sent)
    else:
        output.say(f"sent, {sent['segments']} segment(s)")


def inbox(
    number: Annotated[str, typer.Argument(help="Whose telephone.")],
    wait: Annotated[float, typer.Option(help="Seconds to wait for something new, or for an answer to its text.")] = 0.0,
) -> None:
    """What this telephone received, as JSON, oldest first."""
    with _demo() as handset:
        messages = handset.inbox(configuration.load().places.gsm_control, number, wait_s=wait)
    output.say_json(messages)


def fault(
    name: Annotated[str, typer.Argument(help="Which; without it, all are listed.")] = "",
    params: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE ...")] = None,
) -> None:
    """Make something go wrong in the simulated GSM network."""
    with _demo() as handset:
        if not name:
            for known, explanation in handset.faults():
                output.say(f"{known:<20} {explanation}")
            return
        handset.fault(configuration.load().places.gsm_control, name, params or [])


def status() -> None:
    """How the simulated GSM network is, as JSON."""
    with _demo() as handset:
        output.say_json(handset.status(configuration.load().places.gsm_control))


def register(app: typer.Typer) -> None:
    """Add it to the command."""
    family = typer.Typer(
        no_args_is_help=True, help="A patient's telephone in the demo: text the hospital, read answers."
    )
    for command in (send, inbox, fault, status):
        family.command()(command)
    app.add_typer(family, name="handset")
