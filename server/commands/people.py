"""`hcrm user ...` and `hcrm token ...`: who may come in."""

import asyncio
from typing import Annotated

import typer

from crm_core.kernel.actor import Role
from crm_core.users import service
from crm_core.users.passwords import generated_password
from server.commands import output
from server.commands.session import COMMAND_LINE, database

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def add_user(
    login: Annotated[str, typer.Argument(help="The name to log in with: lower case.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    name: Annotated[str, typer.Option(help="The name others see.")] = "",
    desk: Annotated[bool, typer.Option(help="Give them a desk to answer calls at.")] = True,
    as_json: AsJson = False,
) -> None:
    """Add a person. The password is made now and shown this once."""
    password = generated_password()
    with output.errors_told():
        given = asyncio.run(_add_user(login, name, role, password, desk=desk and role in _AT_DESKS))
    if as_json:
        output.say_json({"login": login, "password": password, "role": role.value, "desk": given})
    else:
        output.say(f"{login}  {password}" + (f"  {given}" if given else ""))


_AT_DESKS = frozenset({Role.AGENT, Role.NURSE, Role.SUPERVISOR})


async def _add_user(login: str, name: str, role: Role, password: str, *, desk: bool) -> str | None:
    async with database() as db:
        user = await service.create(db, COMMAND_LINE, login=login, name=name, role=role, password=password)
        return await service.assign_desk(db, user.id) if desk else None


def create_token(
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    name: Annotated[str, typer.Option(help="What the token is for; the audit names it.")] = "command line",
    as_json: AsJson = False,
) -> None:
    """Make a token for another system. It is shown this once; only its hash is kept."""
    with output.errors_told():
        token = asyncio.run(_create_token(name, role))
    if as_json:
        output.say_json({"token": token, "role": role.value})
    else:
        output.say(token)


async def _create_token(name: str, role: Role) -> str:
    async with database() as db:
        return await service.create_token(db, COMMAND_LINE, name, role)


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    users = typer.Typer(help="People who log in.", no_args_is_help=True)
    users.command("add")(add_user)
    app.add_typer(users, name="user")
    tokens = typer.Typer(help="Other systems' keys to the API.", no_args_is_help=True)
    tokens.command("create")(create_token)
    app.add_typer(tokens, name="token")
