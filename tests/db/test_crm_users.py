"""Logging in, being locked out, programs' keys, desks."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import TokenId, UserId
from crm_core.users import service, store
from crm_core.users.errors import (
    AccountLockedError,
    LoginFailedError,
    LoginTakenError,
    UserNotFoundError,
    WeakPasswordError,
)
from crm_core.users.model import User
from crm_core.users.passwords import generated_password

pytestmark = pytest.mark.db

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
WORD = generated_password()
OTHER = generated_password()


async def make(db: Database, login: str = "agent1", role: Role = Role.AGENT) -> User:
    return await service.create(db, SYSTEM, login=login, name="陈静", role=role, password=WORD)


async def audits(db: Database) -> list[tuple[str, str, str]]:
    async with db.connection() as conn:
        rows = await conn.fetch("SELECT actor, action, outcome FROM audit ORDER BY id")
    return [(row["actor"], row["action"], row["outcome"]) for row in rows]


async def test_a_person_logs_in_works_and_logs_out(database: Database) -> None:
    user = await make(database)
    token = await service.authenticate(database, " Agent1 ", WORD)
    async with database.connection() as conn:
        login = await service.session(conn, token, database.clock())
        stored = await conn.fetchrow("SELECT token_hash, csrf_token FROM user_session")
        password_hash = await conn.fetchval("SELECT password_hash FROM app_user")
    assert login is not None
    assert (login.user_id, login.role, login.actor) == (user.id, Role.AGENT, user.actor)
    assert stored is not None
    assert token.encode() not in stored["token_hash"]
    assert login.csrf_token == stored["csrf_token"]
    assert password_hash.startswith("$argon2id$")
    assert login.csrf_token not in repr(login)
    await service.end_session(database, token)
    await service.end_session(database, token)
    async with database.connection() as conn:
        assert await service.session(conn, token, database.clock()) is None
    assert [action for _, action, _ in await audits(database)] == ["create user", "log in", "log out"]


async def test_a_session_ends_after_a_shift_or_two_quiet_hours(database: Database) -> None:
    await make(database)
    database.clock = lambda: NOON
    token = await service.authenticate(database, "agent1", WORD)

    async def at(hours: float) -> bool:
        async with database.connection() as conn:
            return await service.session(conn, token, NOON + timedelta(hours=hours)) is not None

    assert [await at(hours) for hours in (1.9, 3.8, 5.7, 7.6, 9.5, 11.4, 12.1)] == [True] * 6 + [False]
    assert not await at(13.5)
    token = await service.authenticate(database, "agent1", WORD)
    assert not await at(2.1)


async def test_wrong_passwords_close_the_account_for_a_while(database: Database) -> None:
    await make(database)
    now = NOON
    database.clock = lambda: now
    for _ in range(5):
        with pytest.raises(LoginFailedError):
            await service.authenticate(database, "agent1", "wrong")
    with pytest.raises(AccountLockedError):
        await service.authenticate(database, "agent1", WORD)
    now = NOON + timedelta(minutes=15)
    assert await service.authenticate(database, "agent1", WORD)
    with pytest.raises(LoginFailedError):  # counted from the beginning again
        await service.authenticate(database, "agent1", "wrong")
    assert await service.authenticate(database, "agent1", WORD)
    outcomes = [outcome for _, action, outcome in await audits(database) if action == "log in"]
    assert outcomes == ["refused"] * 5 + ["locked", "done", "refused", "done"]


async def test_an_unknown_login_is_refused_like_a_wrong_password(database: Database) -> None:
    with pytest.raises(LoginFailedError):
        await service.authenticate(database, "nobody", WORD)
    assert await audits(database) == [("anonymous", "log in", "refused")]


async def test_a_closed_account_is_logged_out_at_once_and_stays_out(database: Database) -> None:
    user = await make(database)
    await service.assign_desk(database, user.id)
    token = await service.authenticate(database, "agent1", WORD)
    await service.set_active(database, SYSTEM, user.id, False)
    async with database.connection() as conn:
        assert await service.session(conn, token, database.clock()) is None
        assert await store.user_at_desk(conn, "desk-01") is None
    with pytest.raises(LoginFailedError):
        await service.authenticate(database, "agent1", WORD)
    await service.set_active(database, SYSTEM, user.id, True)
    assert await service.authenticate(database, "agent1", WORD)


async def test_a_new_password_opens_the_account_and_ends_old_sessions(database: Database) -> None:
    user = await make(database)
    token = await service.authenticate(database, "agent1", WORD)
    for _ in range(5):
        with pytest.raises(LoginFailedError):
            await service.authenticate(database, "agent1", "wrong")
    with pytest.raises(WeakPasswordError):
        await service.change_password(database, SYSTEM, user.id, "short")
    await service.change_password(database, SYSTEM, user.id, OTHER)
    async with database.connection() as conn:
        assert await service.session(conn, token, database.clock()) is None
    assert await service.authenticate(database, "agent1", OTHER)
    with pytest.raises(UserNotFoundError):
        await service.change_password(database, SYSTEM, UserId(10**9), OTHER)


async def test_logins_are_unique_and_roles_known(database: Database) -> None:
    await make(database)
    with pytest.raises(LoginTakenError):
        await make(database)
    with pytest.raises(InvalidInputError):
        await service.create(database, SYSTEM, login="boss", name="x", role="emperor", password=WORD)


async def test_a_programs_key_works_until_it_is_revoked_and_is_not_stored(database: Database) -> None:
    token = await service.create_token(database, SYSTEM, "HIS", "api")
    async with database.connection() as conn:
        actor = await service.actor_of_token(conn, token, NOON)
        assert await service.actor_of_token(conn, token + "x", NOON) is None
        kept = await store.tokens(conn)
        stored = await conn.fetchval("SELECT token_hash FROM api_token")
    assert actor == Actor(ActorKind.TOKEN, f"token:{kept[0].id}", Role.API)
    assert (kept[0].name, kept[0].last_used_at) == ("HIS", NOON)
    assert token.encode() not in stored
    for _ in range(2):
        await service.revoke_token(database, SYSTEM, TokenId(kept[0].id))
    async with database.connection() as conn:
        assert await service.actor_of_token(conn, token, NOON) is None
    assert [action for _, action, _ in await audits(database)] == ["create token", "revoke token"]


async def test_the_first_start_makes_one_account_per_role_with_passwords_nobody_knows(database: Database) -> None:
    made, other = await asyncio.gather(service.ensure_first_users(database), service.ensure_first_users(database))
    first = dict(made or other)
    assert not (made and other)
    assert set(first) == {"admin", "supervisor", "agent1", "agent2", "nurse", "marketer", "auditor"}
    assert len(set(first.values())) == 7
    assert await service.authenticate(database, "agent2", first["agent2"])
    assert await service.ensure_first_users(database) == []
    async with database.connection() as conn:
        desks = {user.login: user.desk for user in await store.users(conn)}
    assert desks["agent1"] == "desk-01"
    assert [login for login, desk in desks.items() if desk is None] == ["admin", "auditor", "marketer"]


async def test_desks_are_handed_out_once_even_at_the_same_moment(database: Database) -> None:
    people = [(await make(database, f"agent{n}")).id for n in range(8)]
    given = await asyncio.gather(*(service.assign_desk(database, person) for person in people))
    assert sorted(given) == [f"desk-0{n}" for n in range(1, 9)]
    assert await service.assign_desk(database, people[3]) == given[3]
