"""`hcrm user ...` and `hcrm token ...`: who may come in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from crm_core.kernel.actor import Role
from crm_core.kernel.db import Database
from crm_core.kernel.ids import TokenId, UserId
from crm_core.users import second_factor, service, tokens
from crm_core.users.model import ApiToken, User
from crm_core.users.passwords import generated_password
from server.commands import output
from server.commands.session import COMMAND_LINE, database

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
TheLogin = Annotated[str, typer.Argument(help="The name to log in with.")]
T = TypeVar("T")


def _ask(use: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        async with database() as db:
            return await use(db)

    with output.errors_told():
        return asyncio.run(run())


def add_user(
    login: Annotated[str, typer.Argument(help="The name to log in with: lower case.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    name: Annotated[str, typer.Option(help="The name others see.")] = "",
    desk: Annotated[bool, typer.Option(help="Give them a desk to answer calls at.")] = True,
    as_json: AsJson = False,
) -> None:
    """Add a person. The first password is shown this once and must be changed at the first login."""
    password = generated_password()
    made = _ask(lambda db: _add_user(db, login, name, role, password, desk=desk and role in _AT_DESKS))
    if as_json:
        output.say_json({"login": login, "password": password, "role": role.value, "desk": made.desk})
    else:
        output.say(f"{login}  {password}" + (f"  {made.desk}" if made.desk else ""))


_AT_DESKS = frozenset({Role.AGENT, Role.NURSE, Role.SUPERVISOR})


async def _add_user(db: Database, login: str, name: str, role: Role, password: str, *, desk: bool) -> User:
    return await service.create(
        db, COMMAND_LINE, login=login, name=name, role=role, password=password, with_desk=desk, one_time=True
    )


def list_users(as_json: AsJson = False) -> None:
    """Everybody who has an account."""
    found = _ask(lambda db: service.listed(db, COMMAND_LINE))
    rows = [
        {"login": one.login, "name": one.name, "role": one.role.value, "desk": one.desk, "active": one.is_active}
        for one in found
    ]
    if as_json:
        output.say_json(rows)
        return
    for one in found:
        output.say(f"{one.login:<20} {one.role.value:<12} {one.desk or '-':<8} {'' if one.is_active else 'closed'}")


def reset_password(login: TheLogin, as_json: AsJson = False) -> None:
    """A new first password, shown this once, to be changed at the next login. They are logged out everywhere."""
    password = _ask(lambda db: _for_login(db, login, lambda who: service.reset_password(db, COMMAND_LINE, who)))
    if as_json:
        output.say_json({"login": login, "password": password})
    else:
        output.say(f"{login}  {password}")


def reset_factor(login: TheLogin) -> None:
    """Take the second factor away from somebody who lost their telephone and their recovery codes."""
    _ask(lambda db: _for_login(db, login, lambda who: second_factor.reset(db, COMMAND_LINE, who)))
    output.say(f"{login} has no second factor any more")


async def _for_login(db: Database, login: str, use: Callable[[UserId], Awaitable[T]]) -> T:
    return await use(await service.id_of(db, COMMAND_LINE, login))


def create_token(
    role: Annotated[Role, typer.Option(help="What the program may do.")],
    name: Annotated[str, typer.Option(help="What the token is for; the audit names it.")] = "command line",
    days: Annotated[int, typer.Option(help="How long it opens the door.")] = tokens.LASTS_DAYS,
    scope: Annotated[list[str] | None, typer.Option(help="Only this right of the role; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for another system. It is shown this once; only its hash is kept."""
    token = _ask(lambda db: tokens.create(db, COMMAND_LINE, name, role, scopes=scope or None, days=days))
    if as_json:
        output.say_json({"token": token, "role": role.value})
    else:
        output.say(token)


def list_tokens(as_json: AsJson = False) -> None:
    """All tokens, newest first; the tokens themselves are kept nowhere."""
    found = _ask(lambda db: tokens.listed(db, COMMAND_LINE))
    if as_json:
        output.say_json([_row(one) for one in found])
        return
    for one in found:
        ends = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}"
        used = f"used {one.last_used_at:%Y-%m-%d}" if one.last_used_at else "never used"
        output.say(f"{one.id:>4}  {one.role.value:<10} {ends:<16} {used:<16} {one.name}")


def _row(one: ApiToken) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "role": one.role.value,
        "scopes": sorted(one.scopes) if one.scopes is not None else None,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "expires_at": one.expires_at.isoformat(),
        "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }


def revoke_token(token_id: Annotated[int, typer.Argument(help="As `hcrm token list` shows it.")]) -> None:
    """Take a token back: it opens nothing any more."""
    _ask(lambda db: tokens.revoke(db, COMMAND_LINE, TokenId(token_id)))
    output.say(f"token {token_id} opens nothing any more")


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    users = typer.Typer(help="People who log in.", no_args_is_help=True)
    users.command("add")(add_user)
    users.command("list")(list_users)
    users.command("reset-password")(reset_password)
    users.command("reset-second-factor")(reset_factor)
    app.add_typer(users, name="user")
    keys = typer.Typer(help="Other systems' keys to the API.", no_args_is_help=True)
    keys.command("create")(create_token)
    keys.command("list")(list_tokens)
    keys.command("revoke")(revoke_token)
    app.add_typer(keys, name="token")
