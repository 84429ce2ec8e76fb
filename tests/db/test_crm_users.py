"""Accounts, desks, programs' keys."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from crm_core.kernel.actor import ANONYMOUS, SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.kernel.ids import TokenId, UserId
from crm_core.users import logins, rules, service, sessions, store, tokens
from crm_core.users.errors import (
    LastAdminError,
    LoginFailedError,
    LoginTakenError,
    NoDeskLeftError,
    TokenNotFoundError,
    UserNotFoundError,
)
from crm_core.users.model import User
from crm_core.users.passwords import generated_password

pytestmark = pytest.mark.db

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
WORD = generated_password()


async def make(db: Database, login: str = "agent1", role: Role = Role.AGENT, *, with_desk: bool = False) -> User:
    return await service.create(db, SYSTEM, login=login, name="陈静", role=role, password=WORD, with_desk=with_desk)


async def actions(db: Database) -> list[str]:
    async with db.connection() as conn:
        return [row["action"] for row in await conn.fetch("SELECT action FROM audit ORDER BY id")]


async def fill_desks(db: Database) -> None:
    async with db.connection() as conn:
        await conn.executemany(
            "INSERT INTO app_user (login, name, role, password_hash, desk) VALUES ($1, $1, 'agent', 'x', $1)",
            [(desk,) for desk in rules.DESKS],
        )


async def test_a_closed_account_is_logged_out_at_once_and_stays_out(database: Database) -> None:
    user = await make(database, with_desk=True)
    entrance = await logins.authenticate(database, "agent1", WORD)
    await service.set_active(database, SYSTEM, user.id, False)
    assert await sessions.of_browser(database, entrance.token) is None
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM app_user WHERE desk = 'desk-01'") == 0
    with pytest.raises(LoginFailedError):
        await logins.authenticate(database, "agent1", WORD)
    await service.set_active(database, SYSTEM, user.id, True)
    assert (await logins.authenticate(database, "agent1", WORD)).token


async def test_an_account_opened_again_has_its_desk_or_another_or_none(database: Database) -> None:
    one, two = await make(database, "one", with_desk=True), await make(database, "two", with_desk=True)

    async def closed_and_opened(user: User, *, taken_by: User | None = None) -> str | None:
        await service.set_active(database, SYSTEM, user.id, False)
        if taken_by is not None:
            await service.assign_desk(database, taken_by.id)
        return (await service.set_active(database, SYSTEM, user.id, True)).desk

    assert await closed_and_opened(two) == "desk-02"
    assert await closed_and_opened(one, taken_by=await make(database, "three")) == "desk-03"
    await service.set_active(database, SYSTEM, one.id, False)
    async with database.connection() as conn:
        await conn.execute("UPDATE app_user SET desk = NULL")
    await fill_desks(database)
    assert (await service.set_active(database, SYSTEM, one.id, True)).desk is None


async def test_with_all_desks_taken_an_account_with_a_desk_is_not_made_at_all(database: Database) -> None:
    await fill_desks(database)
    with pytest.raises(NoDeskLeftError):
        await make(database, with_desk=True)
    async with database.connection() as conn:
        assert await store.id_of(conn, "agent1") is None
    assert await actions(database) == []


async def test_the_last_administrator_is_neither_closed_nor_demoted(database: Database) -> None:
    admin = await make(database, "admin", Role.ADMIN)
    for change in (
        service.set_active(database, admin.actor, admin.id, False),
        service.change_role(database, admin.actor, admin.id, name="x", role="agent"),
    ):
        with pytest.raises(LastAdminError):
            await change
    assert (await service.get(database, SYSTEM, admin.id)) == admin
    other = await make(database, "other", Role.ADMIN)
    results = await asyncio.gather(  # each takes the other away, at the same moment
        service.set_active(database, admin.actor, other.id, False),
        service.set_active(database, other.actor, admin.id, False),
        return_exceptions=True,
    )
    assert [type(one) for one in results if isinstance(one, BaseException)] == [LastAdminError]


async def test_another_role_logs_out_and_one_without_calls_gives_the_desk_back(database: Database) -> None:
    user = await make(database, with_desk=True)
    entrance = await logins.authenticate(database, "agent1", WORD)
    renamed = await service.change_role(database, SYSTEM, user.id, name="陈小静", role="agent")
    assert (renamed.name, renamed.desk) == ("陈小静", "desk-01")
    assert await sessions.of_browser(database, entrance.token) is not None
    changed = await service.change_role(database, SYSTEM, user.id, name="陈小静", role="auditor")
    assert (changed.role, changed.desk) == (Role.AUDITOR, None)
    assert await sessions.of_browser(database, entrance.token) is None


async def test_only_who_manages_accounts_touches_them(database: Database) -> None:
    user = await make(database)
    for actor in (user.actor, ANONYMOUS, Actor(ActorKind.TOKEN, "token:1", Role.ADMIN, scopes=frozenset({"dial"}))):
        for use in (
            service.listed(database, actor),
            service.get(database, actor, user.id),
            service.create(database, actor, login="x9", name="", role="admin", password=WORD),
            service.reset_password(database, actor, user.id),
            service.set_active(database, actor, user.id, False),
            service.change_role(database, actor, user.id, name="", role="admin"),
            service.assign_desk(database, user.id, actor),
            tokens.listed(database, actor),
            tokens.create(database, actor, "x", "api"),
            tokens.revoke(database, actor, TokenId(1)),
        ):
            with pytest.raises(ForbiddenError):
                await use


async def test_logins_are_unique_and_roles_known(database: Database) -> None:
    await make(database)
    with pytest.raises(LoginTakenError):
        await make(database)
    with pytest.raises(InvalidInputError):
        await service.create(database, SYSTEM, login="boss", name="x", role="emperor", password=WORD)
    with pytest.raises(UserNotFoundError):
        await service.reset_password(database, SYSTEM, UserId(10**9))


async def test_a_programs_key_works_until_it_is_taken_back_and_is_not_stored(database: Database) -> None:
    database.clock = lambda: NOON
    token = await tokens.create(database, SYSTEM, "HIS", "api")
    async with database.connection() as conn:
        actor = await tokens.actor_of(conn, token, NOON)
        assert await tokens.actor_of(conn, token + "x", NOON) is None
        stored = await conn.fetchval("SELECT token_hash FROM api_token")
    (kept,) = await tokens.listed(database, SYSTEM)
    assert actor == Actor(ActorKind.TOKEN, f"token:{kept.id}", Role.API)
    assert (kept.name, kept.created_by, kept.last_used_at, kept.scopes) == ("HIS", "system", NOON, None)
    assert token.encode() not in stored
    for _ in range(2):
        await tokens.revoke(database, SYSTEM, kept.id)
    async with database.connection() as conn:
        assert await tokens.actor_of(conn, token, NOON) is None
    with pytest.raises(TokenNotFoundError):
        await tokens.revoke(database, SYSTEM, TokenId(10**9))
    assert await actions(database) == ["create token", "revoke token"]


async def test_a_programs_key_ends_by_itself_and_may_have_fewer_rights(database: Database) -> None:
    database.clock = lambda: NOON
    yearly = await tokens.create(database, SYSTEM, "HIS", "api")
    brief = await tokens.create(database, SYSTEM, "kiosk", "api", scopes=["book appointments"], days=7)

    async def opens(token: str, days: float) -> bool:
        async with database.connection() as conn:
            return await tokens.actor_of(conn, token, NOON + timedelta(days=days)) is not None

    assert [await opens(yearly, days) for days in (364.9, 365)] == [True, False]
    assert [await opens(brief, days) for days in (6.9, 7)] == [True, False]
    async with database.connection() as conn:
        actor = await tokens.actor_of(conn, brief, NOON)
    assert actor is not None
    assert actor.scopes == frozenset({"book appointments"})
    for days in (0, 3651):
        with pytest.raises(InvalidInputError):
            await tokens.create(database, SYSTEM, "HIS", "api", days=days)


async def test_the_first_start_makes_one_account_per_role_with_passwords_nobody_knows(database: Database) -> None:
    made, other = await asyncio.gather(service.ensure_first_users(database), service.ensure_first_users(database))
    first = dict(made or other)
    assert not (made and other)
    assert set(first) == {"admin", "supervisor", "agent1", "agent2", "nurse", "marketer", "auditor"}
    assert len(set(first.values())) == 7
    assert (await logins.authenticate(database, "agent2", first["agent2"])).token
    assert await service.ensure_first_users(database) == []
    listed = await service.listed(database, SYSTEM)
    assert all(user.one_time_until for user in listed)
    desks = {user.login: user.desk for user in listed}
    assert desks["agent1"] == "desk-01"
    assert [login for login, desk in desks.items() if desk is None] == ["admin", "auditor", "marketer"]


async def test_the_demos_passwords_stay_as_they_were_printed(database: Database) -> None:
    await service.ensure_first_users(database, one_time=False)
    assert [user.one_time_until for user in await service.listed(database, SYSTEM)] == [None] * 7


async def test_desks_are_handed_out_once_even_at_the_same_moment(database: Database) -> None:
    people = [(await make(database, f"agent{n}")).id for n in range(8)]
    given = await asyncio.gather(*(service.assign_desk(database, person) for person in people))
    assert sorted(given) == [f"desk-0{n}" for n in range(1, 9)]
    assert await service.assign_desk(database, people[3]) == given[3]
