"""`hcrm sms send`."""

import asyncio
from typing import Annotated

import typer

from crm_core.kernel.ids import SmsId
from crm_core.kernel.msisdn import parse_msisdn
from server import config as configuration
from server.commands import output
from server.commands.session import COMMAND_LINE, database
from sms import service
from sms.model import Purpose


def send(
    to: Annotated[str, typer.Argument(help="The number: 13800138000, +8613800138000.")],
    text: Annotated[str, typer.Argument(help="Any length; long texts go in several segments.")],
    purpose: Annotated[Purpose, typer.Option(help="Decides which consent and hours are asked.")] = Purpose.CARE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Queue a message. Consent and quiet hours are asked now, and again where it leaves."""
    with output.errors_told():
        sms_id = asyncio.run(_send(to, text, purpose))
    if as_json:
        output.say_json({"id": sms_id})
    else:
        output.say(f"queued as message {sms_id}")


async def _send(to: str, text: str, purpose: Purpose) -> SmsId:
    async with database() as db:
        return await service.queue(
            db,
            COMMAND_LINE,
            to=parse_msisdn(to),
            text=text,
            purpose=purpose,
            zone=configuration.load().hospital.timezone,
        )


def register(app: typer.Typer) -> None:
    """Add it to the command."""
    group = typer.Typer(help="Messages.", no_args_is_help=True)
    group.callback()(_group)
    group.command("send")(send)
    app.add_typer(group, name="sms")


def _group() -> None:
    """A callback keeps `send` a word of its own."""
